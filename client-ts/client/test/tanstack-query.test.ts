/** In which order snapshots and payloads reach the cache. */
import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { createClient, SubscriptionObserver } from "@tidings/client";
import { createQueryOptions, keepUpdated } from "@tidings/client/tanstack-query";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { contract } from "./support/contract.js";
import { type FakeSocket, fakeSockets } from "./support/fake-socket.js";

const user = (name: string) => ({ id: "1", name });
const failure = { code: -32603, message: "no", data: { name: "internalError", retryable: false } };

/** A query and a subscription that keeps it updated, both watched, over a socket that is open. */
function setUp() {
  const { WebSocket, sockets } = fakeSockets();
  const client = createClient({ contract, url: "ws://server/rpc", WebSocket });
  const queryClient = new QueryClient({
    defaultOptions: { queries: { retry: false, staleTime: Number.POSITIVE_INFINITY } },
  });
  const { allUsers } = createQueryOptions(client);
  const query = new QueryObserver(queryClient, allUsers.queryOptions());
  query.subscribe(() => {});
  const handlers = keepUpdated(queryClient, allUsers.queryKey());
  const live = new SubscriptionObserver(client.onUpdates, { channel: "list-1" }, () => handlers);
  live.subscribe(() => {});
  const socket = sockets[0] as FakeSocket;
  socket.open();
  socket.answer("onUpdates", 7);
  return {
    live,
    socket,
    start: () => socket.event(7, { type: "started", resumed: false, instance: "replica-1" }),
    gap: () => socket.event(7, { type: "gap", reason: "epochChanged" }),
    data: (name: string) =>
      socket.event(7, { type: "data", instance: "replica-1", data: [user(name)] }),
    snapshot: (name: string) => socket.answer("allUsers", [user(name)]),
    snapshots: () => socket.calls("allUsers").length,
    shown: () =>
      query
        .getCurrentResult()
        .data?.map(({ name }) => name)
        .join(),
    settled: () => vi.advanceTimersByTimeAsync(0),
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

describe("a snapshot that was asked for before the subscription was live", () => {
  test("is asked for anew when it has not come yet, and not shown when it does", async () => {
    const it = setUp();
    await it.settled();
    const [early] = it.socket.sent;
    it.start();
    await it.settled();
    expect(it.snapshots()).toBe(2);
    it.socket.receive({ id: early?.id, result: [user("early")] });
    await it.settled();
    expect(it.shown()).toBeUndefined();
    it.snapshot("complete");
    await it.settled();
    expect(it.shown()).toBe("complete");
  });

  test("is asked for anew when it has come", async () => {
    const it = setUp();
    await it.settled();
    it.snapshot("early");
    await it.settled();
    it.start();
    await it.settled();
    expect(it.shown()).toBe("early");
    it.snapshot("complete");
    await it.settled();
    expect(it.shown()).toBe("complete");
    expect(it.snapshots()).toBe(2);
  });
});

describe("after a gap", () => {
  async function withGap() {
    const it = setUp();
    it.start();
    await it.settled();
    it.snapshot("first");
    await it.settled();
    it.gap();
    await it.settled();
    expect(it.live.get().continuity).toBe("gap");
    expect(it.snapshots()).toBe(3);
    return it;
  }

  test("the snapshot makes up for it", async () => {
    const it = await withGap();
    it.snapshot("second");
    await it.settled();
    expect(it.shown()).toBe("second");
    expect(it.live.get().continuity).toBe("live");
  });

  test("a payload that is quicker makes up for it, and the older snapshot is not shown", async () => {
    const it = await withGap();
    it.data("payload");
    await it.settled();
    expect(it.live.get().continuity).toBe("live");
    it.snapshot("older");
    await it.settled();
    expect(it.shown()).toBe("payload");
  });

  test("a snapshot that fails does not, but the next payload does", async () => {
    const it = await withGap();
    it.socket.refuse("allUsers", failure);
    await it.settled();
    expect(it.live.get().continuity).toBe("gap");
    it.data("payload");
    await it.settled();
    expect(it.shown()).toBe("payload");
    expect(it.live.get().continuity).toBe("live");
  });
});

test("a query that failed is tried again when the server is back", async () => {
  const it = setUp();
  it.start();
  await it.settled();
  it.socket.refuse("allUsers", failure);
  await it.settled();
  const before = it.snapshots();
  it.socket.event(7, { type: "started", resumed: true, instance: "replica-1" });
  await it.settled();
  expect(it.snapshots()).toBe(before + 1);
  it.snapshot("after all");
  await it.settled();
  expect(it.shown()).toBe("after all");
});
