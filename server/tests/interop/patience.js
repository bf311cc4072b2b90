// How long the tests wait for what must happen.

/** Far longer than anything takes, in milliseconds: only a fault is ever waited for so long. */
export const PATIENCE_MS = 30_000;

/**
 * The promise, as long as it settles in time.
 *
 * @param {string} what the end of "there was no …"
 * @throws when it has not settled after {@link PATIENCE_MS}
 */
export function within(promise, what) {
  let timer;
  const impatience = new Promise((_, reject) => {
    const giveUp = () => reject(new Error(`there was no ${what} within ${PATIENCE_MS} ms`));
    timer = setTimeout(giveUp, PATIENCE_MS);
  });
  return Promise.race([promise, impatience]).finally(() => clearTimeout(timer));
}
