import type { ClientError } from "./errors.js";
import type { Gap, SubscriptionHandlers } from "./handlers.js";
import type { Subscription, SubscriptionProcedure } from "./procedures.js";
import { type Observable, Store } from "./store.js";

/** In place of an input: do not subscribe (yet). */
export const skipToken: unique symbol = Symbol("tidings.skip");
export type SkipToken = typeof skipToken;

/**
 * Whether the data seen is whole.
 *
 * - `live`: yes, up to now while `status` is `pending`, and up to the interruption while it is `connecting`.
 * - `replaying`: events that were missed in an interruption are being delivered. An interruption in
 *   which nothing was missed goes without.
 * - `gap`: events may have been missed and nobody has made up for it yet.
 */
export type Continuity = "live" | "replaying" | "gap";

/** What all states of a subscription have. */
interface ResultBase<T> {
  /** The newest payload. Kept through interruptions and errors; not through `reset`, another input, or a time unwatched. */
  data: T | undefined;
  continuity: Continuity;
  /** The replica that sent the newest event. */
  instance: string | undefined;
  /** When the newest payload arrived: milliseconds since 1970, by this device's clock. */
  receivedAt: number | undefined;
  /** `down` while the replica cannot reach its broker: then no events come, and the next `gap` is due. */
  broker: "up" | "down";
  /** Begins again from nothing. What failed is tried again; what is live is merely joined again. */
  reset(): void;
}

/** Not wanted: `enabled` is false or the input is `skipToken`. */
export interface SubscriptionIdle<T> extends ResultBase<T> {
  status: "idle";
  data: undefined;
  error: null;
}

/** Not live yet, or interrupted; `error` tells the interruption's cause. */
export interface SubscriptionConnecting<T, Failure extends ClientError = ClientError>
  extends ResultBase<T> {
  status: "connecting";
  error: Failure | null;
}

/** Live: what is published from now on arrives. */
export interface SubscriptionPending<T> extends ResultBase<T> {
  status: "pending";
  error: null;
}

/** Over, for a cause that will not pass by itself. `reset` tries again. */
export interface SubscriptionError<T, Failure extends ClientError = ClientError>
  extends ResultBase<T> {
  status: "error";
  error: Failure;
}

export type SubscriptionResult<T, Failure extends ClientError = ClientError> =
  | SubscriptionIdle<T>
  | SubscriptionConnecting<T, Failure>
  | SubscriptionPending<T>
  | SubscriptionError<T, Failure>;

/** {@link SubscriptionHandlers}, but for `onGap`. */
export interface ObserverHandlers<T, Failure extends ClientError = ClientError>
  extends Omit<SubscriptionHandlers<T, Failure>, "onGap"> {
  /**
   * Events may have been missed: fetch the snapshot again. `continuity` is `gap` until the promise that
   * this returns is fulfilled; without one, or when it is rejected, until `reset`.
   */
  onGap?(gap: Gap): unknown;
}

/**
 * One subscription as a value over time, for any framework: `useSubscription` is a thin layer over it.
 *
 * It subscribes while it is watched, and does nothing when made.
 */
export class SubscriptionObserver<Input, T, Failure extends ClientError = ClientError>
  implements Observable<SubscriptionResult<T, Failure>>
{
  readonly #procedure: SubscriptionProcedure<Input, T, Failure>;
  readonly #input: Input | SkipToken;
  readonly #handlers: () => ObserverHandlers<T, Failure>;
  readonly #initial: SubscriptionResult<T, Failure>;
  readonly #result: Store<SubscriptionResult<T, Failure>>;
  #watchers = 0;
  #subscription: Subscription | undefined;
  /** Counts gaps and ends, so that only making up for the last gap counts. */
  #gaps = 0;
  #inGap = false;
  #replaying = false;

  /**
   * @param procedure a subscription of a client, such as `client.prices.onPrice`
   * @param handlers read at each event, so that they may change without subscribing again
   */
  constructor(
    procedure: SubscriptionProcedure<Input, T, Failure>,
    input: Input | SkipToken,
    handlers: () => ObserverHandlers<T, Failure> = () => ({}),
  ) {
    this.#procedure = procedure;
    this.#input = input;
    this.#handlers = handlers;
    this.#initial = {
      status: input === skipToken ? "idle" : "connecting",
      data: undefined,
      error: null,
      continuity: "live",
      instance: undefined,
      receivedAt: undefined,
      broker: "up",
      reset: this.reset,
    };
    this.#result = new Store(this.#initial);
  }

  readonly get = (): SubscriptionResult<T, Failure> => this.#result.get();

  readonly subscribe = (watcher: () => void): (() => void) => {
    const unwatch = this.#result.subscribe(watcher);
    this.#watchers += 1;
    if (this.#watchers === 1) this.#start();
    let watching = true;
    return () => {
      if (!watching) return;
      watching = false;
      unwatch();
      this.#watchers -= 1;
      if (this.#watchers === 0) this.#stop();
    };
  };

  readonly reset = (): void => {
    this.#stop();
    this.#result.set(this.#initial);
    if (this.#watchers > 0) this.#start();
  };

  #start(): void {
    if (this.#input === skipToken) return;
    // What was seen before a time unwatched may have been overtaken in it.
    this.#result.set(this.#initial);
    this.#inGap = this.#replaying = false;
    this.#subscription = this.#procedure.subscribe(this.#input, this.#inner);
  }

  #stop(): void {
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
    this.#gaps += 1;
  }

  readonly #inner: SubscriptionHandlers<T, Failure> = {
    onStarted: (event, first) => {
      this.#update({ status: "pending", error: null, instance: event.instance, broker: "up" });
      this.#handlers().onStarted?.(event, first);
    },
    onData: (data, event) => {
      this.#update({ data, instance: event.instance, receivedAt: Date.now() });
      this.#handlers().onData?.(data, event);
    },
    onReplaying: () => {
      this.#replaying = true;
      this.#updateContinuity();
      this.#handlers().onReplaying?.();
    },
    onCaughtUp: () => {
      this.#replaying = false;
      this.#updateContinuity();
      this.#handlers().onCaughtUp?.();
    },
    onGap: (gap) => this.#onGap(gap),
    onStatus: (event) => {
      this.#update({ broker: event.broker });
      this.#handlers().onStatus?.(event);
    },
    onConnecting: (error) => {
      this.#update({ status: "connecting", error });
      this.#handlers().onConnecting?.(error);
    },
    onError: (error) => {
      this.#update({ status: "error", error });
      this.#handlers().onError?.(error);
    },
  };

  #onGap(gap: Gap): void {
    this.#gaps += 1;
    const mine = this.#gaps;
    this.#inGap = true;
    // A replay goes on behind an event that was left out.
    if (gap.reason !== "payloadRejected") this.#replaying = false;
    this.#updateContinuity();
    const madeUp = this.#handlers().onGap?.(gap);
    if (!(madeUp instanceof Promise)) return;
    madeUp.then(
      () => {
        if (this.#gaps !== mine) return;
        this.#inGap = false;
        this.#updateContinuity();
      },
      // The application knows already; the gap stays a gap.
      () => {},
    );
  }

  #updateContinuity(): void {
    const continuity = this.#inGap ? "gap" : this.#replaying ? "replaying" : "live";
    if (continuity !== this.#result.get().continuity) this.#update({ continuity });
  }

  #update(change: Partial<SubscriptionResult<T, Failure>>): void {
    this.#result.set({ ...this.#result.get(), ...change } as SubscriptionResult<T, Failure>);
  }
}
