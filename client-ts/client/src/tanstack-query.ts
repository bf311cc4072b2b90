/** TanStack Query's options for every query of the contract, and subscriptions that write its cache. */

import {
  type DataTag,
  hashKey,
  type QueryClient,
  type QueryFunction,
  type SkipToken as QuerySkipToken,
  skipToken as querySkipToken,
} from "@tanstack/react-query";
import type {
  CallOptions,
  Client,
  Data,
  Input,
  Output,
  QueryName,
  SubscriptionName,
} from "./client.js";
import type { ClientError } from "./errors.js";
import { procedures } from "./generated/contract.js";
import { type ObserverHandlers, type SkipToken, skipToken } from "./observer.js";

/** A cache key that knows the type of what is cached, so that `getQueryData(key)` is typed. */
export type QueryKey<Name extends QueryName> = DataTag<
  readonly ["tidings", Name, Input<Name>?],
  Output<Name>,
  ClientError
>;

type QueryArguments<Name extends QueryName> =
  Record<never, never> extends Input<Name>
    ? [input?: Input<Name> | SkipToken]
    : [input: Input<Name> | SkipToken];

/** The helpers of one query. */
export interface QueryHelpers<Name extends QueryName> {
  /**
   * For `useQuery`, `fetchQuery` and their kin; spread it to add options of their own. With `skipToken`
   * for an input, nothing is fetched.
   */
  queryOptions(...args: QueryArguments<Name>): {
    queryKey: QueryKey<Name>;
    queryFn: QueryFunction<Output<Name>, QueryKey<Name>> | QuerySkipToken;
  };
  /** The key of one input; without one, the key that all inputs of the procedure begin with. */
  queryKey(input?: Input<Name>): QueryKey<Name>;
}

export type QueryOptions = { readonly [Name in QueryName]: QueryHelpers<Name> };

/** The option helpers of all queries, bound to a client. */
export function createQueryOptions(client: Client): QueryOptions {
  type Call = (input: unknown, options: CallOptions) => Promise<unknown>;
  const helpers = Object.entries(procedures)
    .filter(([, { kind }]) => kind === "query")
    .map(([name]) => {
      const { query } = client[name as QueryName] as { query: Call };
      const queryKey = (input?: unknown) =>
        input === undefined ? ["tidings", name] : ["tidings", name, input];
      const queryOptions = (input?: unknown) =>
        input === skipToken
          ? { queryKey: queryKey(), queryFn: querySkipToken }
          : {
              queryKey: queryKey(input),
              queryFn: ({ signal }: { signal: AbortSignal }) => query(input, { signal }),
            };
      return [name, { queryKey, queryOptions }];
    });
  return Object.fromEntries(helpers) as QueryOptions;
}

/**
 * Handlers for `useSubscription` that keep a cached query up to date: each payload is written to it.
 *
 * The query is fetched anew after a gap, and when the subscription is live for the first time: what was
 * fetched before then may lack what was published in between. A query that has failed is tried again
 * whenever the subscription is live again. A query that nobody has asked for yet is left alone.
 *
 * A fetch that is under way when a payload arrives is given up, so that an older snapshot cannot
 * overwrite a newer payload.
 */
export function keepUpdated<Name extends SubscriptionName>(
  queryClient: QueryClient,
  queryKey: DataTag<readonly unknown[], Data<Name>, unknown>,
): Required<Pick<ObserverHandlers<Data<Name>>, "onStarted" | "onData" | "onGap">> {
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
      queryClient.setQueryData<Data<Name>>(queryKey, data);
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
