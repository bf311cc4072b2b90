/** Tidings' own errors: the same for every service. Their codes lie within JSON-RPC's reserved range. */
const tidingsErrors = {
  parseError: { code: -32700, retryable: false },
  invalidRequest: { code: -32600, retryable: false },
  methodNotFound: { code: -32601, retryable: false },
  invalidParams: { code: -32602, retryable: false },
  internalError: { code: -32603, retryable: false },
  notFound: { code: -32004, retryable: false },
  batchUnsupported: { code: -32005, retryable: false },
  tooManySubscriptions: { code: -32006, retryable: false },
  requestTooLarge: { code: -32007, retryable: false },
  responseTooLarge: { code: -32008, retryable: false },
  serverBusy: { code: -32009, retryable: true },
  batchTooLarge: { code: -32010, retryable: false },
  batchResponseTooLarge: { code: -32011, retryable: false },
  brokerUnavailable: { code: -32050, retryable: true },
  subscriptionInBatch: { code: -32051, retryable: false },
  webSocketRequired: { code: -32052, retryable: false },
  forbidden: { code: -32053, retryable: false },
  idempotencyKeyReused: { code: -32054, retryable: false },
  unsupportedMediaType: { code: -32055, retryable: false },
};

/** The stable name of one of Tidings' own errors. Any call can meet most of them. */
export type TidingsErrorName = keyof typeof tidingsErrors;

/** The declaration of an error. */
export interface ErrorEntry {
  /** The number on the wire. */
  code: number;
  /** Whether the same call may succeed later. */
  retryable: boolean;
}

/** Errors by their stable names. */
export type ErrorTable = Readonly<Record<string, ErrorEntry>>;

/** The typed part of an error on the wire: `error.data`. */
export interface ErrorData {
  /** The stable name. */
  name: string;
  /** Whether the same call may succeed later. */
  retryable: boolean;
  /** The member of the input that is at fault, such as `channel`. */
  path?: string;
  /** The data of one of the service's own errors. */
  details?: unknown;
}

/** An error in a JSON-RPC response. */
export interface WireError {
  code: number;
  message: string;
  data?: unknown;
}

/** Every error of this package. */
abstract class LocalError extends Error {}

/**
 * The server answered with an error.
 *
 * Compare `name`: it is one of Tidings' own names, such as `invalidParams`, or one that the service
 * declares. `message` is for people.
 *
 * @typeParam Name its name, or a union of the names that it may have
 * @typeParam Details the type of its details; undefined for an error without
 */
export class RpcError<Name extends string = string, Details = unknown> extends LocalError {
  /** The stable name; `unknownError` when neither the response nor the contract names the code. */
  override readonly name: Name;
  /** The number on the wire. */
  readonly code: number;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** The member of the input that is at fault, such as `channel`. */
  readonly path: string | undefined;
  /** The data of one of the service's own errors, typed by the contract. */
  readonly details: Details;

  /** @param declared the service's own errors */
  constructor({ code, message, data }: WireError, declared: ErrorTable = {}) {
    super(message);
    const table: ErrorTable = { ...declared, ...tidingsErrors };
    // The transport's own errors (sizes, parse errors) have no `data`: the code identifies them.
    const { name, retryable, path, details } = (data ?? {}) as Record<string, unknown>;
    const known =
      typeof name === "string" && Object.hasOwn(table, name)
        ? name
        : Object.keys(table).find((each) => table[each]?.code === code);
    // The only cast from the server's data to the contract's type.
    this.name = (known ?? "unknownError") as Name;
    this.code = code;
    this.retryable =
      typeof retryable === "boolean"
        ? retryable
        : known !== undefined && table[known]?.retryable === true;
    this.path = typeof path === "string" ? path : undefined;
    this.details = details as Details;
  }
}

/** The connection was lost before the response. Whether the call took effect is unknown. */
export class ConnectionLostError extends LocalError {
  override readonly name = "ConnectionLostError";

  constructor(
    /** The WebSocket close code; 1006 where there was none. */
    readonly code: number,
    /** The server's reason; often empty. */
    readonly reason: string,
  ) {
    super(`The connection was lost (${[code, reason].filter(Boolean).join(" ")}).`);
  }
}

/** The response did not come in time. The time includes the wait for a connection. */
export class RequestTimeoutError extends LocalError {
  override readonly name = "RequestTimeoutError";

  constructor(procedure: string, timeoutMs: number) {
    super(`${procedure} was not answered within ${timeoutMs} ms.`);
  }
}

/** More calls are waiting for their answers than `maxPendingCalls` allows. */
export class TooManyCallsError extends LocalError {
  override readonly name = "TooManyCallsError";

  constructor(limit: number) {
    super(`${limit} calls are waiting for their answers already.`);
  }
}

/** The client is closed: by `close()`, or because the server forbids reconnecting (codes 4500–4999). */
export class ClientClosedError extends LocalError {
  override readonly name = "ClientClosedError";

  constructor(
    /** The server's close code, when it was the server. */
    readonly code?: number,
    readonly reason = "",
  ) {
    super(
      code === undefined
        ? "The client was closed."
        : `The server closed the connection for good (${[code, reason].filter(Boolean).join(" ")}).`,
    );
  }
}

/** A payload does not fit the contract that this client was made with. */
export class PayloadError extends LocalError {
  override readonly name = "PayloadError";

  constructor(
    readonly procedure: string,
    /** JSON pointer to the member at fault. */
    readonly path: string,
    fault: string,
  ) {
    super(
      `${procedure} sent what its contract does not allow: ${path || "the payload"} ${fault}. ` +
        "The server may be of a newer version: reload, or update the client.",
    );
  }
}

/** The errors of a call that the client itself creates. */
export type CallFailure =
  | ConnectionLostError
  | RequestTimeoutError
  | TooManyCallsError
  | ClientClosedError
  | PayloadError;

/**
 * Everything that a call rejects with and a subscription reports, aborts aside, whatever the contract.
 * `ErrorOf` is the narrower type for one procedure, whose `name` tells its members apart.
 */
export type ClientError = RpcError | CallFailure;

/** Whether an error is one of this package, and of this name if one is given. */
export function isClientError(error: unknown, name?: string): error is ClientError {
  return error instanceof LocalError && (name === undefined || error.name === name);
}
