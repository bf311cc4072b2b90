/** Checked by `npm run types`; nothing here runs. */
import { type QueryClient, useQuery } from "@tanstack/react-query";
import {
  type Client,
  type ClientError,
  type DataEvent,
  type ErrorCode,
  type ErrorName,
  type OnUpdatesEvent,
  type ProcedureName,
  type QueryName,
  RpcError,
  type SubscriptionEvent,
  type SubscriptionName,
  type SubscriptionResult,
  type User,
} from "@tidings/client";
import { skipToken, useSubscription } from "@tidings/client/react";
import { keepUpdated, type QueryOptions } from "@tidings/client/tanstack-query";
import { expectTypeOf } from "vitest";

declare const client: Client;
declare const queryClient: QueryClient;
declare const options: QueryOptions;

// Names.
expectTypeOf<ProcedureName>().toEqualTypeOf<
  "allUsers" | "userById" | "onUpdates" | "onInstances"
>();
expectTypeOf<QueryName>().toEqualTypeOf<"allUsers" | "userById">();
expectTypeOf<SubscriptionName>().toEqualTypeOf<"onUpdates" | "onInstances">();
// @ts-expect-error there is no such procedure
client.nobody;
// @ts-expect-error a query cannot be subscribed to
client.allUsers.subscribe;
// @ts-expect-error a subscription cannot be queried
client.onUpdates.query;

// Inputs.
client.allUsers.query();
client.allUsers.query(undefined, { signal: new AbortController().signal });
client.userById.query({ id: "1" }, { timeoutMs: 1_000 });
// @ts-expect-error the input is missing
client.userById.query();
// @ts-expect-error an id is a text
client.userById.query({ id: 1 });
// @ts-expect-error there is no such member
client.userById.query({ id: "1", name: "x" });
// @ts-expect-error allUsers takes no input
client.allUsers.query({ id: "1" });
// @ts-expect-error the channel is missing
client.onUpdates.subscribe({}, {});

// Outputs and payloads.
expectTypeOf(client.allUsers.query()).resolves.toEqualTypeOf<User[]>();
expectTypeOf(client.userById.query({ id: "1" })).resolves.toEqualTypeOf<User>();
expectTypeOf<User["bio"]>().toEqualTypeOf<string | undefined>();
expectTypeOf<OnUpdatesEvent>().toEqualTypeOf<SubscriptionEvent<User[]>>();
client.onUpdates.subscribe(
  { channel: "list-1" },
  {
    onData(users, event) {
      expectTypeOf(users).toEqualTypeOf<User[]>();
      expectTypeOf(event).toEqualTypeOf<DataEvent<User[]>>();
      // @ts-expect-error a user has no such member
      users[0]?.shoeSize;
    },
    onError: (error) => expectTypeOf(error).toEqualTypeOf<ClientError>(),
  },
);

// Errors.
expectTypeOf<ErrorName<"userById">>().toEqualTypeOf<"notFound">();
expectTypeOf<ErrorName<"allUsers">>().toBeNever();
expectTypeOf<ErrorName<"onUpdates">>().toExtend<ErrorCode>();
declare const error: ClientError;
if (error.name === "ConnectionLostError") expectTypeOf(error.reason).toBeString();
if (error instanceof RpcError && error.name === "notFound") expectTypeOf(error.code).toBeNumber();
// @ts-expect-error there is no such error
if (error.name === "notfound") error;

// The hook.
export function TypesOfTheHook() {
  const live = useSubscription("onUpdates", { channel: "list-1" });
  expectTypeOf(live).toEqualTypeOf<SubscriptionResult<User[]>>();
  if (live.status === "idle") expectTypeOf(live.data).toBeUndefined();
  if (live.status === "pending") expectTypeOf(live.error).toBeNull();
  if (live.status === "error") expectTypeOf(live.error).toEqualTypeOf<ClientError>();
  expectTypeOf(live.data).toEqualTypeOf<User[] | undefined>();
  useSubscription("onUpdates", skipToken, {
    onData: (users) => expectTypeOf(users).toEqualTypeOf<User[]>(),
  });
  // @ts-expect-error only subscriptions
  useSubscription("allUsers", {});
  // @ts-expect-error a channel is a text
  useSubscription("onUpdates", { channel: 1 });
}

// TanStack Query.
export function TypesOfTheQueryHelpers() {
  expectTypeOf(useQuery(options.allUsers.queryOptions()).data).toEqualTypeOf<User[] | undefined>();
  const skipped = useQuery(options.userById.queryOptions(skipToken));
  expectTypeOf(skipped.data).toEqualTypeOf<User | undefined>();
  const one = options.userById.queryKey({ id: "1" });
  expectTypeOf(queryClient.getQueryData(one)).toEqualTypeOf<User | undefined>();

  const all = options.allUsers.queryKey();
  useSubscription("onUpdates", { channel: "list-1" }, keepUpdated(queryClient, all));
  // @ts-expect-error one user is not what the subscription sends
  useSubscription("onUpdates", { channel: "list-1" }, keepUpdated(queryClient, one));
}
