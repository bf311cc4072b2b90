import { type ErrorCode, errorTable } from "./generated/contract.js";

/** An error as it stands in a JSON-RPC response. */
export interface WireError {
  code: number;
  message: string;
  data?: unknown;
}

/**
 * The server answered with an error.
 *
 * `name` is the stable name from the contract's table, to be compared with; `message` is for people.
 * It is `unknownError` when neither the response nor the table names the code.
 */
export class RpcError extends Error {
  override readonly name: ErrorCode | "unknownError";
  /** The number on the wire. */
  readonly code: number;
  /** Whether the same call may work later, unchanged. */
  readonly retryable: boolean;
  /** The member of the input that is at fault, such as `channel`. */
  readonly path: string | undefined;

  constructor({ code, message, data }: WireError) {
    super(message);
    // The transport itself (sizes, parse errors) answers without `data`: then the code has to do.
    const { name, retryable, path } = (data ?? {}) as Record<string, unknown>;
    const known = typeof name === "string" && isErrorCode(name) ? name : nameOf(code);
    this.name = known ?? "unknownError";
    this.code = code;
    this.retryable =
      typeof retryable === "boolean"
        ? retryable
        : known !== undefined && errorTable[known].retryable;
    this.path = typeof path === "string" ? path : undefined;
  }
}

/** The connection went away before the answer came. Whether the call took effect is unknown. */
export class ConnectionLostError extends Error {
  override readonly name = "ConnectionLostError";

  constructor(
    /** The WebSocket close code; 1006 where there was none. */
    readonly code: number,
    /** What the server said of it; often empty. */
    readonly reason: string,
  ) {
    super(`The connection was lost (${[code, reason].filter(Boolean).join(" ")}).`);
  }
}

/** The answer did not come in time, the wait for a connection included. */
export class RequestTimeoutError extends Error {
  override readonly name = "RequestTimeoutError";

  constructor(procedure: string, timeoutMs: number) {
    super(`${procedure} was not answered within ${timeoutMs} ms.`);
  }
}

/** More calls are waiting for their answers than `maxPendingCalls` allows. */
export class TooManyCallsError extends Error {
  override readonly name = "TooManyCallsError";

  constructor(limit: number) {
    super(`${limit} calls are waiting for their answers already.`);
  }
}

/** The client is closed: by `close()`, or because the server forbade to come back (codes 4500–4999). */
export class ClientClosedError extends Error {
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

/** A payload does not fit the contract that this client was generated from. */
export class PayloadError extends Error {
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

/** Everything that a call rejects with and a subscription reports, aborts aside. */
export type ClientError =
  | RpcError
  | ConnectionLostError
  | RequestTimeoutError
  | TooManyCallsError
  | ClientClosedError
  | PayloadError;

function isErrorCode(name: string): name is ErrorCode {
  return Object.hasOwn(errorTable, name);
}

function nameOf(code: number): ErrorCode | undefined {
  return Object.keys(errorTable)
    .filter(isErrorCode)
    .find((name) => errorTable[name].code === code);
}
