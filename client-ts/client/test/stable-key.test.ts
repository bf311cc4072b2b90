import { expect, test } from "vitest";
import { stableKey } from "../src/stable-key.js";

test("the order of members does not count, at any depth", () => {
  const one = { a: 1, b: { c: [1, { d: 2, e: 3 }] } };
  const other = { b: { c: [1, { e: 3, d: 2 }] }, a: 1 };
  expect(stableKey(one)).toBe(stableKey(other));
});

test("the order of items and every value count", () => {
  const keys = [[1, 2], [2, 1], ["1", 2], { 0: 1 }, {}, null, [[]], []].map(stableKey);
  expect(new Set(keys).size).toBe(keys.length);
});

test("a member that is undefined is as good as absent, as on the wire", () => {
  expect(stableKey({ a: undefined })).toBe(stableKey({}));
});
