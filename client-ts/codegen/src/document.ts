import { CodegenError, Place } from "./error.js";

/** A JSON Schema, draft-07 as `schemars` writes it. */
export type Schema = boolean | SchemaObject;
export interface SchemaObject {
  readonly [keyword: string]: unknown;
}

/** One method of the document. */
export interface Method {
  readonly name: string;
  readonly kind: "query" | "mutation" | "subscription";
  readonly description: string | undefined;
  readonly deprecated: boolean;
  readonly input: Schema;
  /** The output of a query or mutation, or the data of an event. */
  readonly payload: Schema;
  /** The names of the errors that it declares. */
  readonly errors: readonly string[];
  readonly subscription: Subscription | undefined;
  readonly place: Place;
  /** Where the input and the payload are described. */
  readonly inputPlace: Place;
  readonly payloadPlace: Place;
}

/** The part of a method that only subscriptions have. */
export interface Subscription {
  readonly unsubscribe: string;
  readonly feed: "log" | "state" | "members";
  readonly resumable: boolean;
}

/** One error of the document's table. */
export interface DeclaredError {
  readonly name: string;
  readonly code: number;
  readonly retryable: boolean;
  readonly meaning: string | undefined;
  readonly details: Schema | undefined;
  readonly place: Place;
}

/** The part of a service's OpenRPC document that codegen uses. */
export interface Document {
  readonly title: string;
  readonly methods: readonly Method[];
  readonly schemas: Readonly<Record<string, Schema>>;
  readonly errors: readonly DeclaredError[];
}

type Json = { [member: string]: unknown };

const kinds = ["query", "mutation", "subscription"] as const;
const feeds = ["log", "state", "members"] as const;

/**
 * Reads a document from its JSON.
 *
 * @throws {CodegenError} if it is not the document of a Tidings service
 */
export function readDocument(value: unknown): Document {
  if (!isObject(value) || !Array.isArray(value["methods"])) {
    throw new CodegenError(
      'this is not an OpenRPC document: it has no "methods". Give the openrpc.json of a Tidings service, such as the one that `my-service openrpc` prints.',
    );
  }
  const components = isObject(value["components"]) ? value["components"] : {};
  const errors = Array.isArray(value["x-errors"]) ? value["x-errors"] : [];
  const info = isObject(value["info"]) ? value["info"] : {};
  return {
    title: typeof info["title"] === "string" ? info["title"] : "a Tidings service",
    methods: value["methods"].map(readMethod),
    schemas: isObject(components["schemas"]) ? (components["schemas"] as Document["schemas"]) : {},
    errors: errors.map(readError),
  };
}

function readMethod(value: unknown, index: number): Method {
  const pointer = `#/methods/${index}`;
  if (!isObject(value) || typeof value["name"] !== "string") {
    throw new Place("a method", pointer).fault("it has no name", isThisTidings);
  }
  const { name, description, deprecated, result } = value;
  const place = new Place(`method ${name}`, pointer);
  const kind = oneOf(kinds, value["x-kind"], place.at("x-kind"));
  const subscription = kind === "subscription" ? value["x-subscription"] : undefined;
  if (kind === "subscription" && !isObject(subscription)) {
    throw place.fault("a subscription has no x-subscription", isThisTidings);
  }
  const payload = isObject(subscription)
    ? subscription["data"]
    : isObject(result)
      ? result["schema"]
      : undefined;
  return {
    name,
    kind,
    description: typeof description === "string" ? description : undefined,
    deprecated: deprecated === true,
    input: schemaAt(value["x-input"], place.at("x-input")),
    payload: schemaAt(payload, place),
    errors: (Array.isArray(value["errors"]) ? value["errors"] : []).map((error: unknown, at) => {
      const name = isObject(error) ? String(error["$ref"]).split("/").at(-1) : undefined;
      if (name === undefined) throw place.at("errors", at).fault("it has no $ref", isThisTidings);
      return name;
    }),
    subscription: isObject(subscription) ? readSubscription(subscription, place) : undefined,
    place,
    inputPlace: place.at("x-input"),
    payloadPlace:
      subscription === undefined
        ? place.at("result", "schema")
        : place.at("x-subscription", "data"),
  };
}

function readSubscription(value: Json, place: Place): Subscription {
  const { unsubscribe, resumable } = value;
  const feed = oneOf(feeds, value["feed"], place.at("x-subscription", "feed"));
  if (typeof unsubscribe !== "string") {
    throw place.at("x-subscription").fault("it has no unsubscribe", isThisTidings);
  }
  return { unsubscribe, feed, resumable: resumable === undefined ? feed === "log" : !!resumable };
}

function readError(value: unknown, index: number): DeclaredError {
  const pointer = `#/x-errors/${index}`;
  const { name, code, retryable, meaning, details } = isObject(value) ? value : {};
  if (typeof name !== "string" || typeof code !== "number" || typeof retryable !== "boolean") {
    throw new Place("an error", pointer).fault("name, code or retryable is missing", isThisTidings);
  }
  const place = new Place(`error ${name}`, pointer);
  return {
    name,
    code,
    retryable,
    meaning: typeof meaning === "string" ? meaning : undefined,
    details: details === undefined ? undefined : schemaAt(details, place.at("details")),
    place,
  };
}

const isThisTidings =
  "Is this the openrpc.json of a Tidings service, and is this codegen as new as the service's Tidings?";

function schemaAt(value: unknown, place: Place): Schema {
  if (isObject(value) || typeof value === "boolean") return value;
  throw place.fault("there is no schema", isThisTidings);
}

function oneOf<T extends string>(known: readonly T[], value: unknown, place: Place): T {
  const found = known.find((each) => each === value);
  if (found !== undefined) return found;
  throw place.fault(
    `${JSON.stringify(value) ?? "nothing"} is none of ${known.join(", ")}`,
    isThisTidings,
  );
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
