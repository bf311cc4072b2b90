import type { WebSocketConstructor, WebSocketLike } from "../../src/options.js";

/** A WebSocket whose other end is the test: it opens, speaks and closes when told to. */
export class FakeSocket implements WebSocketLike {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  /** What the client sent, decoded. */
  readonly sent: { id: number | string; method: string; params?: unknown }[] = [];
  closed = false;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.onopen?.({} as never);
  }

  receive(message: object): void {
    this.onmessage?.({ data: JSON.stringify({ jsonrpc: "2.0", ...message }) } as never);
  }

  receiveRaw(data: unknown): void {
    this.onmessage?.({ data } as never);
  }

  event(subscription: number, result: object): void {
    this.receive({ method: "onUpdates", params: { subscription, result } });
  }

  /** Answers the newest call of this method. */
  answer(method: string, result: unknown): void {
    this.receive({ id: this.last(method).id, result });
  }

  refuse(method: string, error: object): void {
    this.receive({ id: this.last(method).id, error });
  }

  end(code: number, reason = ""): void {
    this.onclose?.({ code, reason } as never);
  }

  calls(method: string): unknown[] {
    return this.sent.filter((call) => call.method === method).map(({ params }) => params);
  }

  private last(method: string) {
    const call = this.sent.findLast((each) => each.method === method);
    if (call === undefined) throw new Error(`${method} was not called`);
    return call;
  }
}

/** A constructor to hand to a client, and every socket that it made. */
export function fakeSockets(): { WebSocket: WebSocketConstructor; sockets: FakeSocket[] } {
  const sockets: FakeSocket[] = [];
  class Recorded extends FakeSocket {
    constructor(readonly url: string) {
      super();
      sockets.push(this);
    }
  }
  return { WebSocket: Recorded, sockets };
}
