/** A value that can be read at any time and watched. */
export interface Observable<T> {
  /** The value of now. The same reference until it changes. */
  get(): T;
  /** Calls `listener` after each change, not at once. Gives the function that ends it. */
  subscribe(listener: () => void): () => void;
}

/** An {@link Observable} with its owner's end. */
export class Store<T> implements Observable<T> {
  #value: T;
  readonly #listeners = new Set<() => void>();

  constructor(value: T) {
    this.#value = value;
  }

  // Bound, so that they can be handed to `useSyncExternalStore` as they are.
  readonly get = (): T => this.#value;

  readonly subscribe = (listener: () => void): (() => void) => {
    // The same function may be passed twice; each call counts on its own.
    const entry = () => listener();
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  };

  /** Tells the listeners unless nothing changed. */
  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of [...this.#listeners]) guarded(listener);
  }
}

/** Runs the application's code so that its exception reaches the global handler and not ours. */
export function guarded(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
