/** The members of a client: one for each procedure of its contract. */

import type {
  AnyContract,
  Data,
  ErrorOf,
  Input,
  MutationName,
  Output,
  ProcedureName,
  ProcedureTypes,
  QueryName,
  SubscriptionName,
} from "./contract.js";
import type { ClientError } from "./errors.js";
import type { SubscriptionHandlers } from "./handlers.js";

export interface CallOptions {
  /** Gives the call up: it rejects with the signal's reason. The server is not told. */
  signal?: AbortSignal | undefined;
  /** @default that of the client, see `callTimeoutMs` */
  timeoutMs?: number;
}

/** The arguments of a call: the input may be left out where the procedure takes none. */
export type CallArguments<Input> =
  Record<never, never> extends Input
    ? [input?: Input | undefined, options?: CallOptions]
    : [input: Input, options?: CallOptions];

/** A subscriber's hold on its subscription. */
export interface Subscription {
  /** Unsubscribes. No handler is called any more. The server is informed after the last one. */
  unsubscribe(): void;
}

/** The members that procedures of every kind have. */
interface Procedure<Failure extends { name: string }> {
  /**
   * Whether a caught value is an error of this package, with this name if one is given. The type is
   * narrowed to the errors of this procedure, so use it for what a call of this procedure threw: at run
   * time, an error of another procedure passes, too.
   *
   * @example
   * try {
   *   await client.orders.place.mutate(order);
   * } catch (error) {
   *   if (!client.orders.place.isError(error, "soldOut")) throw error;
   *   console.log(error.details.left);
   * }
   */
  isError(error: unknown): error is Failure;
  isError<Name extends Failure["name"]>(
    error: unknown,
    name: Name,
  ): error is Extract<Failure, { name: Name }>;
}

export interface QueryProcedure<Input, Output, Failure extends ClientError = ClientError>
  extends Procedure<Failure> {
  /**
   * Asks the server. Waits while the connection is being made.
   *
   * @throws {ClientError} see `isError`. Nothing is repeated on its own.
   */
  query(...args: CallArguments<Input>): Promise<Output>;
}

export interface MutationProcedure<Input, Output, Failure extends ClientError = ClientError>
  extends Procedure<Failure> {
  /**
   * Calls a procedure that changes something. Waits while the connection is being made.
   *
   * @throws {ClientError} see `isError`. Nothing is repeated on its own: after `ConnectionLostError` it
   *   is unknown whether the change was made.
   */
  mutate(...args: CallArguments<Input>): Promise<Output>;
}

export interface SubscriptionProcedure<Input, Data, Failure extends ClientError = ClientError>
  extends Procedure<Failure> {
  /**
   * Follows a channel until `unsubscribe`, through lost connections and leaving replicas. Equal
   * subscriptions (same procedure, equal input) share one on the server.
   */
  subscribe(input: Input, handlers: SubscriptionHandlers<Data, Failure>): Subscription;
}

/** One procedure of a contract, by its dotted name. */
export type ProcedureOf<C extends AnyContract, Name extends ProcedureName<C>> =
  Name extends QueryName<C>
    ? QueryProcedure<Input<C, Name>, Output<C, Name>, ErrorOf<C, Name>>
    : Name extends MutationName<C>
      ? MutationProcedure<Input<C, Name>, Output<C, Name>, ErrorOf<C, Name>>
      : Name extends SubscriptionName<C>
        ? SubscriptionProcedure<Input<C, Name>, Data<C, Name>, ErrorOf<C, Name>>
        : never;

/**
 * The members of a client for a group of procedures. Mapped over the contract's own type, so that an
 * editor shows the comments of each procedure and leads to its types.
 */
export type Procedures<C extends AnyContract, Group, Prefix extends string = ""> = {
  readonly [Segment in keyof Group]: Group[Segment] extends ProcedureTypes
    ? ProcedureOf<C, `${Prefix}${Segment & string}` & ProcedureName<C>>
    : Procedures<C, Group[Segment], `${Prefix}${Segment & string}.`>;
};

/** Groups members by the segments of their dotted names. */
export function nest(members: Iterable<readonly [name: string, member: unknown]>): object {
  type Group = { [segment: string]: unknown };
  const root: Group = {};
  for (const [name, member] of members) {
    const path = name.split(".");
    const last = path.pop() ?? name;
    let group = root;
    for (const segment of path) {
      // A group may be called `constructor`, which every object inherits.
      if (!Object.hasOwn(group, segment)) group[segment] = {};
      group = group[segment] as Group;
    }
    group[last] = member;
  }
  return root;
}

/** The subscription of a client at a dotted name. */
export function procedureAt(client: object, name: string): SubscriptionProcedure<unknown, unknown> {
  // The types allow no other name.
  return name
    .split(".")
    .reduce((group, segment) => (group as Record<string, object>)[segment] ?? {}, client) as never;
}
