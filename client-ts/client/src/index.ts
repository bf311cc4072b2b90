/**
 * The client of a Tidings server. It knows no service: the contract that `@tidings/codegen` writes says
 * which procedures there are. In reading order:
 *
 * - `events`, `errors`: what every service has; `contract`: what each has of its own;
 *   `procedures`: the members of a client
 * - `protocol`: messages as text; `validation`: payloads
 * - `socket`: one WebSocket; `transport`: one after another; `device`: online and wake-up events;
 *   `requests`: calls without an answer yet
 * - `handlers`: what subscribers are told; `replay`: when missed events are being delivered;
 *   `subscription`: one, across sockets; `subscriptions`: all of them
 * - `client`: puts these together; `observer`: a subscription as a value
 *
 * Importing a module has no side effects.
 */

export type { Backoff } from "./backoff.js";
export {
  type Client,
  type ClientMembers,
  type CreateClientOptions,
  createClient,
} from "./client.js";
export type {
  AnyContract,
  Contract,
  Data,
  ErrorName,
  ErrorOf,
  Input,
  MutationName,
  NoInput,
  Output,
  ProcedureEntry,
  ProcedureGroup,
  ProcedureName,
  ProcedureTypes,
  QueryName,
  SubscriptionEntry,
  SubscriptionName,
  Validators,
} from "./contract.js";
export {
  type CallFailure,
  ClientClosedError,
  type ClientError,
  ConnectionLostError,
  type ErrorData,
  type ErrorEntry,
  type ErrorTable,
  isClientError,
  PayloadError,
  RequestTimeoutError,
  RpcError,
  type TidingsErrorName,
  TooManyCallsError,
} from "./errors.js";
export type * from "./events.js";
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
export type {
  CallArguments,
  CallOptions,
  MutationProcedure,
  ProcedureOf,
  QueryProcedure,
  Subscription,
  SubscriptionProcedure,
} from "./procedures.js";
export type { Observable } from "./store.js";
export type { ConnectionState } from "./transport.js";
export type { Validate } from "./validation.js";
