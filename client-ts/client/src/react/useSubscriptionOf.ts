import { useLayoutEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { ClientError } from "../errors.js";
import {
  type ObserverHandlers,
  type SkipToken,
  SubscriptionObserver,
  type SubscriptionResult,
  skipToken,
} from "../observer.js";
import type { SubscriptionProcedure } from "../procedures.js";
import { stableKey } from "../stable-key.js";

/** How to subscribe, and what to do on events. Handlers may change at each render. */
export interface UseSubscriptionOptions<T, Failure extends ClientError = ClientError>
  extends ObserverHandlers<T, Failure> {
  /** Whether to subscribe. @default true */
  enabled?: boolean;
}

/** Follows a subscription of a client while the component is mounted; see `Hooks.useSubscription`. */
export function useSubscriptionOf<Input, T>(
  procedure: SubscriptionProcedure<Input, T>,
  input: Input | SkipToken,
  { enabled = true, ...handlers }: UseSubscriptionOptions<T> = {},
): SubscriptionResult<T> {
  const latest = useRef<ObserverHandlers<T>>(handlers);
  useLayoutEffect(() => {
    latest.current = handlers;
  });

  const wanted = enabled ? input : skipToken;
  const key = wanted === skipToken ? undefined : stableKey(wanted);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for the input's value.
  const observer = useMemo(
    () => new SubscriptionObserver(procedure, wanted, () => latest.current),
    [procedure, key],
  );
  return useSyncExternalStore(observer.subscribe, observer.get, observer.get);
}
