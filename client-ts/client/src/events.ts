/**
 * What a subscription receives, as `schema/PROTOCOL.md` describes it. These types belong to the protocol
 * and are the same for every service; the payload's type comes from the service's contract.
 */

/** The id of an event: opaque. Send it back unchanged. */
export type EventId = string;

/** Why events may be missing. */
export type GapReason =
  /** The missing events are older than what the channel keeps. */
  | "historyTrimmed"
  /** The channel's history was lost, and its offsets started again at 1. */
  | "epochChanged"
  /** The channel never had an event with the client's `lastEventId`. */
  | "unknownPosition"
  /**
   * An event was left out: its payload does not fit the channel's type, or is larger than the server sends. It is the
   * event with the gap's `lastEventId`.
   */
  | "payloadRejected";

/** Whether a replica can reach its broker. */
export type BrokerStatus =
  /** Events flow. */
  | "up"
  /** No events flow until `up`. The subscription stays. */
  | "down";

/** Why the server ended a subscription. After each of these reasons the client subscribes again. */
export type StopReason =
  /** The replica is leaving: connect to another one. */
  | "draining"
  /** The client did not read fast enough, and its outbox reached the replica's bound. */
  | "slowConsumer";

/** The subscription is live: every event published from now on will follow. */
export interface StartedEvent {
  type: "started";
  /** Whether the stream continues right after the client's `lastEventId`. */
  resumed: boolean;
  /**
   * The newest event of the channel at this moment: where to resume from if the connection ends before
   * the next event. Absent in a feed without history, and where `resumed` is true: the missed events
   * are still to come then.
   */
  lastEventId?: EventId;
  /** The name of the replica that serves this subscription. */
  instance: string;
}

/** A published event. */
export interface DataEvent<Data> {
  type: "data";
  /**
   * The event's id, to resume from. Absent in feeds without history, and for an event that was published
   * without Tidings: such an event is live only, and a client keeps the id that it has.
   */
  id?: EventId;
  /** When it was published: milliseconds since 1970-01-01T00:00:00Z. */
  publishedAt?: number;
  /** The name of the replica that sent it. */
  instance: string;
  /** The payload. */
  data: Data;
}

/** Events may be missing here. A client fetches its snapshot again, and the stream goes on after `lastEventId`. */
export interface GapEvent {
  type: "gap";
  /** Why they could not be sent. */
  reason: GapReason;
  /** Where the stream goes on, where known. */
  lastEventId?: EventId;
}

/** The replica lost its broker, or reached it again. */
export interface StatusEvent {
  type: "status";
  /** The broker's state from now on. */
  broker: BrokerStatus;
}

/** The server ended the subscription. Nothing follows; the subscription id is void. */
export interface StoppedEvent {
  type: "stopped";
  reason: StopReason;
  /** How long to wait before subscribing again: milliseconds. */
  retryAfterMs?: number;
}

/** One event of a subscription; `started` is always the first. */
export type SubscriptionEvent<Data> =
  | StartedEvent
  | DataEvent<Data>
  | GapEvent
  | StatusEvent
  | StoppedEvent;
