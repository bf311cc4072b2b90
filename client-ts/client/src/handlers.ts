import type { ClientError } from "./errors.js";
import type { DataEvent, GapReason, StartedEvent, StatusEvent } from "./events.js";

/** Events may have been missed. */
export interface Gap {
  /** Why: the server's word, or `notResumed` when there was nothing to resume from and the stream restarted. */
  reason: GapReason | "notResumed";
  /** The position from which the stream goes on, where known. */
  lastEventId?: string;
}

/** What a subscriber can react to. */
export interface SubscriptionHandlers<Data, Failure extends ClientError = ClientError> {
  /**
   * The subscription is live: at first, and again after each interruption. A subscriber that joins one
   * that is live already is called at once, before `subscribe` returns. In a `log` feed it gets no
   * earlier data: what was published before is not part of any subscription. In a `state` or `members`
   * feed it is given the newest payload, as by the server.
   *
   * @param first whether this subscriber hears it for the first time. A snapshot that was asked for
   *   before then may lack what was published in between, and no gap is told of that.
   */
  onStarted?(event: StartedEvent, first: boolean): void;
  /** Each event once, in the order in which they were published. */
  onData?(data: Data, event: DataEvent<Data>): void;
  /**
   * After an interruption, events that were missed in it have begun to come. They go to `onData` like
   * all others. It is not called when nothing was missed.
   */
  onReplaying?(): void;
  /** After `onReplaying`: what was missed has come. Or else `onGap` follows, then or after another interruption. */
  onCaughtUp?(): void;
  /**
   * Events may have been missed; fetch the snapshot again. The stream goes on. It may come at any time: an event that
   * does not fit its type (`payloadRejected`) needs no interruption.
   */
  onGap?(gap: Gap): void;
  /** The replica lost its broker, or has it back. No events come while it is down. */
  onStatus?(event: StatusEvent): void;
  /** Interrupted; the client resumes by itself. Has the cause, unless the server asked for it. */
  onConnecting?(error: Failure | null): void;
  /** Over for good: nothing follows, and there is nothing to unsubscribe. */
  onError?(error: Failure): void;
}
