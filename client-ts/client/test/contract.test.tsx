// @vitest-environment happy-dom
/** What a client makes of its contract: nested names, typed errors, checks; and hooks of two services. */
import { QueryClient } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import { createClient, isClientError, RpcError } from "@tidings/client";
import { createHooks } from "@tidings/client/react";
import { createQueryOptions } from "@tidings/client/tanstack-query";
import { afterEach, describe, expect, test } from "vitest";
import { contract as demo } from "./support/contract.js";
import { type FakeSocket, fakeSockets } from "./support/fake-socket.js";
import { contract } from "./support/shop.js";

const order = { sku: "x", count: 2 };
const soldOut = {
  code: 1002,
  message: "The item is sold out.",
  data: { name: "soldOut", retryable: true, details: { left: 1 } },
};

afterEach(cleanup);

function setUp(options = {}) {
  const { WebSocket, sockets } = fakeSockets();
  const client = createClient({ contract, url: "ws://server/rpc", WebSocket, ...options });
  const newest = () => sockets.at(-1) as FakeSocket;
  /** Has a call made, and gives its promise once the socket is open. */
  const called = <T,>(call: () => Promise<T>) => {
    const answer = call();
    newest().open();
    return answer;
  };
  return { client, newest, called };
}

describe("a dotted name", () => {
  test("is found in its group, and goes over the wire as it is", async () => {
    const { client, newest, called } = setUp();
    const answer = called(() => client.orders.place.mutate(order));
    expect(newest().sent).toMatchObject([{ method: "orders.place", params: order }]);
    newest().answer("orders.place", { order: 7 });
    expect(await answer).toEqual({ order: 7 });
    expect(Object.keys(client)).toEqual(["status", "prices", "orders", "connectionState", "close"]);
    expect(Object.keys(client.orders)).toEqual(["place", "history", "clear"]);
  });

  test("can go through a group that every object inherits", () => {
    const odd = {
      procedures: { "constructor.toString": { kind: "query" as const } },
      errors: {},
    };
    const client = createClient({ contract: odd, url: "ws://server/rpc", ...fakeSockets() });
    const [group] = Object.entries(client);
    expect(group).toEqual(["constructor", { toString: expect.objectContaining({}) }]);
  });

  test("subscribes, resumes by the protocol's cursor, and unsubscribes by the contract's method", async () => {
    const { client, newest } = setUp();
    const input = { lastEventId: "e:1" };
    const { unsubscribe } = client.orders.history.onOrder.subscribe(input, {});
    newest().open();
    expect(newest().calls("orders.history.onOrder")).toEqual([{ lastEventId: "e:1" }]);
    newest().answer("orders.history.onOrder", 3);
    unsubscribe();
    await Promise.resolve();
    expect(newest().calls("orders.history.onOrder_unsubscribe")).toEqual([[3]]);
  });
});

test.each(["state", "members"] as const)(
  "a late subscriber of a %s feed is given the newest payload, and an interruption is no gap",
  (feed) => {
    const { "prices.onPrice": onPrice } = contract.procedures;
    const procedures = { ...contract.procedures, "prices.onPrice": { ...onPrice, feed } };
    const { client, newest } = setUp({ contract: { ...contract, procedures } });
    const seen: unknown[] = [];
    const onGap = () => seen.push("gap");
    client.prices.onPrice.subscribe({ symbol: "ACME" }, { onGap });
    newest().open();
    newest().answer("prices.onPrice", 4);
    newest().event(4, { type: "started", resumed: false, instance: "a" });
    for (const cents of [1, 2]) {
      newest().event(4, { type: "data", instance: "a", data: { symbol: "ACME", cents } });
    }
    client.prices.onPrice.subscribe(
      { symbol: "ACME" },
      { onData: ({ cents }) => seen.push(cents) },
    );
    newest().event(4, { type: "started", resumed: false, instance: "b" });
    expect(seen).toEqual([2]);
  },
);

describe("an error of the service", () => {
  test("has its name, its retryability and its details", async () => {
    const { client, newest, called } = setUp();
    const answer = called(() => client.orders.place.mutate(order));
    newest().refuse("orders.place", soldOut);
    const error = await answer.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "soldOut", retryable: true, details: { left: 1 } });
    expect(client.orders.place.isError(error)).toBe(true);
    expect(client.orders.place.isError(error, "soldOut")).toBe(true);
    expect(client.orders.place.isError(error, "notFound")).toBe(false);
    expect(isClientError(new Error("of another kind"))).toBe(false);
  });

  test("without data is known by its code", () => {
    const error = new RpcError({ code: 1003, message: "closed" }, contract.errors);
    expect(error).toMatchObject({ name: "closed", retryable: false, details: undefined });
  });

  test("whose details break the contract is a PayloadError, where there are checks", async () => {
    const isLeft = Object.assign((value: unknown) => typeof value === "object", {
      errors: [{ instancePath: "/left", message: "must be integer" }],
    });
    const payloads = Object.fromEntries(
      Object.keys(contract.procedures).map((name) => [name, () => true]),
    );
    const validators = { payloads, details: { soldOut: isLeft } };
    const { client, newest, called } = setUp({ validators });
    const answer = called(() => client.orders.place.mutate(order));
    newest().refuse("orders.place", { ...soldOut, data: { ...soldOut.data, details: "one" } });
    await expect(answer).rejects.toMatchObject({ name: "PayloadError", path: "/left" });
  });
});

test("TanStack's options nest as the client does, and are named as the procedures", async () => {
  const { client, newest, called } = setUp();
  const options = createQueryOptions(client);
  expect(Object.keys(options)).toEqual(["status", "prices", "orders"]);
  expect(options.prices.current.queryKey({ symbol: "A" })).toEqual([
    "tidings",
    "prices.current",
    { symbol: "A" },
  ]);
  const place = options.orders.place.mutationOptions({ retry: 1 });
  expect(place).toMatchObject({ retry: 1, mutationKey: ["tidings", "orders.place"] });
  const context = { client: new QueryClient(), meta: undefined };
  const answer = called(async () => place.mutationFn?.(order, context));
  expect(newest().calls("orders.place")).toEqual([order]);
  newest().answer("orders.place", { order: 8 });
  expect(await answer).toEqual({ order: 8 });
});

test("the hooks of two services in one page have each their own client", () => {
  const url = "ws://server/rpc";
  const shop = createHooks<typeof contract>();
  const users = createHooks<typeof demo>();
  const shopClient = createClient({ contract, url, ...fakeSockets() });
  const usersClient = createClient({ contract: demo, url, ...fakeSockets() });
  function Both() {
    const mine = [shop.useClient() === shopClient, users.useClient() === usersClient];
    const status = shop.useSubscription("prices.onPrice", { symbol: "ACME" }).status;
    return <p>{[...mine, status].join(" ")}</p>;
  }
  render(
    <shop.TidingsProvider client={shopClient}>
      <users.TidingsProvider client={usersClient}>
        <Both />
      </users.TidingsProvider>
    </shop.TidingsProvider>,
  );
  expect(screen.getByText("true true connecting")).toBeDefined();
});
