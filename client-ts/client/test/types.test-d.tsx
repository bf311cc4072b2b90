/** Checked by `npm run types`; nothing here runs. */
import { type QueryClient, useMutation, useQuery } from "@tanstack/react-query";
import {
  type Client,
  type ClientError,
  createClient,
  type Data,
  type DataEvent,
  type ErrorName,
  type ErrorOf,
  type Input,
  type MutationName,
  type Output,
  type ProcedureName,
  type QueryName,
  RpcError,
  type SubscriptionName,
  type SubscriptionResult,
  type TidingsErrorName,
} from "@tidings/client";
import { createHooks, skipToken } from "@tidings/client/react";
import { createQueryOptions, keepUpdated } from "@tidings/client/tanstack-query";
import { expectTypeOf } from "vitest";
import { contract as demo, validators as demoValidators } from "./support/contract.js";
import { contract, type Item, type Price } from "./support/shop.js";

type Shop = typeof contract;
declare const queryClient: QueryClient;
const client = createClient({ contract, url: "ws://server/rpc" });
const { useClient, useConnectionState, useSubscription, TidingsProvider } = createHooks<Shop>();
const options = createQueryOptions(client);

// Making one.
expectTypeOf(client).toEqualTypeOf<Client<Shop>>();
createClient({ contract: demo, validators: demoValidators });
// @ts-expect-error the contract is missing
createClient({ url: "ws://server/rpc" });
// @ts-expect-error the checks are those of another contract
createClient({ contract, validators: demoValidators });

// Names.
expectTypeOf<ProcedureName<Shop>>().toEqualTypeOf<
  | "status"
  | "prices.current"
  | "prices.onPrice"
  | "orders.place"
  | "orders.history.onOrder"
  | "orders.clear"
>();
expectTypeOf<QueryName<Shop>>().toEqualTypeOf<"status" | "prices.current">();
expectTypeOf<MutationName<Shop>>().toEqualTypeOf<"orders.place" | "orders.clear">();
expectTypeOf<SubscriptionName<Shop>>().toEqualTypeOf<"prices.onPrice" | "orders.history.onOrder">();
// @ts-expect-error there is no such procedure
client.nobody;
// @ts-expect-error there is no such procedure in this group
client.prices.place;
// @ts-expect-error a group is no procedure
client.prices.query;
// @ts-expect-error a dotted name is found in its group
client["prices.current"];
// @ts-expect-error a query cannot be subscribed to
client.prices.current.subscribe;
// @ts-expect-error a query changes nothing
client.prices.current.mutate;
// @ts-expect-error a mutation cannot be queried
client.orders.place.query;
// @ts-expect-error a subscription cannot be queried
client.orders.history.onOrder.query;

// Inputs.
client.status.query();
client.status.query(undefined, { signal: new AbortController().signal });
client.orders.clear.mutate();
client.prices.current.query({ symbol: "ACME" }, { timeoutMs: 1_000 });
// @ts-expect-error the input is missing
client.prices.current.query();
// @ts-expect-error a symbol is a text
client.prices.current.query({ symbol: 1 });
// @ts-expect-error there is no such member
client.prices.current.query({ symbol: "ACME", name: "x" });
// @ts-expect-error status takes no input
client.status.query({ symbol: "ACME" });
// @ts-expect-error a member is missing
client.orders.place.mutate({ sku: "x" });
// @ts-expect-error the symbol is missing
client.prices.onPrice.subscribe({}, {});

// The cursor is the protocol's: a log has one although its author's input does not.
client.orders.history.onOrder.subscribe({}, {});
client.orders.history.onOrder.subscribe({ lastEventId: "e:1" }, {});
expectTypeOf<Input<Shop, "prices.onPrice">>().toEqualTypeOf<{ symbol: string }>();
// @ts-expect-error a state has none
client.prices.onPrice.subscribe({ symbol: "ACME", lastEventId: "e:1" }, {});
// @ts-expect-error an id is a text
client.orders.history.onOrder.subscribe({ lastEventId: 1 }, {});

// Outputs and payloads.
expectTypeOf(client.status.query()).resolves.toEqualTypeOf<"open" | "closed">();
expectTypeOf(client.orders.place.mutate({ sku: "x", count: 1 })).resolves.toEqualTypeOf<{
  order: number;
}>();
expectTypeOf<Output<Shop, "prices.current">>().toEqualTypeOf<Price>();
expectTypeOf<Data<Shop, "orders.history.onOrder">>().toEqualTypeOf<Item[]>();
client.orders.history.onOrder.subscribe(
  {},
  {
    onData(items, event) {
      expectTypeOf(items).toEqualTypeOf<Item[]>();
      expectTypeOf(event).toEqualTypeOf<DataEvent<Item[]>>();
      // @ts-expect-error an item has no such member
      items[0]?.shoeSize;
    },
    onError: (error) =>
      expectTypeOf(error).toEqualTypeOf<ErrorOf<Shop, "orders.history.onOrder">>(),
  },
);

// Errors.
type PlaceError = ErrorOf<Shop, "orders.place">;
expectTypeOf<ErrorName<Shop, "orders.place">>().toEqualTypeOf<"notFound" | "soldOut" | "closed">();
expectTypeOf<ErrorName<Shop, "status">>().toBeNever();
declare const error: PlaceError;
if (error.name === "soldOut") expectTypeOf(error.details).toEqualTypeOf<{ left: number }>();
if (error.name === "closed") expectTypeOf(error.details).toBeUndefined();
if (error.name === "notFound") expectTypeOf(error.details).toBeUndefined();
if (error.name === "unknownError") expectTypeOf(error.details).toBeUnknown();
if (error.name === "ConnectionLostError") expectTypeOf(error.reason).toBeString();
if (error instanceof RpcError) {
  expectTypeOf(error.code).toBeNumber();
  expectTypeOf(error.name).toEqualTypeOf<
    TidingsErrorName | "soldOut" | "closed" | "unknownError"
  >();
}
expectTypeOf<PlaceError>().toExtend<ClientError>();
// @ts-expect-error there is no such error
if (error.name === "soldout") error;
// @ts-expect-error only soldOut has details with this member
error.details.left;
declare const priceError: ErrorOf<Shop, "prices.current">;
// @ts-expect-error the procedure does not declare it
if (priceError.name === "soldOut") priceError;
try {
  await client.orders.place.mutate({ sku: "x", count: 1 });
} catch (caught) {
  if (client.orders.place.isError(caught, "soldOut"))
    expectTypeOf(caught.details.left).toBeNumber();
  if (client.orders.place.isError(caught)) expectTypeOf(caught).toEqualTypeOf<PlaceError>();
  // @ts-expect-error the procedure does not declare it
  client.orders.place.isError(caught, "bioTooLong");
}

// The hooks.
export function TypesOfTheHooks() {
  expectTypeOf(useClient()).toEqualTypeOf<Client<Shop>>();
  expectTypeOf(useConnectionState().status).toExtend<string>();
  const live = useSubscription("prices.onPrice", { symbol: "ACME" });
  expectTypeOf(live).toEqualTypeOf<SubscriptionResult<Price, ErrorOf<Shop, "prices.onPrice">>>();
  expectTypeOf(live).toExtend<SubscriptionResult<unknown>>();
  if (live.status === "idle") expectTypeOf(live.data).toBeUndefined();
  if (live.status === "pending") expectTypeOf(live.error).toBeNull();
  expectTypeOf(live.data).toEqualTypeOf<Price | undefined>();
  const orders = useSubscription("orders.history.onOrder", skipToken, {
    onData: (items) => expectTypeOf(items).toEqualTypeOf<Item[]>(),
  });
  if (orders.error?.name === "closed") expectTypeOf(orders.error.details).toBeUndefined();
  // @ts-expect-error only subscriptions
  useSubscription("prices.current", { symbol: "ACME" });
  // @ts-expect-error a symbol is a text
  useSubscription("prices.onPrice", { symbol: 1 });
  const other = createClient({ contract: demo });
  // @ts-expect-error the client is one of another service
  return <TidingsProvider client={other} />;
}

// TanStack Query.
export function TypesOfTheQueryHelpers() {
  const status = useQuery(options.status.queryOptions());
  expectTypeOf(status.data).toEqualTypeOf<"open" | "closed" | undefined>();
  const price = useQuery({ ...options.prices.current.queryOptions({ symbol: "A" }), staleTime: 1 });
  expectTypeOf(price.data).toEqualTypeOf<Price | undefined>();
  expectTypeOf(price.error).toEqualTypeOf<ErrorOf<Shop, "prices.current"> | null>();
  const skipped = useQuery(options.prices.current.queryOptions(skipToken));
  expectTypeOf(skipped.data).toEqualTypeOf<Price | undefined>();
  const one = options.prices.current.queryKey({ symbol: "ACME" });
  expectTypeOf(queryClient.getQueryData(one)).toEqualTypeOf<Price | undefined>();
  // @ts-expect-error the input is missing
  options.prices.current.queryOptions();

  const place = useMutation(
    options.orders.place.mutationOptions({
      onMutate: () => ({ before: 1 }),
      onError(error, item, context) {
        expectTypeOf(error).toEqualTypeOf<PlaceError>();
        expectTypeOf(item).toEqualTypeOf<Item>();
        expectTypeOf(context).toEqualTypeOf<{ before: number } | undefined>();
      },
    }),
  );
  expectTypeOf(place.data).toEqualTypeOf<{ order: number } | undefined>();
  expectTypeOf(place.error).toEqualTypeOf<PlaceError | null>();
  place.mutate({ sku: "x", count: 1 });
  // @ts-expect-error a member is missing
  place.mutate({ sku: "x" });
  const clear = useMutation(options.orders.clear.mutationOptions());
  clear.mutate();
  // @ts-expect-error a subscription is no query
  options.prices.onPrice;
  // @ts-expect-error a mutation is no query
  options.orders.place.queryOptions;

  useSubscription("prices.onPrice", { symbol: "ACME" }, keepUpdated(queryClient, one));
  const all = options.status.queryKey();
  // @ts-expect-error the shop's status is not what the subscription sends
  useSubscription("prices.onPrice", { symbol: "ACME" }, keepUpdated(queryClient, all));
}
