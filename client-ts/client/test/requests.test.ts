import { beforeEach, describe, expect, test, vi } from "vitest";
import { ConnectionLostError, RequestTimeoutError, TooManyCallsError } from "../src/errors.js";
import { Requests } from "../src/requests.js";

const lost = new ConnectionLostError(1006, "");
const minute = 60_000;

/** Records what becomes of a call. */
function outcome() {
  const log: unknown[] = [];
  return {
    log,
    onResult: (result: unknown) => void log.push(result),
    onError: (error: unknown) => void log.push(error),
  };
}

class RecordingSink {
  readonly ids: number[] = [];
  send(text: string): void {
    this.ids.push(JSON.parse(text).id);
  }
}

let requests: Requests;
let sink: RecordingSink;

beforeEach(() => {
  vi.useFakeTimers();
  requests = new Requests(3);
  sink = new RecordingSink();
  return () => vi.useRealTimers();
});

describe("a call made without a connection", () => {
  test("waits and goes out, in order, with the first one", () => {
    requests.call("a", undefined, minute, outcome());
    requests.call("b", undefined, minute, outcome());
    requests.attach(sink);
    expect(sink.ids).toEqual([1, 2]);
  });

  test("is not sent once it was forgotten", () => {
    requests.call("a", undefined, minute, outcome())();
    requests.attach(sink);
    expect(sink.ids).toEqual([]);
  });

  test("survives the loss of a connection that it was not sent through", () => {
    requests.attach(sink);
    requests.detach(sink, lost);
    const waiting = outcome();
    requests.call("a", undefined, minute, waiting);
    const next = new RecordingSink();
    requests.attach(next);
    expect(next.ids).toEqual([1]);
    expect(waiting.log).toEqual([]);
  });
});

describe("a sent call", () => {
  beforeEach(() => requests.attach(sink));

  test("is settled by its own answer, in whatever order they come", () => {
    const [first, second] = [outcome(), outcome()];
    requests.call("a", undefined, minute, first);
    requests.call("b", undefined, minute, second);
    requests.settle({ kind: "result", id: 2, result: "two" });
    requests.settle({ kind: "error", id: 1, error: { code: -32004, message: "no such" } });
    expect(second.log).toEqual(["two"]);
    expect(first.log).toMatchObject([{ name: "notFound", message: "no such" }]);
  });

  test("fails when its connection is lost, and is not sent again", () => {
    const call = outcome();
    requests.call("a", undefined, minute, call);
    requests.detach(sink, lost);
    const next = new RecordingSink();
    requests.attach(next);
    expect(call.log).toEqual([lost]);
    expect(next.ids).toEqual([]);
  });

  test("is not touched by the loss of another connection", () => {
    const call = outcome();
    requests.call("a", undefined, minute, call);
    const next = new RecordingSink();
    requests.attach(next);
    requests.detach(next, lost);
    expect(call.log).toEqual([]);
    expect(requests.isWaitingOn(sink)).toBe(true);
    requests.settle({ kind: "result", id: 1, result: "late" });
    expect(call.log).toEqual(["late"]);
    expect(requests.isWaitingOn(sink)).toBe(false);
  });

  test("fails when the answer takes too long, and then the answer is ignored", () => {
    const call = outcome();
    requests.call("a", undefined, 1_000, call);
    vi.advanceTimersByTime(1_000);
    requests.settle({ kind: "result", id: 1, result: "late" });
    expect(call.log).toEqual([new RequestTimeoutError("a", 1_000)]);
  });

  test("is settled at once, before whatever comes in the same turn", () => {
    const order: string[] = [];
    requests.call("a", undefined, minute, {
      onResult: () => void order.push("answer"),
      onError: () => {},
    });
    requests.settle({ kind: "result", id: 1, result: 7 });
    order.push("event");
    expect(order).toEqual(["answer", "event"]);
  });
});

test("one call too many fails, and none that was there before", () => {
  const calls = Array.from({ length: 4 }, outcome);
  for (const call of calls) requests.call("a", undefined, minute, call);
  expect(calls.map(({ log }) => log)).toEqual([[], [], [], [new TooManyCallsError(3)]]);
});

test("a timeout leaves no timer behind once the call is settled", () => {
  requests.attach(sink);
  requests.call("a", undefined, minute, outcome());
  requests.settle({ kind: "result", id: 1, result: null });
  expect(vi.getTimerCount()).toBe(0);
});

test("closing fails what waits and what was sent", () => {
  const [waiting, sent] = [outcome(), outcome()];
  requests.call("a", undefined, minute, waiting);
  requests.callThrough(sink, "b", undefined, sent);
  requests.failAll(lost);
  expect([waiting.log, sent.log]).toEqual([[lost], [lost]]);
});
