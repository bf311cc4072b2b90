/** What the client makes of interruptions, with the real server. */
import { describe, expect, test } from "vitest";
import { Cable } from "./support/cable.js";
import type { User } from "./support/contract.js";
import { Inbox } from "./support/inbox.js";
import { TidingsServer, Valkey } from "./support/server.js";

const input = { channel: "list-1" };
/** A list for each number. */
const list = (number: number): User[] => [{ id: "1", name: `Leanne ${number}` }];
/** Soon, for tests that wait for a reconnect. */
const backoff = { initialDelayMs: 50, maxDelayMs: 200 };
const APPEND_ONLY = ["--appendonly", "yes", "--appendfsync", "always"];

/** A subscriber on one replica, which can be cut off from it. */
async function setUp(...valkeyArgs: string[]) {
  const valkey = await Valkey.start(...valkeyArgs);
  // One with an append-only file keeps everything, and the server has to be told so.
  const declared = valkeyArgs.length > 0 ? ["--valkey-durability", "restart"] : [];
  const server = await TidingsServer.start("--valkey-url", valkey.url, ...declared);
  const cable = new Cable();
  const inbox = new Inbox<User[]>();
  const client = server.client({ WebSocket: cable.WebSocket, backoff });
  client.onUpdates.subscribe(input, inbox.handlers);
  expect(await inbox.next()).toMatchObject({ told: "started", resumed: false });
  const publish = async (...numbers: number[]) => {
    for (const number of numbers) await valkey.publish("list-1", list(number));
  };
  /** These are the next data, and nothing else is told before or between them. */
  const receives = async (...numbers: number[]) => {
    for (const number of numbers) {
      const told = await inbox.nextBut("replaying", "caughtUp");
      expect(told).toMatchObject({ told: "data", data: list(number) });
    }
  };
  return { valkey, server, cable, inbox, client, publish, receives };
}

const cutOff = async ({ cable, inbox }: Awaited<ReturnType<typeof setUp>>) => {
  cable.cut();
  await inbox.nextOf("connecting");
};

describe("what was published while the client was cut off", () => {
  test.each(["the same replica", "another replica"])(
    "arrives once and in order from %s",
    async (which) => {
      const it = await setUp();
      await it.publish(1);
      await it.receives(1);
      await cutOff(it);
      // The other one serves the channel to someone already, and has what was missed at hand.
      const other = await TidingsServer.start("--valkey-url", it.valkey.url);
      const neighbour = new Inbox<User[]>();
      other.client().onUpdates.subscribe(input, neighbour.handlers);
      await neighbour.nextOf("started");
      await it.publish(2, 3, 4);
      it.cable.plug(which === "another replica" ? other.url : it.server.url);
      expect(await it.inbox.nextOf("started")).toMatchObject({ resumed: true });
      await it.receives(2, 3, 4);
      await it.publish(5);
      await it.receives(5);
    },
  );

  test("arrives although nothing had arrived before", async () => {
    const it = await setUp();
    await cutOff(it);
    await it.publish(1, 2);
    it.cable.plug();
    expect(await it.inbox.nextOf("started")).toMatchObject({ resumed: true });
    expect(await it.inbox.next()).toEqual({ told: "replaying" });
    await it.receives(1, 2);
    // The channel is quiet: the end of the replay is told all the same.
    await it.inbox.nextOf("caughtUp");
  });

  test("arrives from a replica that has started since, as from one that is replaced", async () => {
    const it = await setUp();
    await it.publish(1);
    await it.receives(1);
    await it.server.stop();
    await it.publish(2);
    it.server.instance = "replica-2";
    await it.server.restart();
    expect(await it.inbox.nextOf("started")).toMatchObject({
      instance: "replica-2",
      resumed: true,
    });
    await it.receives(2);
  });

  test("in a second interruption, too, follows the last event that was taken", async () => {
    const it = await setUp();
    for (const number of [1, 3]) {
      await cutOff(it);
      await it.publish(number, number + 1);
      it.cable.plug();
      await it.inbox.nextOf("started");
      await it.receives(number, number + 1);
    }
  });
});

test("an interruption in which nothing was published says nothing of a replay", async () => {
  const it = await setUp();
  await it.publish(1);
  await it.receives(1);
  await cutOff(it);
  it.cable.plug();
  expect(await it.inbox.nextOf("started")).toMatchObject({ resumed: true });
  await it.publish(2);
  await it.receives(2);
});

test("events without an id are delivered, and leave the position as it was", async () => {
  const it = await setUp();
  await it.publish(1);
  await it.valkey.publishPlainly("list-1", list(2));
  await it.receives(1, 2);
  await cutOff(it);
  await it.publish(3);
  it.cable.plug();
  expect(await it.inbox.nextOf("started")).toMatchObject({ resumed: true });
  await it.receives(3);
});

describe("a broker that was restarted", () => {
  test("empty is one gap", async () => {
    const it = await setUp();
    await it.publish(1);
    await it.receives(1);
    await it.valkey.kill();
    expect(await it.inbox.next()).toEqual({ told: "status", broker: "down" });
    await it.valkey.restart();
    const two = [await it.inbox.next(), await it.inbox.next()];
    expect(two).toContainEqual({ told: "status", broker: "up" });
    expect(two).toContainEqual({ told: "gap", reason: "epochChanged" });
    await it.publish(2);
    await it.receives(2);
  });

  test("empty while the client was cut off is one gap, and the next interruption none", async () => {
    const it = await setUp();
    const neighbour = new Inbox<User[]>();
    it.server.client().onUpdates.subscribe(input, neighbour.handlers);
    await neighbour.nextOf("started");
    await it.publish(1);
    await it.receives(1);
    await neighbour.nextOf("data");
    await cutOff(it);
    await it.valkey.kill();
    expect(await neighbour.next()).toEqual({ told: "status", broker: "down" });
    await it.valkey.restart();
    // In either order: when both are told, the replica has found its way back.
    const two = [await neighbour.next(), await neighbour.next()];
    expect(two).toContainEqual({ told: "status", broker: "up" });
    expect(two).toContainEqual({ told: "gap", reason: "epochChanged" });
    await it.publish(2);
    it.cable.plug();
    expect(await it.inbox.nextOf("started")).toMatchObject({ resumed: false });
    expect(await it.inbox.next()).toEqual({ told: "gap", reason: "epochChanged" });
    await it.publish(3);
    await it.receives(3);
    await cutOff(it);
    await it.publish(4);
    it.cable.plug();
    expect(await it.inbox.nextOf("started")).toMatchObject({ resumed: true });
    await it.receives(4);
  });

  test("with all that it had is none", async () => {
    const it = await setUp(...APPEND_ONLY);
    await it.publish(1);
    await it.receives(1);
    await it.valkey.kill();
    expect(await it.inbox.next()).toEqual({ told: "status", broker: "down" });
    await it.valkey.restart();
    expect(await it.inbox.next()).toEqual({ told: "status", broker: "up" });
    await it.publish(2);
    await it.receives(2);
  });
});

test("a `state` feed gives its newest state to whoever joins, also to a late joiner", async () => {
  const server = await TidingsServer.start();
  const cable = new Cable();
  const client = server.client({ WebSocket: cable.WebSocket, backoff });
  const [early, late] = [new Inbox(), new Inbox()];
  client.onInstances.subscribe({}, early.handlers);
  const { data } = await early.nextOf("data");
  expect(data).toEqual([expect.objectContaining({ name: "replica-1" })]);
  client.onInstances.subscribe({}, late.handlers);
  expect([await late.next(), await late.next()]).toMatchObject([
    { told: "started" },
    { told: "data" },
  ]);
  cable.cut();
  await late.nextOf("connecting");
  cable.plug();
  // Nothing is resumed, and nothing was missed: the newest state is all there is.
  expect(await late.next()).toMatchObject({ told: "started", resumed: false });
  expect(await late.next()).toMatchObject({ told: "data" });
});
