import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { settingsOf } from "../src/options.js";
import { PING } from "../src/protocol.js";
import { Transport } from "../src/transport.js";
import { type FakeSocket, fakeSockets } from "./support/fake-socket.js";

/** A transport over fake sockets, with every back-off at its longest. */
function setUp() {
  const { WebSocket, sockets } = fakeSockets();
  const log: string[] = [];
  const settings = settingsOf({ url: "ws://server/rpc", WebSocket });
  const transport = new Transport(settings, {
    onOpen: () => void log.push("open"),
    onMessage: (_, text) => void log.push(text),
    onReplaced: (socket) => {
      log.push("replaced");
      transport.release(socket);
    },
    onLost: (_, { code }) => void log.push(`lost ${code}`),
    onClosed: ({ code }) => void log.push(`closed ${code}`),
  });
  /** The socket made last. */
  const newest = (): FakeSocket => {
    const socket = sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was made");
    return socket;
  };
  return { transport, sockets, newest, log, state: () => transport.state.get() };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, "random").mockReturnValue(1);
  return () => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  };
});

test("nothing connects before the first need, and then only once", () => {
  const { transport, sockets, state } = setUp();
  expect(state()).toEqual({ status: "idle" });
  transport.connect();
  transport.connect();
  expect(sockets).toHaveLength(1);
  expect(state()).toEqual({ status: "connecting", attempt: 1 });
});

describe("reconnecting", () => {
  test.each([1000, 1001, 1006, 1012, 4000, 4499])("follows on close code %i", (code) => {
    const { transport, newest, sockets, state } = setUp();
    transport.connect();
    newest().open();
    newest().end(code, "because");
    expect(state()).toMatchObject({
      status: "waiting",
      attempt: 2,
      retryAt: Date.now() + 500,
      error: { code, reason: "because" },
    });
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(2);
    expect(state()).toEqual({ status: "connecting", attempt: 2 });
  });

  test.each([4500, 4999])("does not follow on close code %i", (code) => {
    const { transport, newest, sockets, state, log } = setUp();
    transport.connect();
    newest().open();
    newest().end(code, "go away");
    vi.runAllTimers();
    expect(sockets).toHaveLength(1);
    expect(state()).toMatchObject({ status: "closed", error: { code, reason: "go away" } });
    expect(log).toEqual(["open", `closed ${code}`]);
  });

  test("waits longer after each failure, up to the cap", () => {
    const { transport, newest, state } = setUp();
    transport.connect();
    const waits: number[] = [];
    for (let failure = 0; failure < 8; failure += 1) {
      newest().end(1006);
      const now = state();
      if (now.status !== "waiting") throw new Error(now.status);
      waits.push(now.retryAt - Date.now());
      vi.advanceTimersByTime(now.retryAt - Date.now());
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 20_000, 20_000]);
  });

  test("goes on counting failures when connections open but do not last", () => {
    const { transport, newest, state } = setUp();
    transport.connect();
    newest().open();
    vi.advanceTimersByTime(4_999);
    newest().end(1006);
    vi.advanceTimersByTime(500);
    newest().open();
    newest().end(1006);
    expect(state()).toMatchObject({ attempt: 3 });
  });

  test("counts from the start again after a connection that lasted", () => {
    const { transport, newest, state } = setUp();
    transport.connect();
    newest().end(1006);
    vi.advanceTimersByTime(500);
    newest().open();
    vi.advanceTimersByTime(5_000);
    newest().end(1006);
    expect(state()).toMatchObject({ attempt: 2 });
  });

  test("gives a connection up that takes too long to open", () => {
    const { transport, newest, state } = setUp();
    transport.connect();
    vi.advanceTimersByTime(10_000);
    expect(newest().closed).toBe(true);
    expect(state()).toMatchObject({ status: "waiting" });
  });

  test("survives a constructor that throws", async () => {
    class Refused {
      constructor() {
        throw new Error("insecure");
      }
    }
    const settings = settingsOf({ url: "ws://server/rpc", WebSocket: Refused as never });
    const ignore = () => {};
    const transport = new Transport(settings, {
      onOpen: ignore,
      onMessage: ignore,
      onReplaced: ignore,
      onLost: ignore,
      onClosed: ignore,
    });
    transport.connect();
    await Promise.resolve();
    expect(transport.state.get()).toMatchObject({
      status: "waiting",
      error: { reason: "Error: insecure" },
    });
  });
});

describe("a device", () => {
  /** A browser's window as far as the transport knows it. */
  function device() {
    const target = new EventTarget();
    const navigator = { onLine: true };
    vi.stubGlobal("addEventListener", target.addEventListener.bind(target));
    vi.stubGlobal("removeEventListener", target.removeEventListener.bind(target));
    vi.stubGlobal("navigator", navigator);
    return (event: "online" | "offline") => {
      navigator.onLine = event === "online";
      target.dispatchEvent(new Event(event));
    };
  }

  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test("that comes online is not kept waiting", () => {
    const becomes = device();
    const { transport, newest, sockets } = setUp();
    transport.connect();
    newest().end(1006);
    becomes("online");
    expect(sockets).toHaveLength(2);

    newest().open();
    becomes("online");
    expect(newest().calls("rpc.ping")).toHaveLength(1);

    transport.close();
    becomes("online");
    expect(sockets).toHaveLength(2);
  });

  test("that goes offline is asked for nothing until it is back, the connection being dead", () => {
    const becomes = device();
    const { transport, newest, sockets, state } = setUp();
    transport.connect();
    newest().open();
    becomes("offline");
    expect(state()).toEqual({ status: "offline" });
    vi.advanceTimersByTime(10_000);
    expect(newest().closed).toBe(true);
    expect(state()).toEqual({ status: "offline" });
    vi.advanceTimersByTime(19_999);
    expect(sockets).toHaveLength(1);
    becomes("online");
    expect(sockets).toHaveLength(2);
    expect(state()).toMatchObject({ status: "connecting" });
  });

  test("that goes offline between two attempts is not troubled with the next one", () => {
    const becomes = device();
    const { transport, newest, sockets, state } = setUp();
    transport.connect();
    newest().end(1006);
    becomes("offline");
    expect(state()).toEqual({ status: "offline" });
    vi.advanceTimersByTime(19_999);
    expect(sockets).toHaveLength(1);
  });

  test("that is wrong about being offline keeps its connection, and reconnects slowly", () => {
    const becomes = device();
    const { transport, newest, sockets, state } = setUp();
    transport.connect();
    newest().open();
    becomes("offline");
    newest().receive({ id: "ping", result: true });
    expect(state()).toEqual({ status: "open" });

    newest().end(1006);
    expect(state()).toEqual({ status: "offline" });
    vi.advanceTimersByTime(20_000);
    expect(sockets).toHaveLength(2);
    newest().open();
    expect(state()).toEqual({ status: "open" });
  });

  test("that wakes up finds out at once whether the connection lived through it", () => {
    const { transport, newest, state } = setUp();
    transport.connect();
    newest().open();
    vi.advanceTimersByTime(4_000);
    // Asleep, timers stand still and the clock does not.
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(newest().calls("rpc.ping")).toHaveLength(0);
    vi.advanceTimersByTime(2_000);
    expect(newest().calls("rpc.ping")).toHaveLength(1);
    vi.advanceTimersByTime(10_000);
    expect(state()).toMatchObject({ error: { reason: "the server does not answer" } });
  });

  test("that wakes up between two attempts is not kept waiting", () => {
    const { transport, newest, sockets, state } = setUp();
    transport.connect();
    for (let failure = 0; failure < 7; failure += 1) {
      newest().end(1006);
      const now = state();
      if (now.status === "waiting" && failure < 6) {
        vi.advanceTimersByTime(now.retryAt - Date.now());
      }
    }
    expect(sockets).toHaveLength(7);
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(2_000);
    expect(sockets).toHaveLength(8);
  });
});

describe("keep-alive", () => {
  test("asks when nothing came for the interval, and not before", () => {
    const { transport, newest } = setUp();
    transport.connect();
    newest().open();
    vi.advanceTimersByTime(19_999);
    newest().receive({ method: "x" });
    vi.advanceTimersByTime(19_999);
    expect(newest().sent).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(newest().sent).toEqual([JSON.parse(PING)]);
  });

  test("takes any message for a sign of life", () => {
    const { transport, newest, state } = setUp();
    transport.connect();
    newest().open();
    for (let round = 1; round <= 3; round += 1) {
      vi.advanceTimersByTime(20_000);
      expect(newest().sent).toHaveLength(round);
      newest().receive({ method: "x" });
    }
    expect(state()).toEqual({ status: "open" });
  });

  test("drops a socket that does not answer, without waiting for its consent", () => {
    const { transport, newest, state, log } = setUp();
    transport.connect();
    newest().open();
    vi.advanceTimersByTime(30_000);
    expect(newest().closed).toBe(true);
    expect(state()).toMatchObject({ error: { reason: "the server does not answer" } });
    expect(log).toEqual(["open", "lost 1006"]);
  });
});

describe("moving to another replica", () => {
  test("opens the new socket before it lets go of the old one", () => {
    const { transport, sockets, newest, log, state } = setUp();
    transport.connect();
    newest().open();
    const [old] = sockets;
    transport.replaceAfter(350);
    vi.advanceTimersByTime(849);
    expect(sockets).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(sockets).toHaveLength(2);
    expect(old?.closed).toBe(false);
    expect(state()).toEqual({ status: "open" });
    newest().open();
    expect(old?.closed).toBe(true);
    expect(log).toEqual(["open", "open", "replaced"]);
  });

  test("happens once however many subscriptions ask for it", () => {
    const { transport, sockets, newest } = setUp();
    transport.connect();
    newest().open();
    for (let n = 0; n < 5; n += 1) transport.replaceAfter(100);
    vi.advanceTimersByTime(600);
    transport.replaceAfter(100);
    newest().open();
    vi.advanceTimersByTime(10_000);
    expect(sockets).toHaveLength(2);
  });

  test("tries again, on the old socket meanwhile, when the new one does not open", () => {
    const { transport, sockets, newest, state } = setUp();
    transport.connect();
    newest().open();
    transport.replaceAfter(0);
    vi.advanceTimersByTime(500);
    newest().end(1006);
    expect(state()).toEqual({ status: "open" });
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(3);
  });

  test("becomes a plain reconnect when the old socket goes first", () => {
    const { transport, sockets, newest, state } = setUp();
    transport.connect();
    newest().open();
    transport.replaceAfter(5_000);
    newest().end(1012);
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(2);
    expect(state()).toMatchObject({ status: "connecting" });
    newest().open();
    vi.advanceTimersByTime(15_000);
    expect(sockets).toHaveLength(2);
  });

  test("waits for the socket that is opening when the old one goes meanwhile", () => {
    const { transport, sockets, newest, state } = setUp();
    transport.connect();
    newest().open();
    transport.replaceAfter(0);
    vi.advanceTimersByTime(500);
    sockets[0]?.end(1012);
    expect(state()).toMatchObject({ status: "connecting" });
    newest().open();
    expect(state()).toEqual({ status: "open" });
    expect(sockets).toHaveLength(2);
  });
});

describe("closing", () => {
  test.each(["connecting", "open", "waiting"])("while %s leaves nothing behind", (status) => {
    const { transport, newest, log, state } = setUp();
    transport.connect();
    if (status !== "connecting") newest().open();
    if (status === "waiting") newest().end(1006);
    log.length = 0;
    transport.close();
    expect(state()).toMatchObject({ status: "closed" });
    expect(vi.getTimerCount()).toBe(0);
    newest().end(1000);
    transport.connect();
    expect(log).toEqual([]);
    expect(state()).toMatchObject({ status: "closed" });
  });
});

test("a binary message is a broken connection", () => {
  const { transport, newest, log } = setUp();
  transport.connect();
  newest().open();
  newest().receiveRaw(new ArrayBuffer(2));
  expect(log).toEqual(["open", "lost 1003"]);
});
