import { createClient, PayloadError, TooManyCallsError } from "@tidings/client";
import { describe, expect, test } from "vitest";
import { contract, validators } from "./support/contract.js";
import { type FakeSocket, fakeSockets } from "./support/fake-socket.js";

function setUp(options = {}) {
  const { WebSocket, sockets } = fakeSockets();
  const client = createClient({
    contract,
    validators,
    url: "ws://server/rpc",
    WebSocket,
    ...options,
  });
  return { client, sockets, newest: () => sockets.at(-1) as FakeSocket };
}

describe("a query", () => {
  test("is refused when too many are waiting, with a signal or without", async () => {
    const { client } = setUp({ maxPendingCalls: 1 });
    const waiting = client.allUsers.query();
    const { signal } = new AbortController();
    await expect(client.allUsers.query()).rejects.toEqual(new TooManyCallsError(1));
    await expect(client.allUsers.query(undefined, { signal })).rejects.toEqual(
      new TooManyCallsError(1),
    );
    client.close();
    await expect(waiting).rejects.toMatchObject({ name: "ClientClosedError" });
  });

  test("whose result breaks the contract rejects, saying where", async () => {
    const { client, newest } = setUp();
    const answer = client.allUsers.query();
    newest().open();
    newest().answer("allUsers", [{ id: "1" }]);
    await expect(answer).rejects.toEqual(
      new PayloadError("allUsers", "/0", "must have required property 'name'"),
    );
  });

  test("is not checked when the client was given no validators", async () => {
    const { client, newest } = setUp({ validators: undefined });
    const answer = client.allUsers.query();
    newest().open();
    newest().answer("allUsers", "anything");
    expect(await answer).toBe("anything");
  });

  test("that was given up while it waited is never sent", async () => {
    const { client, newest } = setUp();
    const abort = new AbortController();
    const answer = client.allUsers.query(undefined, { signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(answer).rejects.toThrow("enough");
    newest().open();
    expect(newest().sent).toEqual([]);
  });
});

test("making a client connects to nothing", () => {
  const { client, sockets } = setUp();
  expect(sockets).toEqual([]);
  expect(client.connectionState.get()).toEqual({ status: "idle" });
});
