import { useLayoutEffect, useMemo, useRef, useSyncExternalStore } from "react";
import type { Data, Input, SubscriptionName } from "../client.js";
import {
  type ObserverHandlers,
  type SkipToken,
  SubscriptionObserver,
  type SubscriptionResult,
  skipToken,
} from "../observer.js";
import { stableKey } from "../stable-key.js";
import { useClient } from "./provider.js";

/** How to subscribe, and what to do on events. Handlers may change at each render. */
export interface UseSubscriptionOptions<T> extends ObserverHandlers<T> {
  /** Whether to subscribe. @default true */
  enabled?: boolean;
}

/**
 * Follows a subscription while the component is mounted.
 *
 * It begins anew, with no data, when the procedure, the input's value or `enabled` changes; not when
 * the input is merely another object, nor when a handler changes.
 */
export function useSubscription<Name extends SubscriptionName>(
  name: Name,
  input: Input<Name> | SkipToken,
  { enabled = true, ...handlers }: UseSubscriptionOptions<Data<Name>> = {},
): SubscriptionResult<Data<Name>> {
  const client = useClient();
  const latest = useRef<ObserverHandlers<Data<Name>>>(handlers);
  useLayoutEffect(() => {
    latest.current = handlers;
  });

  const wanted = enabled ? input : skipToken;
  const key = wanted === skipToken ? undefined : stableKey(wanted);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` stands for the input's value.
  const observer = useMemo(
    () => new SubscriptionObserver(client, name, wanted, () => latest.current),
    [client, name, key],
  );
  return useSyncExternalStore(observer.subscribe, observer.get, observer.get);
}
