/**
 * The wire: JSON-RPC 2.0 text messages in both directions, as `schema/PROTOCOL.md` says.
 *
 * This is the trust boundary for envelopes: they are checked here by hand, and tolerantly, so that a
 * newer server may add members, reasons and kinds of events. Payloads are checked by generated code,
 * see `validation.ts`.
 */

import type { WireError } from "./errors.js";
import type { SubscriptionEvent } from "./events.js";

/** A message from the server. */
export type Message =
  | { kind: "result"; id: number; result: unknown }
  | { kind: "error"; id: number; error: WireError }
  | { kind: "event"; subscription: number; event: SubscriptionEvent<unknown> }
  /** Nothing for us: a pong, an error that names no call, a kind of message from a newer server. */
  | { kind: "other" };

/** The server sent an invalid message. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** Answers `true`, and nothing else. */
export const PING_METHOD = "rpc.ping";

/** The keep-alive request. Its id is no number, so its answer belongs to no call. */
export const PING = JSON.stringify({ jsonrpc: "2.0", id: "ping", method: PING_METHOD });

/** A call as text. `params` is left out when undefined. */
export function encodeCall(id: number, method: string, params?: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method, params });
}

/**
 * A message from its text.
 *
 * @throws {ProtocolError} when it is not JSON, or a known kind of message with a member amiss: going
 *   on would mean to lose it silently
 */
export function decode(text: string): Message {
  const message = parse(text);
  if (!isObject(message)) throw new ProtocolError("a message is not an object");
  const { id, method, params, result, error } = message;
  if (method !== undefined) {
    if (!isObject(params) || params["subscription"] === undefined) return { kind: "other" };
    if (typeof params["subscription"] !== "number") {
      throw new ProtocolError("a subscription id is not a number");
    }
    const event = decodeEvent(params["result"]);
    return event
      ? { kind: "event", subscription: params["subscription"], event }
      : { kind: "other" };
  }
  if (typeof id !== "number") return { kind: "other" };
  if (error !== undefined) {
    if (!isObject(error) || typeof error["code"] !== "number") {
      throw new ProtocolError("an error has no code");
    }
    const { code, message = "", data } = error;
    return { kind: "error", id, error: { code, message: String(message), data } };
  }
  if (result === undefined) throw new ProtocolError("a response has neither result nor error");
  return { kind: "result", id, result };
}

/** Whether the close code allows to come back. Codes 4500–4999 are the server's "do not". */
export function mayReconnect(closeCode: number): boolean {
  return closeCode < 4500 || closeCode > 4999;
}

const eventMembers: Record<string, Record<string, string>> = {
  started: { resumed: "boolean", instance: "string" },
  data: { instance: "string" },
  gap: { reason: "string" },
  status: { broker: "string" },
  stopped: { reason: "string" },
};

const optionalMembers: Record<string, string> = {
  id: "string",
  lastEventId: "string",
  publishedAt: "number",
  retryAfterMs: "number",
};

function decodeEvent(event: unknown): SubscriptionEvent<unknown> | undefined {
  if (!isObject(event)) throw new ProtocolError("an event is not an object");
  const { type } = event;
  const members = typeof type === "string" ? eventMembers[type] : undefined;
  if (members === undefined) return undefined;
  for (const [member, expected] of Object.entries(members)) {
    if (typeof event[member] !== expected) throw new ProtocolError(`${type}.${member} is amiss`);
  }
  for (const [member, expected] of Object.entries(optionalMembers)) {
    if (event[member] !== undefined && typeof event[member] !== expected) {
      throw new ProtocolError(`${type}.${member} is amiss`);
    }
  }
  if (type === "data" && !("data" in event)) throw new ProtocolError("data.data is amiss");
  return event as unknown as SubscriptionEvent<unknown>;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ProtocolError("a message is not JSON");
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
