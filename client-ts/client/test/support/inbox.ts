import type { SubscriptionHandlers } from "@tidings/client";
import { within } from "./deadline.js";

type Told<T> =
  | { told: "started"; instance: string; resumed: boolean }
  | { told: "data"; data: T; instance: string }
  | { told: "gap"; reason: string }
  | { told: "replaying" | "caughtUp" }
  | { told: "status"; broker: string }
  | { told: "connecting" | "error"; error: string | undefined };

/** Keeps what a subscriber is told until the test asks for it, so that nothing is missed between two waits. */
export class Inbox<T> {
  readonly #queue: Told<T>[] = [];
  #arrived: (() => void) | undefined;

  readonly handlers: Required<SubscriptionHandlers<T>> = {
    onStarted: ({ instance, resumed }) => this.#add({ told: "started", instance, resumed }),
    onData: (data, { instance }) => this.#add({ told: "data", data, instance }),
    onReplaying: () => this.#add({ told: "replaying" }),
    onCaughtUp: () => this.#add({ told: "caughtUp" }),
    onGap: ({ reason }) => this.#add({ told: "gap", reason }),
    onStatus: ({ broker }) => this.#add({ told: "status", broker }),
    onConnecting: (error) => this.#add({ told: "connecting", error: error?.name }),
    onError: (error) => this.#add({ told: "error", error: error.name }),
  };

  /** The next thing told. */
  async next(): Promise<Told<T>> {
    for (;;) {
      const told = this.#queue.shift();
      if (told !== undefined) return told;
      await within(
        new Promise<void>((resolve) => {
          this.#arrived = resolve;
        }),
        "a subscriber to be told something",
      );
    }
  }

  /** The next thing of this kind; those before it are passed over. */
  async nextOf<K extends Told<T>["told"]>(kind: K): Promise<Extract<Told<T>, { told: K }>> {
    for (;;) {
      const told = await this.next();
      if (told.told === kind) return told as Extract<Told<T>, { told: K }>;
    }
  }

  /** The next thing that is none of these kinds. */
  async nextBut(...kinds: Told<T>["told"][]): Promise<Told<T>> {
    for (;;) {
      const told = await this.next();
      if (!kinds.includes(told.told)) return told;
    }
  }

  #add(told: Told<T>): void {
    this.#queue.push(told);
    this.#arrived?.();
  }
}
