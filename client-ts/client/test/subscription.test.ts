import { beforeEach, describe, expect, test, vi } from "vitest";
import { createClient, PayloadError, type SubscriptionHandlers } from "../src/index.js";
import { contract, type User, validators } from "./support/contract.js";
import { type FakeSocket, fakeSockets } from "./support/fake-socket.js";

const input = { channel: "list-1" };
const leanne = { id: "1", name: "Leanne Graham" };

/** A client over fake sockets, with the jitter off so that waits are known. */
function setUp() {
  const { WebSocket, sockets } = fakeSockets();
  const client = createClient({ contract, validators, url: "ws://server/rpc", WebSocket });
  const newest = (): FakeSocket => {
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was made");
    return socket;
  };
  return { client, sockets, newest };
}

/** Writes down what a subscriber is told. */
function recorder() {
  const log: unknown[] = [];
  const handlers: SubscriptionHandlers<User[]> = {
    onStarted: ({ instance, resumed }) =>
      void log.push(`started by ${instance}${resumed ? ", resumed" : ""}`),
    onData: (users) => void log.push(users.map(({ name }) => name).join(", ")),
    onReplaying: () => void log.push("replaying"),
    onCaughtUp: () => void log.push("caught up"),
    onGap: ({ reason }) => void log.push(`gap: ${reason}`),
    onStatus: ({ broker }) => void log.push(`broker ${broker}`),
    onConnecting: (error) => void log.push(`connecting: ${error?.name ?? null}`),
    onError: (error) => void log.push(`error: ${error.name}`),
  };
  return { log, handlers };
}

function goLive(socket: FakeSocket, id = 7, instance = "replica-1"): void {
  socket.answer("onUpdates", id);
  socket.event(id, { type: "started", resumed: false, instance });
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
  return () => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  };
});

describe("equal subscriptions", () => {
  test("share one on the server; a late joiner is told that it is live and gets what follows", () => {
    const { client, newest } = setUp();
    const [early, late] = [recorder(), recorder()];
    client.onUpdates.subscribe(input, early.handlers);
    newest().open();
    goLive(newest());
    newest().event(7, { type: "data", instance: "replica-1", data: [leanne] });
    client.onUpdates.subscribe({ ...input }, late.handlers);
    newest().event(7, { type: "data", instance: "replica-1", data: [] });
    expect(newest().calls("onUpdates")).toEqual([input]);
    expect(early.log).toEqual(["started by replica-1", "Leanne Graham", ""]);
    expect(late.log).toEqual(["started by replica-1", ""]);
  });

  test("tell a late joiner of a broker that is down, and not of one that is back", () => {
    const { client, newest } = setUp();
    client.onUpdates.subscribe(input, {});
    newest().open();
    goLive(newest());
    newest().event(7, { type: "status", broker: "down" });
    const [whileDown, afterwards] = [recorder(), recorder()];
    client.onUpdates.subscribe(input, whileDown.handlers);
    newest().event(7, { type: "status", broker: "up" });
    client.onUpdates.subscribe(input, afterwards.handlers);
    expect(whileDown.log).toEqual(["started by replica-1", "broker down", "broker up"]);
    expect(afterwards.log).toEqual(["started by replica-1"]);
  });

  test("end on the server with their last subscriber, and only then", async () => {
    const { client, newest } = setUp();
    const subscriptions = [recorder(), recorder()].map(({ handlers }) =>
      client.onUpdates.subscribe(input, handlers),
    );
    newest().open();
    goLive(newest());
    subscriptions[0]?.unsubscribe();
    subscriptions[0]?.unsubscribe();
    await Promise.resolve();
    expect(newest().calls("onUpdates_unsubscribe")).toEqual([]);
    subscriptions[1]?.unsubscribe();
    await Promise.resolve();
    expect(newest().calls("onUpdates_unsubscribe")).toEqual([[7]]);
  });

  test("stay when one leaves and another joins within a turn, as StrictMode does", async () => {
    const { client, newest } = setUp();
    const first = client.onUpdates.subscribe(input, {});
    newest().open();
    goLive(newest());
    first.unsubscribe();
    const { log, handlers } = recorder();
    client.onUpdates.subscribe(input, handlers);
    await Promise.resolve();
    expect(newest().sent.map(({ method }) => method)).toEqual(["onUpdates"]);
    expect(log).toEqual(["started by replica-1"]);
  });

  test("are told apart by their input", () => {
    const { client, newest } = setUp();
    client.onUpdates.subscribe(input, {});
    client.onUpdates.subscribe({ channel: "list-2" }, {});
    newest().open();
    expect(newest().calls("onUpdates")).toEqual([input, { channel: "list-2" }]);
  });
});

describe("a subscriber that left", () => {
  test("hears nothing more, not even of events that were under way", () => {
    const { client, newest } = setUp();
    const { log, handlers } = recorder();
    const subscription = client.onUpdates.subscribe(input, handlers);
    newest().open();
    goLive(newest());
    subscription.unsubscribe();
    newest().event(7, { type: "data", instance: "replica-1", data: [] });
    expect(log).toEqual(["started by replica-1"]);
  });

  test("while the subscribe call was under way is unsubscribed when the answer comes", async () => {
    const { client, newest } = setUp();
    const subscription = client.onUpdates.subscribe(input, {});
    newest().open();
    subscription.unsubscribe();
    await Promise.resolve();
    expect(newest().calls("onUpdates_unsubscribe")).toEqual([]);
    newest().answer("onUpdates", 7);
    expect(newest().calls("onUpdates_unsubscribe")).toEqual([[7]]);
  });

  test("from within a handler spares the others nothing and itself the rest", () => {
    const { client, newest } = setUp();
    const other = recorder();
    const own: unknown[] = [];
    const subscription = client.onUpdates.subscribe(input, {
      onData: (users) => {
        own.push(users.length);
        subscription.unsubscribe();
      },
    });
    client.onUpdates.subscribe(input, other.handlers);
    newest().open();
    goLive(newest());
    newest().event(7, { type: "data", instance: "replica-1", data: [leanne] });
    newest().event(7, { type: "data", instance: "replica-1", data: [] });
    expect(own).toEqual([1]);
    expect(other.log).toEqual(["started by replica-1", "Leanne Graham", ""]);
  });
});

/** Loses the connection, waits for the next one and opens it. */
function reconnect({ client, newest }: Pick<ReturnType<typeof setUp>, "client" | "newest">): void {
  newest().end(1006);
  const state = client.connectionState.get();
  if (state.status === "waiting") vi.advanceTimersByTime(state.retryAt - Date.now());
  newest().open();
}

describe("the position", () => {
  const data = (id: string | undefined, name: string, publishedAt = Date.now()) => ({
    type: "data",
    instance: "replica-1",
    ...(id !== undefined && { id, publishedAt }),
    data: [{ id: "1", name }],
  });

  function live() {
    const it = setUp();
    const { log, handlers } = recorder();
    it.client.onUpdates.subscribe(input, handlers);
    it.newest().open();
    it.newest().answer("onUpdates", 7);
    it.newest().event(7, {
      type: "started",
      resumed: false,
      lastEventId: "e:1",
      instance: "replica-1",
    });
    log.length = 0;
    return { ...it, log };
  }

  test("is sent with each further subscribe call, and an event without an id leaves it", () => {
    const it = live();
    reconnect(it);
    expect(it.newest().calls("onUpdates")).toEqual([{ ...input, lastEventId: "e:1" }]);
    it.newest().answer("onUpdates", 7);
    it.newest().event(7, { type: "started", resumed: true, instance: "replica-2" });
    it.newest().event(7, data("e:2", "Two"));
    it.newest().event(7, data(undefined, "No number"));
    it.newest().event(7, { type: "stopped", reason: "slowConsumer" });
    vi.advanceTimersByTime(20_000);
    expect(it.newest().calls("onUpdates")[1]).toEqual({ ...input, lastEventId: "e:2" });
  });

  test("is that of an input that has one, to begin with", () => {
    const { client, newest } = setUp();
    client.onUpdates.subscribe({ ...input, lastEventId: "e:0" }, {});
    newest().open();
    newest().answer("onUpdates", 7);
    newest().event(7, { type: "started", resumed: true, instance: "replica-1" });
    newest().event(7, data("e:1", "One"));
    newest().end(1006);
    vi.advanceTimersByTime(500);
    newest().open();
    expect(newest().calls("onUpdates")).toEqual([{ ...input, lastEventId: "e:1" }]);
  });

  test("makes an event that was taken already one to drop", () => {
    const it = live();
    it.newest().event(7, data("e:2", "Two"));
    reconnect(it);
    it.newest().answer("onUpdates", 7);
    it.newest().event(7, { type: "started", resumed: true, instance: "replica-2" });
    it.newest().event(7, data("e:2", "Two"));
    it.newest().event(7, data("e:3", "Three"));
    expect(it.log).toEqual([
      "Two",
      "connecting: ConnectionLostError",
      "started by replica-2, resumed",
      "Three",
    ]);
  });

  test("that is lost is one gap, also when the connection is lost before that is told", () => {
    const it = live();
    reconnect(it);
    it.newest().answer("onUpdates", 7);
    const anew = { type: "started", resumed: false, lastEventId: "f:5", instance: "replica-2" };
    it.newest().event(7, anew);
    reconnect(it);
    // Not f:5: the next server would resume from there as if nothing were missing.
    expect(it.newest().calls("onUpdates")).toEqual([{ ...input, lastEventId: "e:1" }]);
    it.newest().answer("onUpdates", 7);
    it.newest().event(7, anew);
    it.newest().event(7, { type: "gap", reason: "epochChanged", lastEventId: "f:5" });
    reconnect(it);
    expect(it.newest().calls("onUpdates")).toEqual([{ ...input, lastEventId: "f:5" }]);
    expect(it.log.filter((line) => String(line).startsWith("gap"))).toEqual(["gap: epochChanged"]);
  });

  test("goes on after an event that the server left out, and has one gap for it", () => {
    const it = live();
    it.newest().event(7, { type: "gap", reason: "payloadRejected", lastEventId: "e:2" });
    it.newest().event(7, data("e:3", "Three"));
    it.newest().event(7, { type: "gap", reason: "payloadRejected", lastEventId: "e:4" });
    reconnect(it);
    // Not e:3: the next server would reject e:4 again.
    expect(it.newest().calls("onUpdates")).toEqual([{ ...input, lastEventId: "e:4" }]);
    it.newest().answer("onUpdates", 7);
    it.newest().event(7, { type: "started", resumed: true, instance: "replica-2" });
    it.newest().event(7, data("e:5", "Five"));
    expect(it.log).toEqual([
      "gap: payloadRejected",
      "Three",
      "gap: payloadRejected",
      "connecting: ConnectionLostError",
      "started by replica-2, resumed",
      "Five",
    ]);
  });

  test("is still replaying behind an event that the server left out", () => {
    const it = live();
    it.newest().end(1006);
    vi.advanceTimersByTime(500);
    const missed = Date.now() - 100;
    it.newest().open();
    it.newest().answer("onUpdates", 7);
    it.newest().event(7, { type: "started", resumed: true, instance: "replica-2" });
    it.newest().event(7, data("e:2", "Two", missed));
    it.newest().event(7, { type: "gap", reason: "payloadRejected", lastEventId: "e:3" });
    it.newest().event(7, data("e:4", "Four", missed));
    it.newest().event(7, data("e:5", "Five"));
    expect(it.log.slice(1)).toEqual([
      "started by replica-2, resumed",
      "replaying",
      "Two",
      "gap: payloadRejected",
      "Four",
      "caught up",
      "Five",
    ]);
  });

  test("tells missed events from new ones", () => {
    const it = live();
    it.newest().end(1006);
    vi.advanceTimersByTime(500);
    const missed = Date.now() - 100;
    it.newest().open();
    it.newest().answer("onUpdates", 7);
    it.newest().event(7, { type: "started", resumed: true, instance: "replica-2" });
    it.newest().event(7, data("e:2", "Two", missed));
    const late = recorder();
    it.client.onUpdates.subscribe(input, late.handlers);
    it.newest().event(7, data("e:3", "Three"));
    expect(it.log.slice(1)).toEqual([
      "started by replica-2, resumed",
      "replaying",
      "Two",
      "caught up",
      "Three",
    ]);
    expect(late.log).toEqual(["started by replica-2, resumed", "replaying", "caught up", "Three"]);
  });
});

describe("a `state` feed", () => {
  const state = (name: string) => ({
    type: "data",
    instance: "replica-1",
    data: [
      {
        name,
        version: "0.1.0",
        uptimeMs: 1,
        connections: 1,
        subscriptions: 1,
        eventsPerSecond: 0,
        deliveriesPerSecond: 0,
      },
    ],
  });

  test("begins anew without a gap, and gives a late joiner the newest state", () => {
    const { client, newest } = setUp();
    const [early, late]: unknown[][] = [[], []];
    const handlers = (log: unknown[] = []) => ({
      onData: ([instance]: { name: string }[]) => void log.push(instance?.name),
      onGap: () => void log.push("gap"),
    });
    client.onInstances.subscribe({}, handlers(early));
    for (const name of ["one", "two"]) {
      newest().open();
      newest().answer("onInstances", 7);
      newest().event(7, { type: "started", resumed: false, instance: "replica-1" });
      newest().event(7, state(name));
      if (name === "two") break;
      newest().end(1006);
      vi.advanceTimersByTime(500);
    }
    client.onInstances.subscribe({}, handlers(late));
    expect(newest().calls("onInstances")).toEqual([{}]);
    expect([early, late]).toEqual([["one", "two"], ["two"]]);
  });
});

test("each subscriber is told which of its starts is the first", () => {
  const it = setUp();
  const [early, late]: boolean[][] = [[], []];
  it.client.onUpdates.subscribe(input, { onStarted: (_, first) => void early?.push(first) });
  it.newest().open();
  goLive(it.newest());
  it.client.onUpdates.subscribe(input, { onStarted: (_, first) => void late?.push(first) });
  reconnect(it);
  goLive(it.newest());
  expect([early, late]).toEqual([
    [true, false],
    [true, false],
  ]);
});

describe("a lost connection", () => {
  test("is followed by a new subscription, and a gap when there is nothing to resume from", () => {
    const { client, newest } = setUp();
    const { log, handlers } = recorder();
    client.onUpdates.subscribe(input, handlers);
    newest().open();
    goLive(newest());
    newest().end(1006);
    vi.advanceTimersByTime(500);
    newest().open();
    goLive(newest(), 7, "replica-2");
    expect(log).toEqual([
      "started by replica-1",
      "connecting: ConnectionLostError",
      "started by replica-2",
      "gap: notResumed",
    ]);
  });

  test("at the same event each time is followed by longer and longer waits", () => {
    const { client, newest } = setUp();
    client.onUpdates.subscribe(input, {});
    // A feed whose newest value comes with each start, which is no progress either.
    client.onInstances.subscribe({}, {});
    const waits: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      newest().open();
      newest().answer("onInstances", 8);
      newest().event(8, { type: "started", resumed: false, instance: "replica-1" });
      newest().event(8, { type: "data", instance: "replica-1", data: [] });
      newest().answer("onUpdates", 7);
      newest().event(7, { type: "started", resumed: round > 0, instance: "replica-1" });
      newest().event(7, { type: "data", id: "e:1", instance: "replica-1", data: [leanne] });
      newest().end(1009);
      const state = client.connectionState.get();
      if (state.status !== "waiting") throw new Error(state.status);
      waits.push(state.retryAt - Date.now());
      vi.advanceTimersByTime(state.retryAt - Date.now());
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
  });

  test("before the subscription was ever live is no gap", () => {
    const { client, newest } = setUp();
    const { log, handlers } = recorder();
    client.onUpdates.subscribe(input, handlers);
    newest().end(1006);
    vi.advanceTimersByTime(500);
    newest().open();
    goLive(newest());
    expect(log).toEqual(["connecting: ConnectionLostError", "started by replica-1"]);
  });

  test("voids the ids: one of the old socket is not unsubscribed on the new", async () => {
    const { client, newest } = setUp();
    const subscription = client.onUpdates.subscribe(input, {});
    newest().open();
    goLive(newest());
    newest().end(1006);
    vi.advanceTimersByTime(500);
    newest().open();
    subscription.unsubscribe();
    await Promise.resolve();
    expect(newest().calls("onUpdates_unsubscribe")).toEqual([]);
    newest().answer("onUpdates", 3);
    expect(newest().calls("onUpdates_unsubscribe")).toEqual([[3]]);
  });
});

describe("stopped by the server", () => {
  test("for draining, moves to a new socket without a word of a lost connection", () => {
    const { client, sockets, newest } = setUp();
    const { log, handlers } = recorder();
    client.onUpdates.subscribe(input, handlers);
    newest().open();
    goLive(newest());
    newest().event(7, { type: "stopped", reason: "draining", retryAfterMs: 350 });
    expect(client.connectionState.get()).toEqual({ status: "open" });
    vi.advanceTimersByTime(850);
    expect(sockets).toHaveLength(2);
    newest().open();
    goLive(newest(), 1, "replica-2");
    expect(sockets[0]?.closed).toBe(true);
    expect(sockets[0]?.calls("onUpdates_unsubscribe")).toEqual([]);
    expect(log).toEqual([
      "started by replica-1",
      "connecting: null",
      "started by replica-2",
      "gap: notResumed",
    ]);
  });

  test("for draining, lets calls under way on the old socket finish", async () => {
    const { client, sockets, newest } = setUp();
    client.onUpdates.subscribe(input, {});
    newest().open();
    goLive(newest());
    const users = client.allUsers.query();
    newest().event(7, { type: "stopped", reason: "draining" });
    vi.advanceTimersByTime(500);
    newest().open();
    const [old] = sockets;
    expect(old?.closed).toBe(false);
    old?.answer("allUsers", [leanne]);
    expect(await users).toEqual([leanne]);
    expect(old?.closed).toBe(true);
  });

  test("for being slow, subscribes again on the same socket, later each time", () => {
    const { client, sockets, newest } = setUp();
    const { log, handlers } = recorder();
    client.onUpdates.subscribe(input, handlers);
    newest().open();
    goLive(newest());
    for (const [n, wait] of [500, 1_000, 2_000].entries()) {
      newest().event(7, { type: "stopped", reason: "slowConsumer" });
      vi.advanceTimersByTime(wait - 1);
      expect(newest().calls("onUpdates")).toHaveLength(n + 1);
      vi.advanceTimersByTime(1);
      expect(newest().calls("onUpdates")).toHaveLength(n + 2);
      goLive(newest());
    }
    expect(sockets).toHaveLength(1);
    expect(log.slice(0, 4)).toEqual([
      "started by replica-1",
      "connecting: null",
      "started by replica-1",
      "gap: notResumed",
    ]);
  });

  test("for being slow, subscribes again soon when it has taken new events since", () => {
    const { client, newest } = setUp();
    client.onUpdates.subscribe(input, {});
    newest().open();
    goLive(newest());
    const stopsBehind = (id: string) => {
      newest().event(7, { type: "data", id, instance: "replica-1", data: [leanne] });
      newest().event(7, { type: "stopped", reason: "slowConsumer" });
    };
    // The same event again is no progress.
    for (const [n, [id, wait]] of (
      [
        ["e:1", 500],
        ["e:2", 500],
        ["e:2", 1_000],
        ["e:2", 2_000],
        ["e:3", 500],
      ] as const
    ).entries()) {
      stopsBehind(id);
      vi.advanceTimersByTime(wait - 1);
      expect(newest().calls("onUpdates")).toHaveLength(n + 1);
      vi.advanceTimersByTime(1);
      expect(newest().calls("onUpdates")).toHaveLength(n + 2);
      goLive(newest());
    }
  });

  test("after it had been live for long, subscribes again soon", () => {
    const { client, newest } = setUp();
    client.onUpdates.subscribe(input, {});
    newest().open();
    goLive(newest());
    newest().event(7, { type: "stopped", reason: "slowConsumer" });
    vi.advanceTimersByTime(500);
    goLive(newest());
    vi.advanceTimersByTime(5_000);
    newest().event(7, { type: "stopped", reason: "slowConsumer", retryAfterMs: 100 });
    vi.advanceTimersByTime(599);
    expect(newest().calls("onUpdates")).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(newest().calls("onUpdates")).toHaveLength(3);
  });
});

describe("a refused subscribe call", () => {
  const brokerUnavailable = {
    code: -32050,
    message: "no broker",
    data: { name: "brokerUnavailable", retryable: true },
  };
  const invalid = {
    code: -32602,
    message: "no",
    data: { name: "invalidParams", retryable: false },
  };

  test("is repeated when the error may pass", () => {
    const { client, newest } = setUp();
    const { log, handlers } = recorder();
    client.onUpdates.subscribe(input, handlers);
    newest().open();
    newest().refuse("onUpdates", brokerUnavailable);
    vi.advanceTimersByTime(500);
    newest().refuse("onUpdates", brokerUnavailable);
    vi.advanceTimersByTime(999);
    expect(newest().calls("onUpdates")).toHaveLength(2);
    vi.advanceTimersByTime(1);
    goLive(newest());
    expect(log).toEqual([
      "connecting: brokerUnavailable",
      "connecting: brokerUnavailable",
      "started by replica-1",
    ]);
  });

  test("ends the subscription when it will not pass, and the next one is asked for anew", () => {
    const { client, newest } = setUp();
    const { log, handlers } = recorder();
    client.onUpdates.subscribe(input, handlers);
    newest().open();
    newest().refuse("onUpdates", invalid);
    vi.advanceTimersByTime(15_000);
    expect(log).toEqual(["error: invalidParams"]);
    client.onUpdates.subscribe(input, {});
    expect(newest().calls("onUpdates")).toHaveLength(2);
  });
});

describe("events", () => {
  test("are acted upon in the turn of the answer, however closely they follow it", () => {
    const { client, newest } = setUp();
    const { log, handlers } = recorder();
    client.onUpdates.subscribe(input, handlers);
    newest().open();
    // No microtask runs between these, as when one chunk of bytes holds several frames.
    goLive(newest());
    newest().event(7, { type: "data", instance: "replica-1", data: [leanne] });
    newest().event(7, { type: "status", broker: "down" });
    newest().event(7, { type: "status", broker: "up" });
    newest().event(7, { type: "gap", reason: "epochChanged" });
    expect(log).toEqual([
      "started by replica-1",
      "Leanne Graham",
      "broker down",
      "broker up",
      "gap: epochChanged",
    ]);
  });

  test("for an unknown subscription are ignored", () => {
    const { client, newest } = setUp();
    const { log, handlers } = recorder();
    client.onUpdates.subscribe(input, handlers);
    newest().open();
    goLive(newest());
    newest().event(8, { type: "data", instance: "replica-1", data: [leanne] });
    expect(log).toEqual(["started by replica-1"]);
  });

  test("that break the contract end the subscription, saying where", () => {
    const { client, newest } = setUp();
    const errors: unknown[] = [];
    client.onUpdates.subscribe(input, { onError: (error) => void errors.push(error) });
    newest().open();
    goLive(newest());
    newest().event(7, {
      type: "data",
      instance: "replica-1",
      data: [leanne, { id: 2, name: "x" }],
    });
    expect(errors).toEqual([new PayloadError("onUpdates", "/1/id", "must be string")]);
    expect(newest().calls("onUpdates_unsubscribe")).toEqual([[7]]);
  });

  test("cannot come without a subscription id", () => {
    const { client, newest } = setUp();
    const { log, handlers } = recorder();
    client.onUpdates.subscribe(input, handlers);
    newest().open();
    newest().answer("onUpdates", "seven");
    expect(log).toEqual(["error: PayloadError"]);
  });

  test("that are no messages break the connection", () => {
    const { client, newest } = setUp();
    client.onUpdates.subscribe(input, {});
    newest().open();
    newest().receiveRaw("{");
    expect(newest().closed).toBe(true);
    expect(client.connectionState.get()).toMatchObject({
      status: "waiting",
      error: { code: 1002, reason: "a message is not JSON" },
    });
  });

  test("reach the other subscribers although one of them throws", async () => {
    const thrown: unknown[] = [];
    const onUncaught = (error: unknown) => void thrown.push(error);
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", onUncaught);
    const { client, newest } = setUp();
    const { log, handlers } = recorder();
    client.onUpdates.subscribe(input, {
      onData: () => {
        throw new Error("the application's own");
      },
    });
    client.onUpdates.subscribe(input, handlers);
    newest().open();
    goLive(newest());
    newest().event(7, { type: "data", instance: "replica-1", data: [leanne] });
    vi.useRealTimers();
    await new Promise((resolve) => setImmediate(resolve));
    process.off("uncaughtException", onUncaught);
    for (const other of others) process.on("uncaughtException", other);
    expect(log).toEqual(["started by replica-1", "Leanne Graham"]);
    expect(thrown).toEqual([new Error("the application's own")]);
  });
});

describe("closing the client", () => {
  test("ends subscriptions and calls with an error, and further ones at once", async () => {
    const { client, newest } = setUp();
    const { log, handlers } = recorder();
    client.onUpdates.subscribe(input, handlers);
    const underWay = client.allUsers.query();
    newest().open();
    client.close();
    await expect(underWay).rejects.toMatchObject({ name: "ClientClosedError" });
    await expect(client.allUsers.query()).rejects.toMatchObject({ name: "ClientClosedError" });
    client.onUpdates.subscribe(input, handlers);
    expect(log).toEqual(["error: ClientClosedError", "error: ClientClosedError"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("by the server, with a code of 4500 and up, does the same", () => {
    const { client, newest } = setUp();
    const { log, handlers } = recorder();
    client.onUpdates.subscribe(input, handlers);
    newest().open();
    goLive(newest());
    newest().end(4503, "banned");
    expect(log).toEqual(["started by replica-1", "error: ClientClosedError"]);
    expect(client.connectionState.get()).toMatchObject({ status: "closed", error: { code: 4503 } });
  });
});
