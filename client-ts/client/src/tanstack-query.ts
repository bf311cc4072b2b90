/**
 * TanStack Query's options for the queries and mutations of a contract, and subscriptions that write its
 * cache.
 */

import {
  type DataTag,
  hashKey,
  type QueryClient,
  type SkipToken as QuerySkipToken,
  skipToken as querySkipToken,
  type UseMutationOptions,
  type UseQueryOptions,
} from "@tanstack/react-query";
import type { Client } from "./client.js";
import type {
  AnyContract,
  ErrorOf,
  GroupsOf,
  Input,
  MutationName,
  Output,
  QueryName,
} from "./contract.js";
import { type ObserverHandlers, type SkipToken, skipToken } from "./observer.js";
import type { CallOptions } from "./procedures.js";

/** A cache key that knows the type of what is cached, so that `getQueryData(key)` is typed. */
export type QueryKey<C extends AnyContract, Name extends QueryName<C>> = DataTag<
  readonly ["tidings", Name, Input<C, Name>?],
  Output<C, Name>,
  ErrorOf<C, Name>
>;

type QueryArguments<Input> =
  Record<never, never> extends Input ? [input?: Input | SkipToken] : [input: Input | SkipToken];

/** The helpers of one query. */
export interface QueryHelpers<C extends AnyContract, Name extends QueryName<C>> {
  /**
   * For `useQuery`, `fetchQuery` and their kin; spread it to add options of their own. With `skipToken`
   * for an input, nothing is fetched.
   */
  queryOptions(...args: QueryArguments<Input<C, Name>>): QueryOptionsOf<C, Name>;
  /** The key of one input; without one, the key that all inputs of the procedure begin with. */
  queryKey(input?: Input<C, Name>): QueryKey<C, Name>;
}

/** What `queryOptions` gives. */
export type QueryOptionsOf<C extends AnyContract, Name extends QueryName<C>> = Pick<
  UseQueryOptions<Output<C, Name>, ErrorOf<C, Name>, Output<C, Name>, QueryKey<C, Name>>,
  // Neither is set: they carry the type of the error to `useQuery`.
  "retry" | "throwOnError"
> & {
  queryKey: QueryKey<C, Name>;
  queryFn: ((context: { signal: AbortSignal }) => Promise<Output<C, Name>>) | QuerySkipToken;
};

/** The helpers of one mutation. */
export interface MutationHelpers<C extends AnyContract, Name extends MutationName<C>> {
  /**
   * For `useMutation`, with options of your own: an optimistic `onMutate`, `onError` with the typed error.
   * The variables are the procedure's input.
   */
  mutationOptions<Context = unknown>(
    options?: Omit<MutationOptionsOf<C, Name, Context>, "mutationKey" | "mutationFn">,
  ): MutationOptionsOf<C, Name, Context>;
  /** For `useIsMutating` and `useMutationState`. */
  mutationKey(): readonly ["tidings", Name];
}

/** What `mutationOptions` gives. */
export type MutationOptionsOf<
  C extends AnyContract,
  Name extends MutationName<C>,
  Context = unknown,
> = UseMutationOptions<
  Output<C, Name>,
  ErrorOf<C, Name>,
  // biome-ignore lint/suspicious/noConfusingVoidType: `mutate()` without variables needs it.
  Record<never, never> extends Input<C, Name> ? Input<C, Name> | void : Input<C, Name>,
  Context
>;

/** The option helpers of a contract, in groups as the client's procedures are. */
export type QueryOptions<C extends AnyContract, Group = GroupsOf<C>, Prefix extends string = ""> = {
  readonly [Segment in keyof Group as Group[Segment] extends { kind: "subscription" }
    ? never
    : Segment]: Group[Segment] extends { kind: "query" }
    ? QueryHelpers<C, `${Prefix}${Segment & string}` & QueryName<C>>
    : Group[Segment] extends { kind: "mutation" }
      ? MutationHelpers<C, `${Prefix}${Segment & string}` & MutationName<C>>
      : QueryOptions<C, Group[Segment], `${Prefix}${Segment & string}.`>;
};

/**
 * The option helpers of all queries and mutations, bound to a client.
 *
 * @example
 * const tidings = createQueryOptions(client);
 * const price = useQuery(tidings.prices.current.queryOptions({ symbol: "ACME" }));
 * const place = useMutation(tidings.orders.place.mutationOptions());
 */
export function createQueryOptions<C extends AnyContract>(client: Client<C>): QueryOptions<C> {
  return helpersOf(client) as QueryOptions<C>;
}

type Call = (input: unknown, options?: CallOptions) => Promise<unknown>;

/** What a group of procedures holds. Only procedures have functions, so a group may be called `query`. */
function helpersOf(group: object, path: string[] = []): object {
  const helpers = Object.entries(group).flatMap(([segment, member]): [string, object][] => {
    const name = [...path, segment].join(".");
    const { query, mutate, subscribe } = member as { [kind: string]: unknown };
    if (typeof query === "function") return [[segment, queryHelpers(name, query as Call)]];
    if (typeof mutate === "function") return [[segment, mutationHelpers(name, mutate as Call)]];
    if (typeof member === "function" || typeof subscribe === "function") return [];
    return [[segment, helpersOf(member, [...path, segment])]];
  });
  return Object.fromEntries(helpers);
}

function queryHelpers(name: string, query: Call) {
  const queryKey = (input?: unknown) =>
    input === undefined ? ["tidings", name] : ["tidings", name, input];
  const queryOptions = (input?: unknown) =>
    input === skipToken
      ? { queryKey: queryKey(), queryFn: querySkipToken }
      : {
          queryKey: queryKey(input),
          queryFn: ({ signal }: { signal: AbortSignal }) => query(input, { signal }),
        };
  return { queryKey, queryOptions };
}

function mutationHelpers(name: string, mutate: Call) {
  const mutationKey = () => ["tidings", name];
  const mutationOptions = (options?: object) => ({
    ...options,
    mutationKey: mutationKey(),
    mutationFn: (input: unknown) => mutate(input),
  });
  return { mutationKey, mutationOptions };
}

/**
 * Handlers for `useSubscription` that keep a cached query up to date: each payload is written to it.
 *
 * The query is fetched again after a gap, and when the subscription is live for the first time: what was
 * fetched before then may lack what was published in between. A query that has failed is tried again
 * whenever the subscription is live again. A query that nobody has asked for yet is left alone.
 *
 * A fetch that is under way when a payload arrives is given up, so that an older snapshot cannot
 * overwrite a newer payload.
 */
export function keepUpdated<T>(
  queryClient: QueryClient,
  queryKey: DataTag<readonly unknown[], T, unknown>,
): Required<Pick<ObserverHandlers<T>, "onStarted" | "onData" | "onGap">> {
  const fetchAnew = () => {
    // It may have been asked for too early to count, and a first fetch is never asked for twice at once.
    void queryClient.cancelQueries({ queryKey });
    return queryClient.invalidateQueries({ queryKey }, { throwOnError: true });
  };
  return {
    onStarted(_, first) {
      const failed = queryClient.getQueryState(queryKey)?.status === "error";
      // Its failure is the query's own state, and shown where that is.
      if (first || failed) fetchAnew().catch(() => {});
    },
    onData(data) {
      void queryClient.cancelQueries({ queryKey });
      queryClient.setQueryData<T>(queryKey, data);
    },
    // Where the fetch fails, the gap lasts until another one succeeds or a payload comes.
    onGap: () => fetchAnew().catch(() => nextSuccess(queryClient, queryKey)),
  };
}

/** Waits until the query has data that are newer than now. */
function nextSuccess(queryClient: QueryClient, queryKey: readonly unknown[]): Promise<void> {
  const cache = queryClient.getQueryCache();
  const hash = hashKey(queryKey);
  return new Promise((resolve) => {
    const unsubscribe = cache.subscribe((event) => {
      if (event.type !== "updated" || event.action.type !== "success") return;
      if (event.query.queryHash !== hash) return;
      unsubscribe();
      resolve();
    });
  });
}
