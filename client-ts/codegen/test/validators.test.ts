/** What the generated checks let through and refuse. */
import { describe, expect, test } from "vitest";
import { validators } from "./fixtures/shop.validators.js";

const item = { sku: "x" };
const numbers = {
  ...{ int8: -128, int16: -1, int32: -1, int64: -(2 ** 60), int128: 0, int: 0 },
  ...{ uint8: 255, uint16: 1, uint32: 4294967295, uint64: 2 ** 63, uint128: 0, uint: 0 },
  ...{ float: 1.5, double: -1e300, nonZero: 1, percent: 100 },
};
const texts = {
  uuid: "67e55044-10b1-426f-9247-bb680e5fe0c8",
  "date-time": "2026-11-24T11:20:12.123456789Z",
  date: "2026-11-24",
  time: "11:20:12",
  "partial-date-time": "2026-11-24T11:20:12",
  duration: "P1DT2H3.5S",
  email: "a@example.com",
  uri: "https://example.com/a?b#c",
  ip: "::1",
  ipv4: "127.0.0.1",
  ipv6: "fe80::1",
  hostname: "not checked at all",
  "zoned-date-time": "2026-11-24T11:20:12+01:00[Europe/Berlin]",
  char: "🦀",
  slug: "abc",
};
const maps = { counts: { a: 1 }, items: { b: item }, byNumber: { 7: "x" }, json: [null], open: {} };
const lists = {
  ...{ tuple: ["a", item], newTuple: ["a", true], rest: ["a", 1, 2], maybe: ["a"] },
  ...{ set: [{ a: "1" }, { a: "2" }], matrix: [[1, null], []], empty: null, one: 1, mixed: 2 },
};

type Name = keyof typeof validators.payloads;

describe.each([
  ["all.getNumbers", [numbers]],
  ["all.getTexts", [texts, { ...texts, "date-time": "2026-11-24 11:20:12+01:00" }]],
  ["all.getSize", ["small", "large"]],
  ["all.getColour", ["red"]],
  ["all.getExternal", ["nothing", { item }, { pair: ["a", 1] }, { item, addedLater: true }]],
  [
    "all.getInternal",
    [
      { kind: "moved", to: "x" },
      { kind: "sold", ...item },
      { kind: "gone", addedLater: 1 },
    ],
  ],
  ["all.getAdjacent", [{ t: "item", c: item }, { t: "count", c: 3 }, { t: "none" }]],
  ["all.getUntagged", ["a", 1, item, null]],
  ["all.getTree", [{ value: "a", children: [{ value: "b", children: [], addedLater: 1 }] }]],
  ["all.getAnything", ["a", { b: { c: "d" } }]],
  ["all.getItem", [item, { ...item, email: null, size: null, addedLater: {} }]],
  ["all.getMaps", [maps, { ...maps, byNumber: { notANumber: 1 } }]],
  ["all.getLists", [lists]],
  [
    "all.getFlattened",
    [
      { id: "1", card: "2" },
      { id: "1", card: "2", iban: "3" },
    ],
  ],
  ["orders.place", [null]],
  ["onPrice", [{ cents: 1 }]],
  ["onMember", [[item], []]],
] satisfies [Name, unknown[]][])("%s lets through", (name, values) => {
  test.each(values.map((value) => [JSON.stringify(value), value]))("%s", (_, value) => {
    const check = validators.payloads[name];
    expect(check(value), JSON.stringify(check.errors)).toBe(true);
  });
});

test.each([
  ["all.getNumbers", { ...numbers, int8: 128 }, "/int8", "must be <= 127"],
  ["all.getNumbers", { ...numbers, int32: 2 ** 31 }, "/int32", "must be <= 2147483647"],
  ["all.getNumbers", { ...numbers, uint64: -1 }, "/uint64", "must be >= 0"],
  ["all.getNumbers", { ...numbers, uint: 0.5 }, "/uint", "must be integer"],
  ["all.getNumbers", { ...numbers, nonZero: 0 }, "/nonZero", "must NOT be valid"],
  ["all.getNumbers", { ...numbers, float: "1" }, "/float", "must be number"],
  ["all.getTexts", { ...texts, uuid: "1" }, "/uuid", 'must match format "uuid"'],
  ["all.getTexts", { ...texts, date: "today" }, "/date", 'must match format "date"'],
  ["all.getTexts", { ...texts, char: "ab" }, "/char", "must NOT have more than 1 characters"],
  ["all.getTexts", { ...texts, slug: "a" }, "/slug", "must NOT have fewer than 2 characters"],
  ["all.getTexts", { ...texts, slug: "A1" }, "/slug", 'must match pattern "^[a-z]+$"'],
  ["all.getSize", "huge", "", "must be equal to one of the allowed values"],
  ["all.getExternal", { neither: 1 }, "", "must be string"],
  ["all.getInternal", { kind: "moved" }, "", "must have required property 'to'"],
  ["all.getInternal", { kind: "sold" }, "", "must have required property 'sku'"],
  ["all.getInternal", { kind: "new" }, "", 'value of tag "kind" must be in oneOf'],
  ["all.getAdjacent", { t: "count", c: -1 }, "/c", "must be >= 0"],
  [
    "all.getTree",
    { value: "a", children: [{}] },
    "/children/0",
    "must have required property 'value'",
  ],
  ["all.getItem", { sku: 1 }, "/sku", "must be string"],
  ["all.getMaps", { ...maps, counts: { a: "1" } }, "/counts/a", "must be integer"],
  ["all.getMaps", { ...maps, byNumber: { 7: 7 } }, "/byNumber/7", "must be string"],
  ["all.getLists", { ...lists, tuple: ["a"] }, "/tuple", "must NOT have fewer than 2 items"],
  ["all.getLists", { ...lists, newTuple: ["a", 1] }, "/newTuple/1", "must be boolean"],
  [
    "all.getLists",
    { ...lists, set: [{ a: "1" }, { a: "1" }] },
    "/set",
    "must NOT have duplicate items (items ## 0 and 1 are identical)",
  ],
  ["all.getFlattened", { id: "1" }, "", "must have required property 'card'"],
] satisfies [Name, unknown, string, string][])(
  "%s refuses %j at %j: %s",
  (name, value, path, message) => {
    const check = validators.payloads[name];
    expect(check(value)).toBe(false);
    expect(check.errors?.[0]).toMatchObject({ instancePath: path, message });
  },
);

test("the details of errors are checked, where an error has some", () => {
  expect(Object.keys(validators.details)).toEqual(["bioTooLong"]);
  expect(validators.details.bioTooLong?.({ max: 140 })).toBe(true);
  expect(validators.details.bioTooLong?.({ max: "140" })).toBe(false);
});
