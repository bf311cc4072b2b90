/** The waits between attempts. */
export interface Backoff {
  /** The longest wait before the first retry: milliseconds. @default 500 */
  initialDelayMs: number;
  /** The longest wait before any retry: milliseconds. @default 20_000 */
  maxDelayMs: number;
}

/**
 * The wait before a retry, in milliseconds: exponential with full jitter, so that clients that lost the
 * same server do not all reconnect at once.
 *
 * @param failures how many attempts have failed before, from 0
 */
export function backoffDelay(
  failures: number,
  { initialDelayMs, maxDelayMs }: Backoff,
  random: () => number = Math.random,
): number {
  return Math.round(random() * Math.min(maxDelayMs, initialDelayMs * 2 ** failures));
}
