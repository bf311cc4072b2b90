import type { Document } from "./document.js";
import { Place } from "./error.js";

/** The members of a client that are not procedures. */
const clientMembers = ["close", "connectionState"];

/**
 * Tidings' own errors, which `@tidings/client` already has. A test compares this list with the client's.
 */
export const tidingsErrors = [
  "parseError",
  "invalidRequest",
  "methodNotFound",
  "invalidParams",
  "internalError",
  "notFound",
  "batchUnsupported",
  "tooManySubscriptions",
  "requestTooLarge",
  "responseTooLarge",
  "serverBusy",
  "batchTooLarge",
  "batchResponseTooLarge",
  "brokerUnavailable",
  "subscriptionInBatch",
  "webSocketRequired",
  "forbidden",
  "idempotencyKeyReused",
  "unsupportedMediaType",
] as const;

/** The names of the errors that `@tidings/client` creates. */
const clientErrors = [
  "unknownError",
  "ConnectionLostError",
  "RequestTimeoutError",
  "TooManyCallsError",
  "ClientClosedError",
  "PayloadError",
];

/** The names that the generated file defines or imports. */
const ownNames = ["ContractErrors", "ContractProcedures", "contract", "tidings"];

/** The names that TypeScript allows for no type. */
const reservedTypes = new Set(
  (
    "any as async await bigint boolean break case catch class const continue debugger default delete do " +
    "else enum export extends false finally for function if implements import in instanceof interface " +
    "let never new null number object package private protected public return static string super " +
    "switch symbol this throw true try type typeof undefined unknown var void while with yield"
  ).split(" "),
);

/** @throws {CodegenError} for a procedure or an error whose name is not allowed */
export function checkNames({ methods, errors }: Document): void {
  const names = new Set<string>();
  for (const { name, place } of methods) {
    if (!/^[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*$/.test(name)) {
      throw place.fault(
        `"${name}" cannot be the name of a procedure`,
        "Use letters and digits, in groups that dots divide: prices.onPrice.",
      );
    }
    if (name.startsWith("rpc.")) {
      throw place.fault("names that begin with rpc. belong to Tidings", "Rename the procedure.");
    }
    if (names.has(name)) throw place.fault("there are two of this name", "Rename one of them.");
    names.add(name);
    const [head = name] = name.split(".");
    if (clientMembers.includes(head)) {
      throw place.fault(
        `${head} is a member of every client`,
        `Rename the ${head === name ? "procedure" : "group"}.`,
      );
    }
  }
  for (const { name, place } of methods) {
    const inner = [...names].find((other) => other.startsWith(`${name}.`));
    if (inner !== undefined) {
      throw place.fault(
        `it is also the group of ${inner}`,
        "A client can have only one of them at this place: rename one.",
      );
    }
  }
  const errorNames = new Set<string>();
  for (const { name, code, place } of errors) {
    if (!/^[A-Za-z][A-Za-z0-9]*$/.test(name)) {
      throw place.fault(`"${name}" cannot be the name of an error`, "Use letters and digits.");
    }
    if (errorNames.has(name))
      throw place.fault("there are two of this name", "Rename one of them.");
    errorNames.add(name);
    const isReserved = code >= -32_768 && code <= -32_000;
    if (tidingsErrors.some((known) => known === name) && !isReserved) {
      throw place.fault("Tidings has an error of this name", "Rename the service's error.");
    }
    if (clientErrors.includes(name)) {
      throw place.fault("the client has an error of this name", "Rename the service's error.");
    }
  }
}

/** The TypeScript name of a named schema. @throws {CodegenError} if TypeScript does not allow it */
export function typeName(name: string): string {
  const place = new Place(`type ${name}`, `#/components/schemas/${name}`);
  const remedy = 'Give the Rust type another name: #[schemars(rename = "…")].';
  if (!/^[A-Za-z_$][\w$]*$/.test(name) || reservedTypes.has(name)) {
    throw place.fault("TypeScript allows no type of this name", remedy);
  }
  if (ownNames.includes(name)) {
    throw place.fault("the generated file uses this name itself", remedy);
  }
  return name;
}

/** The name of a member, quoted if necessary. */
export function memberName(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}
