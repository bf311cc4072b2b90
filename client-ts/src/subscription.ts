import { type Backoff, backoffDelay } from "./backoff.js";
import { type ClientError, PayloadError, RpcError } from "./errors.js";
import type {
  DataEvent,
  GapReason,
  StartedEvent,
  StatusEvent,
  StoppedEvent,
  SubscriptionEvent,
} from "./generated/contract.js";
import type { Settled } from "./requests.js";
import { guarded } from "./store.js";
import { payloadFault, type Validate } from "./validation.js";

/** Events may have been missed. */
export interface Gap {
  /** Why: the server's word, or `notResumed` when the subscription was interrupted and began anew. */
  reason: GapReason | "notResumed";
  /** The position from which the stream goes on, where known. */
  lastEventId?: string;
}

/** What a subscriber can react to. */
export interface SubscriptionHandlers<Data> {
  /**
   * The subscription is live: at first, and again after each interruption. A subscriber that joins one
   * that is live already is called at once, before `subscribe` returns. It gets no earlier data: what
   * was published before is not part of any subscription.
   */
  onStarted?(event: StartedEvent): void;
  onData?(data: Data, event: DataEvent<Data>): void;
  /** Events may have been missed; fetch the snapshot anew. The stream goes on. */
  onGap?(gap: Gap): void;
  /** The replica lost its broker, or has it back. No events come while it is down. */
  onStatus?(event: StatusEvent): void;
  /** Interrupted, and being taken up again without further ado. With the cause, unless the server asked for it. */
  onConnecting?(error: ClientError | null): void;
  /** Over for good: nothing follows, and there is nothing to unsubscribe. */
  onError?(error: ClientError): void;
}

/** What a subscription can do with one socket. */
export interface Link {
  /** Who gets the events, by subscription id. Ids mean something on one socket only. */
  readonly routes: Map<number, SharedSubscription>;
  call(method: string, params: unknown, settled: Settled): void;
}

/** What stays the same for a subscription's whole life. */
export interface SubscriptionContext {
  procedure: string;
  unsubscribe: string;
  input: unknown;
  validate: Validate | undefined;
  backoff: Backoff;
  minUptimeMs: number;
  /** The replica is leaving and asks to come back elsewhere after the delay. */
  onDraining(retryAfterMs: number): void;
  /** No handler is left, or it failed: nobody may join any more. */
  onEnd(): void;
}

/**
 * One server subscription, shared by all who asked for the same. It outlives sockets: each new one is
 * attached, and subscribed on. It ends with its last subscriber, or with an error that will not pass.
 */
export class SharedSubscription {
  readonly #context: SubscriptionContext;
  /** Wrapped: the same handlers may join twice, and each time counts on its own. */
  readonly #subscribers = new Set<{ handlers: SubscriptionHandlers<unknown> }>();
  /** The socket to subscribe on; undefined while there is none, and once the replica leaves. */
  #link: Link | undefined;
  /** Known from the answer to the subscribe call until the subscription is over. */
  #id: number | undefined;
  /** The last `started` while the subscription is live. */
  #started: StartedEvent | undefined;
  #startedAt = 0;
  /** The last word on the broker since then. */
  #status: StatusEvent | undefined;
  /** Whether it has been live before, so that to begin anew means a gap. */
  #hasBeenLive = false;
  #lastEventId: string | undefined;
  #failures = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(context: SubscriptionContext) {
    this.#context = context;
  }

  /** The newest position heard of. An event without an id leaves it as it is. */
  get lastEventId(): string | undefined {
    return this.#lastEventId;
  }

  /** Adds a subscriber, and gives the function that removes it. */
  join(handlers: SubscriptionHandlers<unknown>): () => void {
    const subscriber = { handlers };
    this.#subscribers.add(subscriber);
    const [started, status] = [this.#started, this.#status];
    if (started !== undefined) guarded(() => handlers.onStarted?.(started));
    if (status?.broker === "down") guarded(() => handlers.onStatus?.(status));
    return () => {
      if (!this.#subscribers.delete(subscriber) || this.#subscribers.size > 0) return;
      // React's StrictMode and key changes leave and join again within one turn.
      queueMicrotask(() => {
        if (this.#subscribers.size === 0) this.#end();
      });
    };
  }

  /** Subscribes on this socket, and forgets the one before. */
  attach(link: Link): void {
    this.#detachQuietly();
    this.#link = link;
    this.#subscribe();
  }

  /** The socket is gone, or another attempt to open one has failed. */
  detach(error: ClientError): void {
    this.#detachQuietly();
    this.#emit((handlers) => handlers.onConnecting?.(error));
  }

  /** Ends it with an error. */
  fail(error: ClientError): void {
    const subscribers = [...this.#subscribers];
    this.#subscribers.clear();
    this.#end();
    for (const { handlers } of subscribers) guarded(() => handlers.onError?.(error));
  }

  receive(event: SubscriptionEvent<unknown>): void {
    switch (event.type) {
      case "started":
        this.#onStarted(event);
        break;
      case "data":
        this.#onData(event);
        break;
      case "gap":
        this.#keep(event.lastEventId);
        this.#emit((handlers) => handlers.onGap?.(gapOf(event.reason, event.lastEventId)));
        break;
      case "status":
        this.#status = event;
        this.#emit((handlers) => handlers.onStatus?.(event));
        break;
      case "stopped":
        this.#onStopped(event);
        break;
    }
  }

  #subscribe(): void {
    const link = this.#link;
    const { procedure, input, unsubscribe } = this.#context;
    link?.call(procedure, input, {
      onResult: (id) => {
        // Left while the call was under way: the answer is the first chance to say so.
        if (this.#ended) link.call(unsubscribe, [id], ignored);
        else if (this.#link !== link) return;
        else if (typeof id !== "number") {
          this.fail(new PayloadError(procedure, "", "must be a subscription id"));
        } else {
          this.#id = id;
          link.routes.set(id, this);
        }
      },
      onError: (error) => {
        if (this.#ended || this.#link !== link) return;
        if (error instanceof RpcError && error.retryable) this.#subscribeLater(error);
        else this.fail(error);
      },
    });
  }

  /** After back-off, or after what the server asked for if that is longer. */
  #subscribeLater(error: ClientError | null, retryAfterMs = 0): void {
    if (this.#started && performance.now() - this.#startedAt >= this.#context.minUptimeMs) {
      this.#failures = 0;
    }
    this.#started = this.#status = undefined;
    const delayMs = retryAfterMs + backoffDelay(this.#failures, this.#context.backoff);
    this.#failures += 1;
    this.#retryTimer = setTimeout(() => this.#subscribe(), delayMs);
    this.#emit((handlers) => handlers.onConnecting?.(error));
  }

  #onStarted(event: StartedEvent): void {
    this.#started = event;
    this.#status = undefined;
    this.#startedAt = performance.now();
    const beganAnew = this.#hasBeenLive && !event.resumed;
    this.#hasBeenLive = true;
    this.#keep(event.lastEventId);
    this.#emit((handlers) => handlers.onStarted?.(event));
    if (beganAnew) {
      this.#emit((handlers) => handlers.onGap?.(gapOf("notResumed", event.lastEventId)));
    }
  }

  #onData(event: DataEvent<unknown>): void {
    const { validate, procedure } = this.#context;
    const fault = payloadFault(validate, procedure, event.data);
    if (fault !== undefined) {
      // To skip it would be to lose an event silently.
      this.fail(fault);
      return;
    }
    this.#keep(event.id);
    this.#emit((handlers) => handlers.onData?.(event.data, event));
  }

  #onStopped({ reason, retryAfterMs }: StoppedEvent): void {
    this.#forgetId();
    if (reason === "draining") {
      this.#detachQuietly();
      this.#emit((handlers) => handlers.onConnecting?.(null));
      this.#context.onDraining(retryAfterMs ?? 0);
    } else {
      // Every reason is one to subscribe again, those of newer servers included.
      this.#subscribeLater(null, retryAfterMs);
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#id !== undefined) this.#link?.call(this.#context.unsubscribe, [this.#id], ignored);
    this.#detachQuietly();
    this.#context.onEnd();
  }

  #detachQuietly(): void {
    clearTimeout(this.#retryTimer);
    this.#forgetId();
    this.#link = undefined;
    this.#started = this.#status = undefined;
  }

  #forgetId(): void {
    if (this.#id !== undefined) this.#link?.routes.delete(this.#id);
    this.#id = undefined;
  }

  #keep(lastEventId: string | undefined): void {
    if (lastEventId !== undefined) this.#lastEventId = lastEventId;
  }

  #emit(call: (handlers: SubscriptionHandlers<unknown>) => void): void {
    for (const subscriber of [...this.#subscribers]) {
      // One of those before may have made this one leave.
      if (this.#subscribers.has(subscriber)) guarded(() => call(subscriber.handlers));
    }
  }
}

const ignored: Settled = { onResult: () => {}, onError: () => {} };

function gapOf(reason: Gap["reason"], lastEventId: string | undefined): Gap {
  return lastEventId === undefined ? { reason } : { reason, lastEventId };
}
