/** The client against the real server. */
import { RpcError } from "@tidings/client";
import { describe, expect, test } from "vitest";
import { openRpc, type User } from "./support/contract.js";
import { until } from "./support/deadline.js";
import { Inbox } from "./support/inbox.js";
import { recordingSocket } from "./support/recording-socket.js";
import { TidingsServer, Valkey } from "./support/server.js";

const input = { channel: "list-1" };
const leanne: User = { id: "1", name: "Leanne Graham" };
const ervin: User = { id: "2", name: "Ervin Howell", bio: "Proactive" };
/** Soon, for tests that wait for a reconnect. */
const backoff = { initialDelayMs: 50, maxDelayMs: 200 };

describe("the served contract", () => {
  test("is the committed one: else regenerate both sides", async () => {
    const server = await TidingsServer.start();
    const response = await fetch(`${server.httpUrl}/rpc`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "rpc.discover" }),
    });
    const { result } = (await response.json()) as { result: unknown };
    expect(result, "run `make generate`").toEqual(openRpc());
    const document = await fetch(`${server.httpUrl}/openrpc.json`);
    expect(await document.json()).toEqual(openRpc());
  });
});

describe("queries", () => {
  test("are answered, several at once over one socket", async () => {
    const server = await TidingsServer.start();
    const client = server.client();
    const users = await client.allUsers.query();
    expect(users).toHaveLength(10);
    const again = await Promise.all(users.map(({ id }) => client.userById.query({ id })));
    expect(again).toEqual(users);
  });

  test("reject with the typed error of the contract", async () => {
    const server = await TidingsServer.start();
    const client = server.client();
    const error = await client.userById.query({ id: "no one" }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({ name: "notFound", code: -32004, retryable: false });
    await expect(client.userById.query({ id: 1 as never })).rejects.toMatchObject({
      name: "invalidParams",
      path: "id",
    });
  });

  test("wait while the server is still to come", async () => {
    const server = await TidingsServer.start();
    await server.kill();
    const client = server.client({ backoff });
    const answer = client.userById.query({ id: "1" });
    await until(client.connectionState, ({ status }) => status === "waiting", "a failed attempt");
    await server.restart();
    expect(await answer).toMatchObject({ id: "1" });
  });

  test("under way fail when the connection is lost, and are not repeated", async () => {
    const server = await TidingsServer.start();
    const client = server.client({ backoff });
    await client.allUsers.query();
    await server.freeze();
    const answer = client.allUsers.query();
    const outcome = expect(answer).rejects.toMatchObject({
      name: "ConnectionLostError",
      code: 1006,
    });
    await server.kill();
    await outcome;
  });

  test("can be given up", async () => {
    const server = await TidingsServer.start();
    const client = server.client();
    await client.allUsers.query();
    await server.freeze();
    const abort = new AbortController();
    const answer = client.allUsers.query(undefined, { signal: abort.signal });
    abort.abort(new Error("not wanted any more"));
    await expect(answer).rejects.toThrow("not wanted any more");
    await expect(client.allUsers.query(undefined, { signal: abort.signal })).rejects.toThrow(
      "not wanted any more",
    );
  });
});

describe("mutations", () => {
  test("change what everybody sees, on every replica", async () => {
    const valkey = await Valkey.start();
    const here = await TidingsServer.start("--valkey-url", valkey.url);
    const there = await TidingsServer.start("--valkey-url", valkey.url);
    const inbox = new Inbox<User[]>();
    there.client().onUpdates.subscribe(input, inbox.handlers);
    await inbox.nextOf("started");
    const changed = await here.client().setBio.mutate({ id: "1", bio: "Something else" });
    expect(changed).toMatchObject({ id: "1", bio: "Something else" });
    const { data } = await inbox.nextOf("data");
    expect(data.find(({ id }) => id === "1")).toEqual(changed);
    // The newest bio is there for who comes later.
    const bios = new Inbox<{ bio: string }>();
    there.client().onBio.subscribe({ id: "1" }, bios.handlers);
    expect(await bios.nextOf("data")).toMatchObject({ data: { bio: "Something else" } });
  });

  test("reject with the error that the service declares, and its details", async () => {
    const server = await TidingsServer.start();
    const { setBio } = server.client();
    const tooLong = await setBio.mutate({ id: "1", bio: "x".repeat(163) }).catch((error) => error);
    if (!setBio.isError(tooLong, "bioTooLong")) throw tooLong;
    expect(tooLong.details).toEqual({ max: 140, length: 163 });
    expect(tooLong).toMatchObject({ code: 1001, retryable: false, path: "bio" });
    const unknown = await setBio.mutate({ id: "no one", bio: "" }).catch((error) => error);
    expect(setBio.isError(unknown, "notFound")).toBe(true);
  });
});

describe("subscriptions", () => {
  test("receive what is published, in order, and tell which replica sent it", async () => {
    const valkey = await Valkey.start();
    const server = await TidingsServer.start("--valkey-url", valkey.url);
    const inbox = new Inbox<User[]>();
    server.client().onUpdates.subscribe(input, inbox.handlers);
    expect(await inbox.next()).toEqual({ told: "started", instance: "replica-1", resumed: false });
    const lists = [[leanne], [leanne, ervin], [], [ervin]];
    for (const list of lists) await valkey.publish("list-1", list);
    for (const list of lists) {
      expect(await inbox.next()).toEqual({ told: "data", instance: "replica-1", data: list });
    }
  });

  test("of two channels get each its own", async () => {
    const valkey = await Valkey.start();
    const server = await TidingsServer.start("--valkey-url", valkey.url);
    const client = server.client();
    const [first, second] = [new Inbox<User[]>(), new Inbox<User[]>()];
    client.onUpdates.subscribe({ channel: "list-1" }, first.handlers);
    client.onUpdates.subscribe({ channel: "list-2" }, second.handlers);
    await Promise.all([first.nextOf("started"), second.nextOf("started")]);
    await valkey.publish("list-2", [ervin]);
    await valkey.publish("list-1", [leanne]);
    expect(await first.next()).toMatchObject({ told: "data", data: [leanne] });
    expect(await second.next()).toMatchObject({ told: "data", data: [ervin] });
  });

  test("to a channel that cannot be end with the typed error", async () => {
    const server = await TidingsServer.start();
    const inbox = new Inbox<User[]>();
    server.client().onUpdates.subscribe({ channel: "Not A Channel" }, inbox.handlers);
    expect(await inbox.next()).toEqual({ told: "error", error: "invalidParams" });
  });

  test("that were left can be taken up again", async () => {
    const server = await TidingsServer.start("--demo");
    const client = server.client();
    const [before, after] = [new Inbox<User[]>(), new Inbox<User[]>()];
    const subscription = client.onUpdates.subscribe(input, before.handlers);
    await before.nextOf("started");
    subscription.unsubscribe();
    await client.allUsers.query();
    client.onUpdates.subscribe(input, after.handlers);
    await after.nextOf("started");
    const { data } = await after.nextOf("data");
    expect(data.length).toBeGreaterThan(0);
  });
});

describe("a server that goes away", () => {
  test("by a crash is followed to its successor, with a gap", async () => {
    const server = await TidingsServer.start("--demo");
    const inbox = new Inbox<User[]>();
    const client = server.client({ backoff });
    client.onUpdates.subscribe(input, inbox.handlers);
    expect(await inbox.nextOf("started")).toMatchObject({ instance: "replica-1" });
    await server.kill();
    expect(await inbox.nextOf("connecting")).toMatchObject({ error: "ConnectionLostError" });
    server.instance = "replica-2";
    await server.restart();
    expect(await inbox.nextOf("started")).toMatchObject({ instance: "replica-2" });
    // Channels in memory die with their server.
    expect(await inbox.next()).toEqual({ told: "gap", reason: "epochChanged" });
    expect(await inbox.nextOf("data")).toMatchObject({ instance: "replica-2" });
    expect(client.connectionState.get()).toEqual({ status: "open" });
  });

  test("by a deploy says so first", async () => {
    const server = await TidingsServer.start();
    const inbox = new Inbox<User[]>();
    server.client({ backoff }).onUpdates.subscribe(input, inbox.handlers);
    await inbox.nextOf("started");
    await server.stop();
    expect(await inbox.nextOf("connecting")).toEqual({ told: "connecting", error: undefined });
    server.instance = "replica-2";
    await server.restart();
    expect(await inbox.nextOf("started")).toMatchObject({ instance: "replica-2" });
  });

  test("without a word is found out by the keep-alive", async () => {
    const server = await TidingsServer.start();
    const client = server.client({ backoff, keepAlive: { intervalMs: 50, pongTimeoutMs: 300 } });
    await client.allUsers.query();
    await server.freeze();
    const lost = await until(
      client.connectionState,
      (state) => state.status === "waiting",
      "the keep-alive to give up",
    );
    expect(lost).toMatchObject({ error: { reason: "the server does not answer" } });
  });

  test("is asked for a sign of life and answers", async () => {
    const server = await TidingsServer.start();
    const { WebSocket, log } = recordingSocket();
    const client = server.client({
      WebSocket,
      keepAlive: { intervalMs: 20, pongTimeoutMs: 1_000 },
    });
    await client.allUsers.query();
    await until(
      log,
      (lines) => lines.filter((line) => line === "← ping").length === 2,
      "two answers to the keep-alive",
    );
    expect(client.connectionState.get()).toEqual({ status: "open" });
  });
});

describe("a broker that goes away", () => {
  test("before the subscription is waited for", async () => {
    const valkey = await Valkey.start();
    const server = await TidingsServer.start("--valkey-url", valkey.url);
    const client = server.client({ backoff });
    const probe = new Inbox<User[]>();
    client.onUpdates.subscribe({ channel: "probe" }, probe.handlers);
    await probe.nextOf("started");
    await valkey.kill();
    await probe.nextOf("status");
    const inbox = new Inbox<User[]>();
    client.onUpdates.subscribe(input, inbox.handlers);
    expect(await inbox.next()).toEqual({ told: "connecting", error: "brokerUnavailable" });
    await valkey.restart();
    await inbox.nextOf("started");
  });
});
