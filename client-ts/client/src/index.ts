/**
 * The client of a Tidings server. In reading order:
 *
 * - `generated/`: types, tables and checks from `schema/openrpc.json`
 * - `protocol`: messages as text; `errors`: what can go wrong; `validation`: payloads
 * - `socket`: one WebSocket; `transport`: one after another; `device`: what it lives through;
 *   `requests`: calls without an answer yet
 * - `handlers`: what subscribers are told; `replay`: when missed events are being delivered;
 *   `subscription`: one, across sockets; `subscriptions`: all of them
 * - `client`: puts these together; `observer`: a subscription as a value
 *
 * Importing any of it does nothing but define.
 */

export type { Backoff } from "./backoff.js";
export {
  type CallArguments,
  type CallOptions,
  type Client,
  createClient,
  type Data,
  type ErrorName,
  type Input,
  type MutationProcedure,
  type Output,
  type ProcedureName,
  type QueryName,
  type QueryProcedure,
  type Subscription,
  type SubscriptionName,
  type SubscriptionProcedure,
} from "./client.js";
export {
  ClientClosedError,
  type ClientError,
  ConnectionLostError,
  PayloadError,
  RequestTimeoutError,
  RpcError,
  TooManyCallsError,
} from "./errors.js";
export type * from "./generated/contract.js";
export type { Gap, SubscriptionHandlers } from "./handlers.js";
export {
  type Continuity,
  type ObserverHandlers,
  type SkipToken,
  type SubscriptionConnecting,
  type SubscriptionError,
  type SubscriptionIdle,
  SubscriptionObserver,
  type SubscriptionPending,
  type SubscriptionResult,
  skipToken,
} from "./observer.js";
export type { ClientOptions, KeepAlive, WebSocketConstructor, WebSocketLike } from "./options.js";
export type { Observable } from "./store.js";
export type { ConnectionState } from "./transport.js";
