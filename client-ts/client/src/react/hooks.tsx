import { createContext, type ReactNode, useContext } from "react";
import type { Client, ClientMembers } from "../client.js";
import type { AnyContract, Data, ErrorOf, Input, SubscriptionName } from "../contract.js";
import type { SkipToken, SubscriptionResult } from "../observer.js";
import { procedureAt } from "../procedures.js";
import type { ConnectionState } from "../transport.js";
import { useConnectionStateOf } from "./useConnectionStateOf.js";
import { type UseSubscriptionOptions, useSubscriptionOf } from "./useSubscriptionOf.js";

/** The hooks of one service. */
export interface Hooks<C extends AnyContract> {
  /** Hands a client to the hooks below. It does not close it: whoever made the client does. */
  TidingsProvider(props: { client: Client<C>; children?: ReactNode }): ReactNode;
  /**
   * The client of the nearest provider.
   *
   * @throws {Error} outside of any provider
   */
  useClient(): Client<C>;
  /** The connection state of the provider's client. */
  useConnectionState(): ConnectionState;
  /**
   * Follows a subscription while the component is mounted.
   *
   * It restarts, with no data, when the procedure, the input's value or `enabled` changes; not when
   * the input is merely another object, nor when a handler changes.
   *
   * @example
   * const { data, status } = useSubscription("prices.onPrice", { symbol: "ACME" });
   */
  useSubscription<Name extends SubscriptionName<C>>(
    name: Name,
    input: Input<C, Name> | SkipToken,
    options?: UseSubscriptionOptions<Data<C, Name>, ErrorOf<C, Name>>,
  ): SubscriptionResult<Data<C, Name>, ErrorOf<C, Name>>;
}

/**
 * Makes the hooks of one service, typed by its contract. They have a React context of their own: a page
 * with two services calls this twice.
 *
 * @example
 * export const { TidingsProvider, useSubscription } = createHooks<typeof contract>();
 */
export function createHooks<C extends AnyContract>(): Hooks<C> {
  const ClientContext = createContext<(ClientMembers & object) | undefined>(undefined);

  function useClient() {
    const client = useContext(ClientContext);
    if (client === undefined) {
      throw new Error(
        "There is no Tidings client here. Wrap the component in the <TidingsProvider client={…}> of the same createHooks().",
      );
    }
    return client;
  }

  const hooks = {
    TidingsProvider: ({ client, children }: { client: ClientMembers; children?: ReactNode }) => (
      <ClientContext value={client}>{children}</ClientContext>
    ),
    useClient,
    useConnectionState: () => useConnectionStateOf(useClient()),
    useSubscription: (
      name: string,
      input: unknown,
      options?: UseSubscriptionOptions<unknown>,
    ): SubscriptionResult<unknown> =>
      useSubscriptionOf(procedureAt(useClient(), name), input, options),
  };
  // The same functions, with the types of the contract.
  return hooks as unknown as Hooks<C>;
}
