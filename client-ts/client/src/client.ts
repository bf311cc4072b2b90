import { ClientClosedError } from "./errors.js";
import { type Procedures, procedures } from "./generated/contract.js";
import { dataValidators, outputValidators } from "./generated/validators.js";
import type { SubscriptionHandlers } from "./handlers.js";
import { type ClientOptions, settingsOf } from "./options.js";
import { decode, type Message, ProtocolError } from "./protocol.js";
import { Requests } from "./requests.js";
import type { Socket } from "./socket.js";
import { stableKey } from "./stable-key.js";
import type { Observable } from "./store.js";
import type { Link } from "./subscription.js";
import { Subscriptions } from "./subscriptions.js";
import { type ConnectionState, Transport } from "./transport.js";
import { payloadFault } from "./validation.js";

type NamesOf<Kind extends string> = {
  [Name in keyof Procedures]: Procedures[Name]["kind"] extends Kind ? Name : never;
}[keyof Procedures];

export type ProcedureName = keyof Procedures;
export type QueryName = NamesOf<"query">;
export type SubscriptionName = NamesOf<"subscription">;
export type Input<Name extends ProcedureName> = Procedures[Name]["input"];
/** What a query or mutation answers. */
export type Output<Name extends ProcedureName> = Procedures[Name] extends { output: infer T }
  ? T
  : never;
/** What an event of a subscription carries. */
export type Data<Name extends ProcedureName> = Procedures[Name] extends { data: infer T }
  ? T
  : never;
/** The names of the errors that belong to a procedure, beside those that any call can meet. */
export type ErrorName<Name extends ProcedureName> = Procedures[Name]["error"];

export interface CallOptions {
  /** Gives the call up: it rejects with the signal's reason. The server is not told. */
  signal?: AbortSignal | undefined;
  /** @default that of the client, see `callTimeoutMs` */
  timeoutMs?: number;
}

/** The arguments of a call: the input may be left out where the procedure takes none. */
export type CallArguments<Name extends ProcedureName> =
  Record<never, never> extends Input<Name>
    ? [input?: Input<Name> | undefined, options?: CallOptions]
    : [input: Input<Name>, options?: CallOptions];

/** A subscriber's hold on its subscription. */
export interface Subscription {
  /** Leaves. No handler is called any more. The server is told once nobody else shares it. */
  unsubscribe(): void;
}

export interface QueryProcedure<Name extends ProcedureName> {
  /**
   * Asks the server. Waits while the connection is being made.
   *
   * @throws {ClientError} see there. Nothing is repeated on its own.
   */
  query(...args: CallArguments<Name>): Promise<Output<Name>>;
}

export interface MutationProcedure<Name extends ProcedureName> {
  /**
   * Has the server change something. Waits while the connection is being made.
   *
   * @throws {ClientError} see there. Nothing is repeated on its own: after `ConnectionLostError` it is
   *   unknown whether the change was made.
   */
  mutate(...args: CallArguments<Name>): Promise<Output<Name>>;
}

export interface SubscriptionProcedure<Name extends ProcedureName> {
  /**
   * Follows a channel until `unsubscribe`, through lost connections and leaving replicas. Equal
   * subscriptions (same procedure, equal input) share one on the server.
   */
  subscribe(input: Input<Name>, handlers: SubscriptionHandlers<Data<Name>>): Subscription;
}

/** A connection to a Tidings server, with one member for each procedure of the contract. */
export type Client = {
  readonly [Name in ProcedureName]: Procedures[Name]["kind"] extends "subscription"
    ? SubscriptionProcedure<Name>
    : Procedures[Name]["kind"] extends "mutation"
      ? MutationProcedure<Name>
      : QueryProcedure<Name>;
} & {
  readonly connectionState: Observable<ConnectionState>;
  /** Closes the connection for good. What is under way fails with `ClientClosedError`. */
  close(): void;
};

interface SubscriptionEntry {
  kind: "subscription";
  unsubscribe: string;
  feed: "log" | "state";
  resumable: boolean;
}

/** A line of the generated table, of any kind: the contract of the day may lack one. */
type ProcedureEntry = SubscriptionEntry | { kind: "query" } | { kind: "mutation" };

/**
 * Makes a client. It connects with the first call or subscription, not before, and then stays
 * connected until `close()`.
 *
 * @throws {Error} when the options do not suit this runtime
 */
export function createClient(options: ClientOptions = {}): Client {
  const settings = settingsOf(options);
  const requests = new Requests(settings.maxPendingCalls);
  const subscriptions = new Subscriptions();
  let current: Socket | undefined;

  const transport = new Transport(settings, {
    onOpen(socket) {
      current = socket;
      requests.attach(socket);
      subscriptions.attach(linkOver(socket));
    },
    onMessage(socket, text) {
      const message = decodeOrDrop(socket, text);
      if (message === undefined || message.kind === "other") return;
      if (message.kind !== "event") {
        requests.settle(message);
        retireWhenAnswered(socket);
      } else if (socket === current) {
        subscriptions.receive(message.subscription, message.event);
      }
    },
    onReplaced: retireWhenAnswered,
    onLost(socket, error) {
      if (socket === current) current = undefined;
      // Also when it never opened: subscribers may want to show why they wait.
      if (current === undefined) subscriptions.detach(error);
      requests.detach(socket, error);
    },
    onClosed: closeAll,
  });

  /** Subscriptions act on the socket that they were attached with, and on no other. */
  function linkOver(socket: Socket): Link {
    return {
      routes: new Map(),
      call: (method, params, settled) => requests.callThrough(socket, method, params, settled),
    };
  }

  function retireWhenAnswered(socket: Socket): void {
    if (socket !== current && !requests.isWaitingOn(socket)) transport.release(socket);
  }

  function closeAll(error: ClientClosedError): void {
    current = undefined;
    subscriptions.close(error);
    requests.failAll(error);
  }

  function call(procedure: string, input: unknown, { signal, timeoutMs }: CallOptions = {}) {
    return new Promise<unknown>((resolve, reject) => {
      signal?.throwIfAborted();
      const state = transport.state.get();
      if (state.status === "closed") throw state.error;
      transport.connect();
      let forget = () => {};
      const onAbort = () => {
        forget();
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      const settle = (outcome: () => void) => {
        signal?.removeEventListener("abort", onAbort);
        outcome();
      };
      forget = requests.call(procedure, input, timeoutMs ?? settings.callTimeoutMs, {
        onError: (error) => settle(() => reject(error)),
        onResult: (result) =>
          settle(() => {
            const fault = settings.validate
              ? payloadFault(outputValidators[procedure], procedure, result)
              : undefined;
            if (fault === undefined) resolve(result);
            else reject(fault);
          }),
      });
    });
  }

  function subscribe(
    procedure: string,
    { unsubscribe, feed, resumable }: SubscriptionEntry,
    input: unknown,
    handlers: SubscriptionHandlers<unknown>,
  ): Subscription {
    transport.connect();
    const { backoff, minUptimeMs, validate } = settings;
    const wanted = {
      procedure,
      unsubscribe,
      input,
      feed,
      resumable,
      backoff,
      minUptimeMs,
      validate: validate ? dataValidators[procedure] : undefined,
      onDraining: (retryAfterMs: number) => transport.replaceAfter(retryAfterMs),
    };
    const key = stableKey([procedure, input]);
    return { unsubscribe: subscriptions.join(key, wanted, handlers) };
  }

  function caller(name: string, entry: ProcedureEntry) {
    if (entry.kind === "subscription") {
      return {
        subscribe: (input: unknown, handlers: SubscriptionHandlers<unknown>) =>
          subscribe(name, entry, input, handlers),
      };
    }
    const act = (input?: unknown, callOptions?: CallOptions) => call(name, input, callOptions);
    return entry.kind === "mutation" ? { mutate: act } : { query: act };
  }

  const callers = Object.entries(procedures).map(([name, entry]) => [name, caller(name, entry)]);
  // The one place where the generated table turns into the generated types.
  return {
    ...(Object.fromEntries(callers) as { [Name in ProcedureName]: Client[Name] }),
    connectionState: transport.state,
    close() {
      const error = new ClientClosedError();
      transport.close(error);
      closeAll(error);
    },
  };
}

/** A server that breaks the protocol is treated as a broken connection. */
function decodeOrDrop(socket: Socket, text: string): Message | undefined {
  try {
    return decode(text);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    socket.drop({ code: 1002, reason: error.message });
    return undefined;
  }
}
