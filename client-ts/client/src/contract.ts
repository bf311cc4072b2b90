/** A contract: the client's table of procedures and errors, and the types from which all others are derived. */

import type { CallFailure, ErrorEntry, ErrorTable, RpcError, TidingsErrorName } from "./errors.js";
import type { EventId } from "./events.js";
import type { Validate } from "./validation.js";

/** The input of a procedure that takes none. */
export type NoInput = Record<string, never>;

/** The types of one procedure. `error` unites the names of the errors that it declares. */
export type ProcedureTypes =
  | { kind: "query" | "mutation"; input: unknown; output: unknown; error: string }
  | { kind: "subscription"; input: unknown; data: unknown; error: string; resumable: boolean };

/** A subscription's entry in the table. */
export interface SubscriptionEntry<Resumable extends boolean = boolean> {
  readonly kind: "subscription";
  /** The method that ends it. */
  readonly unsubscribe: string;
  /** `log`: every event counts. `state` and `members`: only the newest counts, and there is no resume. */
  readonly feed: "log" | "state" | "members";
  /** Whether it can go on after a `lastEventId`. */
  readonly resumable: Resumable;
}

/** A procedure's entry in the table. */
export type ProcedureEntry<Types extends ProcedureTypes = ProcedureTypes> = Types extends {
  resumable: infer Resumable extends boolean;
}
  ? SubscriptionEntry<Resumable>
  : { readonly kind: Types["kind"] };

/** Procedures and groups of them by the segments of their names: `prices.onPrice` is in the group `prices`. */
export interface ProcedureGroup {
  readonly [segment: string]: ProcedureTypes | ProcedureGroup;
}

/** The dotted names of a group's procedures, those of inner groups included. */
type NamesIn<Group, Prefix extends string = ""> = string extends keyof Group
  ? string
  : {
      [Segment in keyof Group & string]: Group[Segment] extends ProcedureTypes
        ? `${Prefix}${Segment}`
        : NamesIn<Group[Segment], `${Prefix}${Segment}.`>;
    }[keyof Group & string];

/** The procedure of a group with a dotted name. */
type Under<Group, Name> = Name extends keyof Group
  ? Group[Name]
  : Name extends `${infer Head}.${infer Rest}`
    ? Head extends keyof Group
      ? Under<Group[Head], Rest>
      : never
    : never;

/** A group's procedures by their dotted names, those of inner groups included. */
type Flat<Group> = {
  [Name in NamesIn<Group>]: Extract<Under<Group, Name>, ProcedureTypes>;
};

/**
 * The procedures and errors of one service. `@tidings/codegen` writes it; nobody writes it by hand.
 *
 * @typeParam Procedures the types of each procedure, in groups
 * @typeParam Errors the type of the details of each error that the service declares, by its name;
 *   undefined where it has none
 */
export interface Contract<
  Procedures extends ProcedureGroup,
  Errors extends Record<string, unknown>,
> {
  /** By dotted name. */
  readonly procedures: {
    readonly [Name in keyof Flat<Procedures>]: ProcedureEntry<Flat<Procedures>[Name]>;
  };
  readonly errors: { readonly [Name in keyof Errors]: ErrorEntry };
  /** Absent at run time: it carries the types. */
  readonly types?: { groups: Procedures; procedures: Flat<Procedures>; errors: Errors };
}

/** A contract of any service. */
export interface AnyContract {
  readonly procedures: Readonly<Record<string, ProcedureEntry>>;
  readonly errors: ErrorTable;
  readonly types?: {
    groups: ProcedureGroup;
    procedures: Record<string, ProcedureTypes>;
    errors: Record<string, unknown>;
  };
}

type ProceduresOf<C extends AnyContract> = NonNullable<C["types"]>["procedures"];
type NamesOf<C extends AnyContract, Kind> = {
  [Name in keyof ProceduresOf<C>]: ProceduresOf<C>[Name]["kind"] extends Kind ? Name : never;
}[keyof ProceduresOf<C>] &
  string;

/** The procedures of a contract, in groups. */
export type GroupsOf<C extends AnyContract> = NonNullable<C["types"]>["groups"];

/** The dotted name of any procedure of a contract. */
export type ProcedureName<C extends AnyContract> = keyof ProceduresOf<C> & string;
export type QueryName<C extends AnyContract> = NamesOf<C, "query">;
export type MutationName<C extends AnyContract> = NamesOf<C, "mutation">;
export type SubscriptionName<C extends AnyContract> = NamesOf<C, "subscription">;

/**
 * What a procedure takes. A subscription that can be resumed also takes `lastEventId`, the last event
 * that the caller has: the stream goes on after it. Without it, the stream begins now.
 */
export type Input<
  C extends AnyContract,
  Name extends ProcedureName<C>,
> = ProceduresOf<C>[Name] extends { resumable: true; input: infer Author }
  ? [Author] extends [NoInput]
    ? { lastEventId?: EventId | undefined }
    : Author & { lastEventId?: EventId | undefined }
  : ProceduresOf<C>[Name]["input"];

/** The output of a query or mutation. */
export type Output<
  C extends AnyContract,
  Name extends ProcedureName<C>,
> = ProceduresOf<C>[Name] extends { output: infer T } ? T : never;

/** The data of a subscription's events. */
export type Data<
  C extends AnyContract,
  Name extends ProcedureName<C>,
> = ProceduresOf<C>[Name] extends { data: infer T } ? T : never;

/** The names of the errors that a procedure declares, beside those that any call can meet. */
export type ErrorName<
  C extends AnyContract,
  Name extends ProcedureName<C>,
> = ProceduresOf<C>[Name]["error"];

/** An error of each of these names, with its details. */
type RpcErrors<C extends AnyContract, Name> = Name extends string
  ? RpcError<Name, Name extends "unknownError" ? unknown : DetailsOf<C, Name>>
  : never;
type DetailsOf<C extends AnyContract, Name> = Name extends keyof NonNullable<C["types"]>["errors"]
  ? NonNullable<C["types"]>["errors"][Name]
  : undefined;

/**
 * Everything that one procedure can fail with: the errors that it declares, Tidings' own, and those of
 * the connection. `name` tells them apart, and gives `details` its type.
 *
 * @example
 * function explain(error: ErrorOf<typeof contract, "orders.place">): string {
 *   if (error.name === "soldOut") return `Only ${error.details.left} are left.`;
 *   return error.message;
 * }
 */
export type ErrorOf<C extends AnyContract, Name extends ProcedureName<C> = ProcedureName<C>> =
  | RpcErrors<C, ErrorName<C, Name> | TidingsErrorName | "unknownError">
  | CallFailure;

/** A check for each payload of a contract. `@tidings/codegen --validators` writes it. */
export interface Validators<C extends AnyContract> {
  /** What each query and mutation answers and each event carries, by procedure. */
  readonly payloads: { readonly [Name in ProcedureName<C>]: Validate };
  /** The details of each error that has some. */
  readonly details: { readonly [Name in keyof NonNullable<C["types"]>["errors"]]?: Validate };
}
