import { expect, test } from "vitest";
import { backoffDelay } from "../src/backoff.js";

const backoff = { initialDelayMs: 500, maxDelayMs: 20_000 };

test("the longest possible wait doubles with each failure up to the cap", () => {
  const longest = [0, 1, 2, 3, 4, 5, 6, 60, 2_000].map((n) => backoffDelay(n, backoff, () => 1));
  expect(longest).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000, 20_000]);
});

test("the jitter is full: any wait from nothing to the longest", () => {
  expect(backoffDelay(3, backoff, () => 0)).toBe(0);
  expect(backoffDelay(3, backoff, () => 0.25)).toBe(1_000);
});

test("a thousand clients that lost one server do not come back together", () => {
  const waits = Array.from({ length: 1_000 }, () => backoffDelay(2, backoff));
  const perTenth = new Map<number, number>();
  for (const wait of waits) {
    const tenth = Math.min(9, Math.floor(wait / 200));
    perTenth.set(tenth, (perTenth.get(tenth) ?? 0) + 1);
  }
  // Uniform would be 100 in each tenth; 200 is more than ten standard deviations away.
  expect(perTenth.size).toBe(10);
  expect(Math.max(...perTenth.values())).toBeLessThan(200);
});
