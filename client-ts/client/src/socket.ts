import type { Settings, WebSocketLike } from "./options.js";
import { PING } from "./protocol.js";

/** How a socket ended, in the terms of a WebSocket's close event. */
export interface SocketEnd {
  code: number;
  reason: string;
}

/** What a socket tells its owner. Nothing is called after `onEnd`. */
export interface SocketEvents {
  onOpen(socket: Socket): void;
  onMessage(socket: Socket, text: string): void;
  /** Also when it never opened. Not after {@link Socket.close}. */
  onEnd(socket: Socket, end: SocketEnd): void;
}

/**
 * One WebSocket from its opening to its end. It watches that the other end is alive, and does not
 * reconnect: that is the transport's.
 *
 * The server's own pings are answered by the browser but invisible to scripts, so a dead peer is found
 * by asking over JSON-RPC.
 */
export class Socket {
  readonly #webSocket: WebSocketLike | undefined;
  readonly #events: SocketEvents;
  readonly #settings: Settings;
  #state: "opening" | "open" | "ended" = "opening";
  /** The connect timeout, then the keep-alive's next look. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastMessageAt = 0;

  constructor(settings: Settings, events: SocketEvents) {
    this.#settings = settings;
    this.#events = events;
    this.#timer = setTimeout(
      () => this.drop({ code: 1006, reason: "the connection took too long to open" }),
      settings.connectTimeoutMs,
    );
    try {
      this.#webSocket = new settings.WebSocket(settings.url);
    } catch (error) {
      // For instance ws: from a page on https:. The owner gets to hear of it as of any other failure.
      queueMicrotask(() => this.drop({ code: 1006, reason: String(error) }));
      return;
    }
    this.#webSocket.onopen = () => {
      this.#state = "open";
      this.#heard();
      this.#watch();
      events.onOpen(this);
    };
    this.#webSocket.onmessage = ({ data }: { data: unknown }) => {
      this.#heard();
      if (typeof data === "string") events.onMessage(this, data);
      else this.drop({ code: 1003, reason: "the server sent a binary message" });
    };
    this.#webSocket.onclose = ({ code, reason }: SocketEnd) => this.#end({ code, reason });
    // What happened is told by the close event that follows; `ws` throws when nobody listens.
    this.#webSocket.onerror = () => {};
  }

  /** Does nothing unless open: what was sent is failed by the owner when it hears of the end. */
  send(text: string): void {
    if (this.#state === "open") this.#webSocket?.send(text);
  }

  /** Ends it on our part, silently. */
  close(): void {
    this.#state = "ended";
    this.#release();
  }

  /** Gives it up as broken, without waiting for the other end's consent, which may never come. */
  drop(end: SocketEnd): void {
    this.#release();
    this.#end(end);
  }

  /** Asks for a sign of life now, for instance when the network has changed. */
  probe(): void {
    if (this.#state !== "open") return;
    clearTimeout(this.#timer);
    this.send(PING);
    const askedAt = this.#lastMessageAt;
    this.#timer = setTimeout(() => {
      if (this.#lastMessageAt !== askedAt) this.#watch();
      else this.drop({ code: 1006, reason: "the server does not answer" });
    }, this.#settings.keepAlive.pongTimeoutMs);
  }

  /** Checks the last message's time with one timer, so that messages need not reset a timer. */
  #watch(): void {
    const quiet = performance.now() - this.#lastMessageAt;
    const { intervalMs } = this.#settings.keepAlive;
    if (quiet >= intervalMs) this.probe();
    else {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#watch(), intervalMs - quiet);
    }
  }

  #heard(): void {
    this.#lastMessageAt = performance.now();
  }

  #release(): void {
    clearTimeout(this.#timer);
    if (this.#webSocket === undefined) return;
    this.#webSocket.onopen = null;
    this.#webSocket.onmessage = null;
    this.#webSocket.onclose = null;
    // `onerror` stays: `ws` reports the closing of an unopened socket as an error.
    this.#webSocket.close(1000);
  }

  #end(end: SocketEnd): void {
    clearTimeout(this.#timer);
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#events.onEnd(this, end);
  }
}
