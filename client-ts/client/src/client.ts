import type {
  AnyContract,
  GroupsOf,
  ProcedureEntry,
  SubscriptionEntry,
  Validators,
} from "./contract.js";
import {
  ClientClosedError,
  type ClientError,
  isClientError,
  RpcError,
  type WireError,
} from "./errors.js";
import type { SubscriptionHandlers } from "./handlers.js";
import { type ClientOptions, settingsOf } from "./options.js";
import { type CallOptions, nest, type Procedures, type Subscription } from "./procedures.js";
import { decode, type Message, ProtocolError } from "./protocol.js";
import { Requests } from "./requests.js";
import type { Socket } from "./socket.js";
import { stableKey } from "./stable-key.js";
import type { Observable } from "./store.js";
import type { Link } from "./subscription.js";
import { Subscriptions } from "./subscriptions.js";
import { type ConnectionState, Transport } from "./transport.js";
import { payloadFault } from "./validation.js";

/** Absent at run time: TypeScript infers a client's contract from it. */
declare const contractOf: unique symbol;

/** The members of a client that are not procedures. `@tidings/codegen` refuses procedures of these names. */
export interface ClientMembers<C extends AnyContract = AnyContract> {
  readonly [contractOf]?: C;
  readonly connectionState: Observable<ConnectionState>;
  /** Closes the connection for good. Pending calls and subscriptions fail with `ClientClosedError`. */
  close(): void;
}

/**
 * A connection to a Tidings server, with one member for each procedure of the contract. Dotted names
 * nest: `prices.onPrice` is `client.prices.onPrice`.
 */
export type Client<C extends AnyContract> = Procedures<C, GroupsOf<C>> & ClientMembers<C>;

/** The service, and how to connect to it. */
export interface CreateClientOptions<C extends AnyContract> extends ClientOptions {
  /** The service's contract, as `@tidings/codegen` wrote it. */
  contract: C;
  /**
   * Checks for every payload, as `@tidings/codegen --validators` wrote them. A query whose result does
   * not fit rejects, and a subscription ends, with `PayloadError`. Without them, payloads are not
   * checked, and the checks are not bundled.
   */
  validators?: Validators<C>;
}

/**
 * Makes a client. It connects with the first call or subscription, not before, and then stays
 * connected until `close()`.
 *
 * @throws {Error} if the options need something that this runtime does not have
 */
export function createClient<C extends AnyContract>({
  contract,
  validators,
  ...options
}: CreateClientOptions<C>): Client<C> {
  const settings = settingsOf(options);
  // Names come from the contract's own table here, so a lookup by any of them is one of a plain map.
  const checks: Validators<AnyContract> | undefined = validators;
  const requests = new Requests(settings.maxPendingCalls, toError);
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
      // Also if it never opened: subscribers may show the cause.
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

  function toError(procedure: string, wire: WireError): ClientError {
    const error = new RpcError(wire, contract.errors);
    const fault = payloadFault(checks?.details[error.name], procedure, error.details);
    return fault ?? error;
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
            const fault = payloadFault(checks?.payloads[procedure], procedure, result);
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
    const { backoff, minUptimeMs } = settings;
    const wanted = {
      procedure,
      unsubscribe,
      input,
      feed,
      resumable,
      backoff,
      minUptimeMs,
      validate: checks?.payloads[procedure],
      onDraining: (retryAfterMs: number) => transport.replaceAfter(retryAfterMs),
    };
    const key = stableKey([procedure, input]);
    return { unsubscribe: subscriptions.join(key, wanted, handlers) };
  }

  function caller(name: string, entry: ProcedureEntry) {
    const isError = isClientError;
    if (entry.kind === "subscription") {
      return {
        isError,
        subscribe: (input: unknown, handlers: SubscriptionHandlers<unknown>) =>
          subscribe(name, entry, input, handlers),
      };
    }
    const act = (input?: unknown, callOptions?: CallOptions) => call(name, input, callOptions);
    return entry.kind === "mutation" ? { isError, mutate: act } : { isError, query: act };
  }

  const entries: [string, ProcedureEntry][] = Object.entries(contract.procedures);
  const members: ClientMembers = {
    connectionState: transport.state,
    close() {
      const error = new ClientClosedError();
      transport.close(error);
      closeAll(error);
    },
  };
  const procedures = nest(entries.map(([name, entry]) => [name, caller(name, entry)]));
  // The one place where the contract's table becomes the contract's types.
  return Object.assign(procedures, members) as Client<C>;
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
