import { describe, expect, test } from "vitest";
import { decode, encodeCall, mayReconnect, PING, ProtocolError } from "../src/protocol.js";

const notification = (params: unknown) =>
  decode(JSON.stringify({ jsonrpc: "2.0", method: "onUpdates", params }));

test("a call without input has no params at all", () => {
  expect(encodeCall(1, "allUsers", undefined)).toBe('{"jsonrpc":"2.0","id":1,"method":"allUsers"}');
});

describe("what a newer server may send is let through", () => {
  test.each([
    ["another kind of event", { subscription: 7, result: { type: "sealed" } }],
    ["a notification that is no subscription's", { text: "maintenance at noon" }],
    ["a notification without params", undefined],
  ])("%s is ignored", (_, params) => {
    expect(notification(params)).toEqual({ kind: "other" });
  });

  test("reasons and members that the contract does not have", () => {
    const event = { type: "stopped", reason: "moved", to: "elsewhere" };
    expect(notification({ subscription: 7, result: event })).toEqual({
      kind: "event",
      subscription: 7,
      event,
    });
  });

  test("the answer to the keep-alive is no call's", () => {
    expect(
      decode(JSON.stringify({ jsonrpc: "2.0", id: JSON.parse(PING).id, result: true })),
    ).toEqual({
      kind: "other",
    });
  });
});

describe("what is broken is refused and not skipped", () => {
  test.each([
    ["{", "a message is not JSON"],
    ["[]", "a message is not an object"],
    ['"text"', "a message is not an object"],
    ['{"jsonrpc":"2.0","id":1}', "a response has neither result nor error"],
    ['{"jsonrpc":"2.0","id":1,"error":{}}', "an error has no code"],
  ])("%s", (text, fault) => {
    expect(() => decode(text)).toThrow(new ProtocolError(fault));
  });

  test.each([
    [{ type: "started", resumed: "yes", instance: "a" }, "started.resumed is amiss"],
    [{ type: "started", resumed: false }, "started.instance is amiss"],
    [{ type: "data", instance: "a" }, "data.data is amiss"],
    [{ type: "data", instance: "a", data: [], id: 4 }, "data.id is amiss"],
    [{ type: "gap" }, "gap.reason is amiss"],
    [{ type: "status" }, "status.broker is amiss"],
    [{ type: "stopped", reason: "draining", retryAfterMs: "1" }, "stopped.retryAfterMs is amiss"],
    ["text", "an event is not an object"],
  ])("%j", (result, fault) => {
    expect(() => notification({ subscription: 7, result })).toThrow(new ProtocolError(fault));
  });

  test("a subscription id that is no number", () => {
    expect(() => notification({ subscription: "7", result: { type: "gap" } })).toThrow(
      ProtocolError,
    );
  });
});

test("only the close codes 4500 to 4999 forbid to come back", () => {
  const codes = [1000, 1001, 1005, 1006, 1012, 4000, 4499, 4500, 4999];
  expect(codes.filter((code) => !mayReconnect(code))).toEqual([4500, 4999]);
});
