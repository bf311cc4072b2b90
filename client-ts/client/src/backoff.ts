/** How long to wait between attempts. */
export interface Backoff {
  /** The longest wait before the first repetition: milliseconds. @default 500 */
  initialDelayMs: number;
  /** The longest wait ever: milliseconds. @default 20_000 */
  maxDelayMs: number;
}

/**
 * The wait before a repetition, in milliseconds: exponential with full jitter, so that clients which
 * lost the same server do not come back in one moment.
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
