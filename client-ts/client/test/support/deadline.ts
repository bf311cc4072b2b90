import type { Observable } from "@tidings/client";

/** How long any wait may take: far longer than it does on the slowest machine. Milliseconds. */
const PATIENCE_MS = 30_000;

/** The promise's value, or an error that says what was waited for. */
export async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`waited ${PATIENCE_MS / 1_000} s for ${what}`)),
      PATIENCE_MS,
    );
  });
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** The first value, that of now included, which fits. */
export async function until<T, U extends T>(
  observable: Observable<T>,
  fits: ((value: T) => value is U) | ((value: T) => boolean),
  what: string,
): Promise<U> {
  let unsubscribe = () => {};
  const found = new Promise<U>((resolve) => {
    const look = () => {
      const value = observable.get();
      if (fits(value)) resolve(value as U);
    };
    unsubscribe = observable.subscribe(look);
    look();
  });
  try {
    return await within(found, what);
  } finally {
    unsubscribe();
  }
}
