import type { DataEvent } from "./events.js";

/** What a replay tells. */
export interface ReplayEvents {
  /** The first missed event has come. */
  onReplaying(): void;
  /** What was missed has come. */
  onCaughtUp(): void;
}

/** Asks the server for an answer behind what it has sent so far. Nothing comes of it when the connection is lost. */
export type Ping = (onAnswer: () => void) => void;

/**
 * Tells, after a subscription was resumed, when the events that were missed are being delivered.
 *
 * The server marks neither them nor their end, so this goes by what can be known:
 *
 * - An event was missed when it was published before the subscription was resumed, by the publishers'
 *   clock. How far that is ahead of this device's is seen from the newest live event: no two clocks
 *   need to agree.
 * - What was missed has come with the first event that was published later, since the order is that
 *   of publishing; or, in a quiet channel, when a ping was answered and no missed event came before
 *   the answer.
 *
 * A server that pauses for longer than a ping takes, in the midst of a replay, makes it look as if it
 * were over and began again. Nothing but what is shown depends on it: the events and their order do not.
 */
export class Replay {
  readonly #events: ReplayEvents;
  /** The publishers' clock less this device's, milliseconds. Too little by the time that one event took to come. */
  #clockLead = 0;
  /** When the subscription was resumed, by the publishers' clock; undefined when no missed event can come. */
  #resumedAt: number | undefined;
  #running = false;
  #missed = 0;
  #ping: Ping | undefined;
  /** Whether an answer is under way. */
  #asked = false;

  constructor(events: ReplayEvents) {
    this.#events = events;
  }

  /** Whether missed events have come and more may. */
  get running(): boolean {
    return this.#running;
  }

  /** The subscription was resumed, just now. */
  resumed(ping: Ping): void {
    this.#resumedAt = Date.now() + this.#clockLead;
    this.#ping = ping;
    this.#asked = false;
    // Interrupted in its midst: perhaps nothing is left.
    if (this.#running) this.#ask();
  }

  /** Looks at an event that is about to be handed on. */
  see({ publishedAt }: Pick<DataEvent<unknown>, "publishedAt">): void {
    // Without a time it has no place in the history, and cannot have been missed and sent again.
    if (publishedAt === undefined) return;
    if (this.#resumedAt === undefined || publishedAt >= this.#resumedAt) {
      this.#clockLead = publishedAt - Date.now();
      this.#resumedAt = undefined;
      this.#finish();
      return;
    }
    this.#missed += 1;
    if (!this.#running) {
      this.#running = true;
      this.#events.onReplaying();
    }
    this.#ask();
  }

  /** Nothing more comes of what was missed: the stream goes on without it. */
  abandon(): void {
    this.#resumedAt = undefined;
    this.#running = false;
  }

  #ask(): void {
    const ping = this.#ping;
    if (ping === undefined || this.#asked) return;
    this.#asked = true;
    const before = this.#missed;
    ping(() => {
      if (ping !== this.#ping) return;
      this.#asked = false;
      if (before === this.#missed) this.#finish();
      else this.#ask();
    });
  }

  #finish(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#events.onCaughtUp();
  }
}
