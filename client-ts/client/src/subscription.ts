import { type Backoff, backoffDelay } from "./backoff.js";
import { type ClientError, PayloadError, RpcError } from "./errors.js";
import type {
  DataEvent,
  StartedEvent,
  StatusEvent,
  StoppedEvent,
  SubscriptionEvent,
} from "./events.js";
import type { Gap, SubscriptionHandlers } from "./handlers.js";
import { PING_METHOD } from "./protocol.js";
import { type Ping, Replay } from "./replay.js";
import type { Settled } from "./requests.js";
import { guarded } from "./store.js";
import { payloadFault, type Validate } from "./validation.js";

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
  feed: "log" | "state" | "members";
  /** Whether it can go on after a `lastEventId`, which the input may name. */
  resumable: boolean;
  validate: Validate | undefined;
  backoff: Backoff;
  minUptimeMs: number;
  /** The replica is leaving and asks to come back elsewhere after the delay. */
  onDraining(retryAfterMs: number): void;
  /** No handler is left, or it failed: nobody may join any more. */
  onEnd(): void;
}

interface Subscriber {
  handlers: SubscriptionHandlers<unknown>;
  hasStarted: boolean;
}

/**
 * One server subscription, shared by all who asked for the same. It outlives sockets: each new one is
 * attached, and subscribed on after the last event that was taken. It ends with its last subscriber, or
 * with an error that will not pass.
 */
export class SharedSubscription {
  readonly #context: SubscriptionContext;
  readonly #subscribers = new Set<Subscriber>();
  readonly #replay = new Replay({
    onReplaying: () => this.#emit(({ handlers }) => handlers.onReplaying?.()),
    onCaughtUp: () => this.#emit(({ handlers }) => handlers.onCaughtUp?.()),
  });
  /** The socket to subscribe on; undefined while there is none, and once the replica leaves. */
  #link: Link | undefined;
  /** Known from the answer to the subscribe call until the subscription is over. */
  #id: number | undefined;
  /** The last `started` while the subscription is live. */
  #started: StartedEvent | undefined;
  #startedAt = 0;
  /** The last word on the broker since then. */
  #status: StatusEvent | undefined;
  /** The newest payload since then, in a feed where only that counts. */
  #newest: DataEvent<unknown> | undefined;
  /** Whether it has been live before, so that a restart means a gap. */
  #hasBeenLive = false;
  /** Where to resume from: the last event that was taken. One without an id leaves it as it is. */
  #lastEventId: string | undefined;
  /** Whether the subscribe call named an event to go on after. */
  #askedToResume = false;
  #failures = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(context: SubscriptionContext) {
    this.#context = context;
    if (context.resumable)
      this.#keep((context.input as { lastEventId?: string } | undefined)?.lastEventId);
  }

  /** Adds a subscriber, and gives the function that removes it. */
  join(handlers: SubscriptionHandlers<unknown>): () => void {
    // One for each time: the same handlers may join twice.
    const subscriber = { handlers, hasStarted: false };
    this.#subscribers.add(subscriber);
    this.#catchUp(subscriber);
    return () => {
      if (!this.#subscribers.delete(subscriber) || this.#subscribers.size > 0) return;
      // React's StrictMode and key changes leave and join again within one turn.
      queueMicrotask(() => {
        if (this.#subscribers.size === 0) this.#end();
      });
    };
  }

  /** Tells a late joiner how things are. */
  #catchUp(subscriber: Subscriber): void {
    const [started, status, newest] = [this.#started, this.#status, this.#newest];
    const tell = (call: (subscriber: Subscriber) => void) => {
      if (this.#subscribers.has(subscriber)) guarded(() => call(subscriber));
    };
    if (started !== undefined) tell(startedBy(started));
    if (this.#replay.running) tell(({ handlers }) => handlers.onReplaying?.());
    if (status?.broker === "down") tell(({ handlers }) => handlers.onStatus?.(status));
    if (newest !== undefined) tell(({ handlers }) => handlers.onData?.(newest.data, newest));
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
    this.#emit(({ handlers }) => handlers.onConnecting?.(error));
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
        this.#onGap(event);
        break;
      case "status":
        this.#status = event;
        this.#emit(({ handlers }) => handlers.onStatus?.(event));
        break;
      case "stopped":
        this.#onStopped(event);
        break;
    }
  }

  #subscribe(): void {
    const link = this.#link;
    const { procedure, input, resumable, unsubscribe } = this.#context;
    const lastEventId = resumable ? this.#lastEventId : undefined;
    this.#askedToResume = lastEventId !== undefined;
    const where = this.#askedToResume ? { ...(input as object), lastEventId } : input;
    link?.call(procedure, where, {
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
    this.#forgetState();
    const delayMs = retryAfterMs + backoffDelay(this.#failures, this.#context.backoff);
    this.#failures += 1;
    this.#retryTimer = setTimeout(() => this.#subscribe(), delayMs);
    this.#emit(({ handlers }) => handlers.onConnecting?.(error));
  }

  #onStarted(event: StartedEvent): void {
    const { resumed, lastEventId } = event;
    this.#started = event;
    this.#status = undefined;
    this.#startedAt = performance.now();
    const beganAnew = this.#hasBeenLive && !resumed;
    this.#hasBeenLive = true;
    if (resumed) this.#replay.resumed(this.#ping(this.#link));
    else this.#replay.abandon();
    // Asked to resume and could not: the gap that follows brings the position. Were it taken now and the
    // connection lost before the gap, the next one would resume as if there were none.
    if (!this.#askedToResume) this.#keep(lastEventId);
    this.#emit(startedBy(event));
    if (beganAnew && !this.#askedToResume && this.#context.feed === "log") {
      this.#onGap({ reason: "notResumed", ...(lastEventId !== undefined && { lastEventId }) });
    }
  }

  #onData(event: DataEvent<unknown>): void {
    if (event.id !== undefined && event.id === this.#lastEventId) return;
    const { validate, procedure, feed } = this.#context;
    const fault = payloadFault(validate, procedure, event.data);
    if (fault !== undefined) {
      // To skip it would be to lose an event silently.
      this.fail(fault);
      return;
    }
    if (event.id !== undefined) {
      this.#keep(event.id);
      // Progress. A subscription that is stopped before its next event waits longer each time.
      this.#failures = 0;
    }
    if (feed !== "log") this.#newest = event;
    this.#replay.see(event);
    this.#emit(({ handlers }) => handlers.onData?.(event.data, event));
  }

  #onGap({ reason, lastEventId }: Gap): void {
    // One event was left out among those that were missed: the others follow.
    if (reason !== "payloadRejected") this.#replay.abandon();
    const gap = lastEventId === undefined ? { reason } : { reason, lastEventId };
    this.#emit(({ handlers }) => handlers.onGap?.(gap));
  }

  #onStopped({ reason, retryAfterMs }: StoppedEvent): void {
    this.#forgetId();
    if (reason === "draining") {
      this.#detachQuietly();
      this.#emit(({ handlers }) => handlers.onConnecting?.(null));
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
    this.#forgetState();
  }

  #forgetState(): void {
    this.#started = this.#status = this.#newest = undefined;
  }

  #forgetId(): void {
    if (this.#id !== undefined) this.#link?.routes.delete(this.#id);
    this.#id = undefined;
  }

  #keep(lastEventId: string | undefined): void {
    if (lastEventId !== undefined) this.#lastEventId = lastEventId;
  }

  #ping(link: Link | undefined): Ping {
    return (onAnswer) =>
      link?.call(PING_METHOD, undefined, { onResult: onAnswer, onError: () => {} });
  }

  #emit(call: (subscriber: Subscriber) => void): void {
    for (const subscriber of [...this.#subscribers]) {
      // One of those before may have made this one leave.
      if (this.#subscribers.has(subscriber)) guarded(() => call(subscriber));
    }
  }
}

const ignored: Settled = { onResult: () => {}, onError: () => {} };

function startedBy(event: StartedEvent) {
  return (subscriber: Subscriber): void => {
    const first = !subscriber.hasStarted;
    subscriber.hasStarted = true;
    subscriber.handlers.onStarted?.(event, first);
  };
}
