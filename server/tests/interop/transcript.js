// What a client was sent, in the order in which it came.

import { within } from "./patience.js";

/**
 * Entries are `{ call, result }`, the answer to a call of that method, and `{ subscription, event }`.
 *
 * It grows with what the server sends: for a test, not for a client that stays.
 */
export class Transcript {
  entries = [];
  #waiting = new Set();

  answered(call, result) {
    this.#add({ call, result });
  }

  notified({ subscription, result }) {
    this.#add({ subscription, event: result });
  }

  /** Waits for the nth event of a subscription, from 1; at once when it has come already. */
  event(subscription, nth) {
    const isOne = (entry) => "event" in entry && entry.subscription === subscription;
    const came = new Promise((resolve) => {
      const check = () => {
        if (this.entries.filter(isOne).length < nth) return;
        this.#waiting.delete(check);
        resolve();
      };
      this.#waiting.add(check);
      check();
    });
    return within(came, `event ${nth} of subscription ${subscription}`);
  }

  #add(entry) {
    this.entries.push(entry);
    for (const check of this.#waiting) check();
  }
}
