import { createClient, type ObserverHandlers, SubscriptionObserver } from "@tidings/client";
import { expect, test } from "vitest";
import { contract, type User } from "./support/contract.js";
import { type FakeSocket, fakeSockets } from "./support/fake-socket.js";

const leanne = { id: "1", name: "Leanne Graham" };

function setUp(handlers: ObserverHandlers<User[]> = {}) {
  const { WebSocket, sockets } = fakeSockets();
  const client = createClient({ contract, url: "ws://server/rpc", WebSocket });
  const observer = new SubscriptionObserver(
    client.onUpdates,
    { channel: "list-1" },
    () => handlers,
  );
  const newest = () => sockets.at(-1) as FakeSocket;
  const goLive = (id: number) => {
    newest().answer("onUpdates", id);
    newest().event(id, { type: "started", resumed: false, instance: "replica-1" });
  };
  return { observer, sockets, newest, goLive };
}

test("making one does nothing; watching it subscribes, once for all watchers", async () => {
  const { observer, sockets, newest } = setUp();
  expect(sockets).toEqual([]);
  const [first, second] = [observer.subscribe(() => {}), observer.subscribe(() => {})];
  newest().open();
  expect(newest().calls("onUpdates")).toHaveLength(1);
  first();
  first();
  await Promise.resolve();
  expect(newest().calls("onUpdates_unsubscribe")).toEqual([]);
  newest().answer("onUpdates", 7);
  second();
  await Promise.resolve();
  expect(newest().calls("onUpdates_unsubscribe")).toEqual([[7]]);
});

test("what was seen before a time unwatched is not shown as if it were new", async () => {
  const { observer, newest, goLive } = setUp();
  const unwatch = observer.subscribe(() => {});
  newest().open();
  goLive(7);
  newest().event(7, { type: "data", instance: "replica-1", data: [leanne] });
  expect(observer.get()).toMatchObject({ status: "pending", data: [leanne] });
  unwatch();
  await Promise.resolve();
  observer.subscribe(() => {});
  expect(observer.get()).toMatchObject({ status: "connecting", data: undefined });
});

test("a gap is over when the last one was made up for, and not when making up failed", async () => {
  const attempts: { resolve: () => void; reject: (reason: Error) => void }[] = [];
  const onGap = () =>
    new Promise<void>((resolve, reject) => {
      attempts.push({ resolve, reject });
    });
  const { observer, newest, goLive } = setUp({ onGap });
  observer.subscribe(() => {});
  newest().open();
  goLive(7);
  const gap = { type: "gap", reason: "epochChanged" };
  newest().event(7, gap);
  newest().event(7, gap);
  attempts[0]?.resolve();
  await Promise.resolve();
  expect(observer.get().continuity).toBe("gap");
  attempts[1]?.resolve();
  await Promise.resolve();
  expect(observer.get().continuity).toBe("live");

  newest().event(7, gap);
  attempts[2]?.reject(new Error("no snapshot"));
  await Promise.resolve();
  expect(observer.get().continuity).toBe("gap");
  observer.reset();
  expect(observer.get().continuity).toBe("live");
});

test("is replaying again when a gap in the midst of missed events was made up for", async () => {
  const { observer, newest, goLive } = setUp({ onGap: () => Promise.resolve() });
  observer.subscribe(() => {});
  newest().open();
  goLive(7);
  newest().event(7, { type: "started", resumed: true, instance: "replica-2" });
  const data = { type: "data", instance: "replica-2", data: [leanne] };
  newest().event(7, { ...data, id: "e:2", publishedAt: Date.now() - 60_000 });
  newest().event(7, { type: "gap", reason: "payloadRejected", lastEventId: "e:3" });
  expect(observer.get().continuity).toBe("gap");
  await Promise.resolve();
  expect(observer.get().continuity).toBe("replaying");
  newest().event(7, { ...data, id: "e:4", publishedAt: Date.now() + 60_000 });
  expect(observer.get().continuity).toBe("live");
});

test("is replaying while missed events come, and a gap counts for more than that", () => {
  const { observer, newest, goLive } = setUp();
  observer.subscribe(() => {});
  newest().open();
  goLive(7);
  newest().event(7, { type: "started", resumed: true, instance: "replica-2" });
  expect(observer.get().continuity).toBe("live");
  const data = { type: "data", instance: "replica-2", data: [leanne] };
  newest().event(7, { ...data, id: "e:2", publishedAt: Date.now() - 60_000 });
  expect(observer.get().continuity).toBe("replaying");
  newest().answer("rpc.ping", true);
  expect(observer.get().continuity).toBe("live");

  newest().event(7, { type: "gap", reason: "epochChanged" });
  newest().event(7, { type: "started", resumed: true, instance: "replica-2" });
  newest().event(7, { ...data, id: "e:3", publishedAt: Date.now() - 60_000 });
  newest().answer("rpc.ping", true);
  expect(observer.get().continuity).toBe("gap");
});

test("a broker that is down is part of the result", () => {
  const { observer, newest, goLive } = setUp();
  observer.subscribe(() => {});
  newest().open();
  goLive(7);
  newest().event(7, { type: "status", broker: "down" });
  expect(observer.get()).toMatchObject({ status: "pending", broker: "down" });
  newest().event(7, { type: "status", broker: "up" });
  expect(observer.get().broker).toBe("up");
});
