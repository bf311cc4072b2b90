// GENERATED from schema/openrpc.json by `npm run generate`. Do not edit.

/**
 * Whether a replica can reach its broker.
 */
export type BrokerStatus = "up" | "down";
/**
 * The name of a channel, such as `list-1`.
 */
export type Channel = string;
/**
 * A kind of error.
 */
export type ErrorCode =
  | "parseError"
  | "invalidRequest"
  | "methodNotFound"
  | "invalidParams"
  | "internalError"
  | "notFound"
  | "batchUnsupported"
  | "tooManySubscriptions"
  | "requestTooLarge"
  | "responseTooLarge"
  | "serverBusy"
  | "batchTooLarge"
  | "batchResponseTooLarge"
  | "brokerUnavailable"
  | "subscriptionInBatch"
  | "webSocketRequired";
/**
 * The id of an event: opaque, to be handed back as it came.
 */
export type EventId = string;
/**
 * Why events may be missing.
 */
export type GapReason = "historyTrimmed" | "epochChanged" | "unknownPosition";
/**
 * The input of a procedure that takes none: `{}`, `[]` or no `params` at all.
 */
export type NoInput = Record<string, never>;
/**
 * Why the server ended a subscription. Every reason so far is one to subscribe again.
 */
export type StopReason = "draining" | "slowConsumer";
/**
 * What names a subscription within its connection. Another connection may use the same one.
 */
export type SubscriptionId = number;

export type AllUsersOutput = User[];

export type OnUpdatesData = User[];

export type OnInstancesData = Instance[];

/**
 * The typed part of an error: `error.data`.
 */
export interface ErrorData {
  /**
   * The kind of error.
   */
  name: ErrorCode;
  /**
   * Whether the same call may work later, unchanged.
   */
  retryable: boolean;
  /**
   * The member of the input that is at fault, such as `channel`.
   */
  path?: string;
}
/**
 * What one replica says of itself.
 */
export interface Instance {
  /**
   * Its name, as in every event that it sends.
   */
  name: string;
  /**
   * The version of the server.
   */
  version: string;
  /**
   * How long it has been running: milliseconds.
   */
  uptimeMs: number;
  /**
   * Its open connections.
   */
  connections: number;
  /**
   * Its live subscriptions.
   */
  subscriptions: number;
  /**
   * Events that came from the broker, per second, since it last said so.
   */
  eventsPerSecond: number;
  /**
   * Events handed to a subscription, per second, since it last said so.
   */
  deliveriesPerSecond: number;
}
/**
 * Which list, and from where on.
 */
export interface OnUpdatesInput {
  /**
   * The list's channel, such as `list-1`.
   */
  channel: Channel;
  /**
   * The last event that the client has: the stream goes on after it. Without it, the stream begins now.
   */
  lastEventId?: EventId;
}
/**
 * A user.
 */
export interface User {
  /**
   * Unique among all users.
   */
  id: string;
  /**
   * The full name, for people.
   */
  name: string;
  /**
   * What the user says of themselves. Absent when they say nothing.
   */
  bio?: string;
}
/**
 * Which user.
 */
export interface UserByIdInput {
  /**
   * The user's id.
   */
  id: string;
}
/**
 * The subscription is live: every event published from now on will follow.
 */
export interface StartedEvent {
  type: "started";
  /**
   * Whether the stream continues right after the client's `lastEventId`.
   */
  resumed: boolean;
  /**
   * The newest event of the channel at this moment: where to resume from, should the connection end
   * before anything else comes. Absent in a feed that has no history, and where `resumed` is true:
   * what was missed is still to come then.
   */
  lastEventId?: EventId;
  /**
   * The name of the replica that serves this subscription.
   */
  instance: string;
}
/**
 * A published event.
 */
export interface DataEvent<Data> {
  type: "data";
  /**
   * The event's id, to resume from. Absent for an event that was published outside Tidings' own
   * publish path: such an event is live only, and a client keeps the id that it has.
   */
  id?: EventId;
  /**
   * When it was published: milliseconds since 1970-01-01T00:00:00Z. Absent where `id` is.
   */
  publishedAt?: number;
  /**
   * The name of the replica that sent it.
   */
  instance: string;
  /**
   * The payload.
   */
  data: Data;
}
/**
 * Events may be missing here. The stream goes on live; a client fetches its snapshot anew.
 */
export interface GapEvent {
  type: "gap";
  /**
   * Why they could not be sent.
   */
  reason: GapReason;
  /**
   * Where the stream goes on, where known.
   */
  lastEventId?: EventId;
}
/**
 * The replica lost its broker, or has it back.
 */
export interface StatusEvent {
  type: "status";
  /**
   * The broker's state from now on.
   */
  broker: BrokerStatus;
}
/**
 * The server ended the subscription. Nothing follows; the subscription id is void.
 */
export interface StoppedEvent {
  type: "stopped";
  /**
   * Why.
   */
  reason: StopReason;
  /**
   * How long to wait before subscribing again: milliseconds.
   */
  retryAfterMs?: number;
}

/** One event of a subscription; `started` is always the first. */
export type SubscriptionEvent<Data> =
  | StartedEvent
  | DataEvent<Data>
  | GapEvent
  | StatusEvent
  | StoppedEvent;
export type OnUpdatesEvent = SubscriptionEvent<OnUpdatesData>;
export type OnInstancesEvent = SubscriptionEvent<OnInstancesData>;

/** The types of every procedure, by name. */
export interface Procedures {
  /** Answers all users. */
  allUsers: {
    kind: "query";
    input: NoInput;
    output: AllUsersOutput;
    /** The errors of its own, beside those that any call can meet. */
    error: never;
  };
  /** Answers one user by id, or `notFound`. */
  userById: {
    kind: "query";
    input: UserByIdInput;
    output: User;
    /** The errors of its own, beside those that any call can meet. */
    error: "notFound";
  };
  /** Streams every change of one user list. Each event is the full list that replaces the one before. */
  onUpdates: {
    kind: "subscription";
    input: OnUpdatesInput;
    data: OnUpdatesData;
    /** The errors of its own, beside those that any call can meet. */
    error: "brokerUnavailable" | "tooManySubscriptions";
  };
  /** Streams the replicas of the fleet: each event is the list of all that live, by name. A replica that has
died is in it for at most another seven seconds. */
  onInstances: {
    kind: "subscription";
    input: NoInput;
    data: OnInstancesData;
    /** The errors of its own, beside those that any call can meet. */
    error: "brokerUnavailable" | "tooManySubscriptions";
  };
}

/** What the client must know of every procedure at run time. */
export const procedures = {
  allUsers: { kind: "query" },
  userById: { kind: "query" },
  onUpdates: {
    kind: "subscription",
    unsubscribe: "onUpdates_unsubscribe",
    feed: "log",
    resumable: true,
  },
  onInstances: {
    kind: "subscription",
    unsubscribe: "onInstances_unsubscribe",
    feed: "state",
    resumable: false,
  },
} as const;

/** Every error that the server answers, by its stable name. */
export const errorTable: Readonly<Record<ErrorCode, { code: number; retryable: boolean }>> = {
  parseError: { code: -32700, retryable: false },
  invalidRequest: { code: -32600, retryable: false },
  methodNotFound: { code: -32601, retryable: false },
  invalidParams: { code: -32602, retryable: false },
  internalError: { code: -32603, retryable: false },
  notFound: { code: -32004, retryable: false },
  batchUnsupported: { code: -32005, retryable: false },
  tooManySubscriptions: { code: -32006, retryable: false },
  requestTooLarge: { code: -32007, retryable: false },
  responseTooLarge: { code: -32008, retryable: false },
  serverBusy: { code: -32009, retryable: true },
  batchTooLarge: { code: -32010, retryable: false },
  batchResponseTooLarge: { code: -32011, retryable: false },
  brokerUnavailable: { code: -32050, retryable: true },
  subscriptionInBatch: { code: -32051, retryable: false },
  webSocketRequired: { code: -32052, retryable: false },
};
