import type { ClientError } from "./errors.js";
import { ClientClosedError } from "./errors.js";
import type { SubscriptionEvent } from "./events.js";
import type { SubscriptionHandlers } from "./handlers.js";
import { guarded } from "./store.js";
import { type Link, SharedSubscription, type SubscriptionContext } from "./subscription.js";

/** What tells one subscription from another; see {@link SubscriptionContext} for the rest. */
type Wanted = Omit<SubscriptionContext, "onEnd">;

/** All subscriptions of a client: equal ones are one, and each follows the client from socket to socket. */
export class Subscriptions {
  readonly #byKey = new Map<string, SharedSubscription>();
  #link: Link | undefined;
  #closed: ClientError | undefined;

  /** Joins the subscription of this key, made if there is none. Gives the function that leaves it. */
  join(key: string, wanted: Wanted, handlers: SubscriptionHandlers<unknown>): () => void {
    const closed = this.#closed;
    if (closed !== undefined) {
      guarded(() => handlers.onError?.(closed));
      return () => {};
    }
    const existing = this.#byKey.get(key);
    if (existing !== undefined) return existing.join(handlers);

    const subscription: SharedSubscription = new SharedSubscription({
      ...wanted,
      onEnd: () => this.#byKey.delete(key),
    });
    this.#byKey.set(key, subscription);
    const leave = subscription.join(handlers);
    if (this.#link !== undefined) subscription.attach(this.#link);
    return leave;
  }

  /** Subscribes everything on a new socket. */
  attach(link: Link): void {
    this.#link = link;
    for (const subscription of [...this.#byKey.values()]) subscription.attach(link);
  }

  /** The socket is gone, or another attempt to open one has failed. */
  detach(error: ClientError): void {
    this.#link = undefined;
    for (const subscription of [...this.#byKey.values()]) subscription.detach(error);
  }

  /** Hands an event to its subscription. One that nobody waits for any more is ignored. */
  receive(id: number, event: SubscriptionEvent<unknown>): void {
    this.#link?.routes.get(id)?.receive(event);
  }

  /** Ends everything for good. */
  close(error = new ClientClosedError()): void {
    this.#closed = error;
    this.#link = undefined;
    for (const subscription of [...this.#byKey.values()]) subscription.fail(error);
  }
}
