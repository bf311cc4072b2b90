import {
  type ClientError,
  RequestTimeoutError,
  RpcError,
  TooManyCallsError,
  type WireError,
} from "./errors.js";
import type { Message } from "./protocol.js";
import { encodeCall } from "./protocol.js";

/** Where the text of a call goes. */
export interface Sink {
  send(text: string): void;
}

/**
 * What becomes of a call: one of the two, once. They run within the turn that brought the answer, not
 * after it, so that what follows the answer in the same turn finds it already acted upon.
 */
export interface Settled {
  onResult(result: unknown): void;
  onError(error: ClientError): void;
}

interface Call extends Settled {
  method: string;
  text: string;
  /** What it was sent through; undefined as long as it waits for a connection. */
  sink: Sink | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * The calls that have no answer yet. **Waiting** ones have not been sent, for want of a connection, and
 * go out with the next one. **Sent** ones fail when the socket they went through is lost: whether the
 * server carried them out is unknown, so they are not repeated.
 */
export class Requests {
  readonly #limit: number;
  readonly #toError: (method: string, error: WireError) => ClientError;
  readonly #calls = new Map<number, Call>();
  #sink: Sink | undefined;
  #lastId = 0;

  /**
   * @param limit how many calls may be under way at once; {@link callThrough} is never refused
   * @param toError makes the error that a call fails with from the one that the server answered
   */
  constructor(
    limit: number,
    toError: (method: string, error: WireError) => ClientError = (_, error) => new RpcError(error),
  ) {
    this.#limit = limit;
    this.#toError = toError;
  }

  /** Sends now, or as soon as there is a connection. Gives the function that forgets the call. */
  call(method: string, params: unknown, timeoutMs: number, settled: Settled): () => void {
    if (this.#calls.size >= this.#limit) {
      settled.onError(new TooManyCallsError(this.#limit));
      return () => {};
    }
    const id = this.#add(method, params, this.#sink, settled);
    const call = this.#calls.get(id);
    if (call !== undefined) {
      call.timer = setTimeout(
        () => this.#take(id)?.onError(new RequestTimeoutError(method, timeoutMs)),
        timeoutMs,
      );
    }
    return () => this.#take(id);
  }

  /** Sends through this socket or not at all, and waits for as long as the socket lives. */
  callThrough(sink: Sink, method: string, params: unknown, settled: Settled): void {
    this.#add(method, params, sink, settled);
  }

  /** Uses this socket from now on and sends through it what waits. */
  attach(sink: Sink): void {
    this.#sink = sink;
    for (const call of this.#calls.values()) {
      if (call.sink !== undefined) continue;
      call.sink = sink;
      sink.send(call.text);
    }
  }

  /** Fails what was sent through this socket; it is gone. */
  detach(sink: Sink, error: ClientError): void {
    if (this.#sink === sink) this.#sink = undefined;
    for (const [id, call] of this.#calls) {
      if (call.sink === sink) this.#take(id)?.onError(error);
    }
  }

  /** Fails everything. */
  failAll(error: ClientError): void {
    this.#sink = undefined;
    for (const id of [...this.#calls.keys()]) this.#take(id)?.onError(error);
  }

  /** Whether an answer is still to come through this socket. */
  isWaitingOn(sink: Sink): boolean {
    return [...this.#calls.values()].some((call) => call.sink === sink);
  }

  /** Settles the call that a response answers; one that was forgotten is ignored. */
  settle(response: Extract<Message, { kind: "result" | "error" }>): void {
    const call = this.#take(response.id);
    if (response.kind === "result") call?.onResult(response.result);
    else call?.onError(this.#toError(call.method, response.error));
  }

  #add(method: string, params: unknown, sink: Sink | undefined, settled: Settled): number {
    this.#lastId += 1;
    const text = encodeCall(this.#lastId, method, params);
    this.#calls.set(this.#lastId, { ...settled, method, text, sink, timer: undefined });
    sink?.send(text);
    return this.#lastId;
  }

  #take(id: number): Call | undefined {
    const call = this.#calls.get(id);
    clearTimeout(call?.timer);
    this.#calls.delete(id);
    return call;
  }
}
