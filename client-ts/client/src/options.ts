import type { Backoff } from "./backoff.js";

/** How a client behaves. Every member has a default that suits a page in a browser. */
export interface ClientOptions {
  /**
   * Where the server listens; `http(s)` is taken for `ws(s)`, and a path alone for one on the page's
   * own origin.
   *
   * @default "/rpc"
   */
  url?: string | URL;
  /**
   * The WebSocket constructor, for runtimes without a global one (Node before 22: pass that of `ws`).
   *
   * @default globalThis.WebSocket
   */
  WebSocket?: WebSocketConstructor;
  /**
   * Waits between attempts to connect, and to subscribe after an error that may pass. While the device
   * says that it is offline, attempts are `maxDelayMs` apart.
   */
  backoff?: Partial<Backoff>;
  /**
   * How long a connection must have been open before the count of failed attempts starts again from
   * zero: milliseconds. Neither `started` nor an event resets it: a connection that ends at the same
   * event each time, for instance because a proxy refuses its size, is tried less and less often.
   *
   * @default 5_000
   */
  minUptimeMs?: number;
  /** How long a connection may take to open before the next attempt: milliseconds. @default 10_000 */
  connectTimeoutMs?: number;
  /** Detects a server that has gone without closing the connection. */
  keepAlive?: Partial<KeepAlive>;
  /**
   * How long a query or mutation may take, the wait for a connection included: milliseconds.
   * Subscribing has no limit of its own.
   *
   * @default 30_000
   */
  callTimeoutMs?: number;
  /**
   * How many calls may wait for a connection or an answer at once. The next one fails with
   * `TooManyCallsError`; nothing is dropped.
   *
   * @default 1_000
   */
  maxPendingCalls?: number;
}

/** When to ping the server. */
export interface KeepAlive {
  /** Ping after this long without a message: milliseconds. @default 20_000 */
  intervalMs: number;
  /** Drop the connection when nothing came so long after asking: milliseconds, less than `intervalMs`. @default 10_000 */
  pongTimeoutMs: number;
}

/** The part of the WebSocket interface that the client uses. Browsers and `ws` implement it. */
export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** {@link ClientOptions} with all defaults filled in. */
export interface Settings {
  url: string;
  WebSocket: WebSocketConstructor;
  backoff: Backoff;
  minUptimeMs: number;
  connectTimeoutMs: number;
  keepAlive: KeepAlive;
  callTimeoutMs: number;
  maxPendingCalls: number;
}

/** @throws {Error} when the runtime has no WebSocket, or no page that a relative URL could refer to */
export function settingsOf(options: ClientOptions): Settings {
  const WebSocket = options.WebSocket ?? globalThis.WebSocket;
  if (WebSocket === undefined) {
    throw new Error(
      "This runtime has no WebSocket. Pass one: createClient({ contract, WebSocket }) with the WebSocket of the package ws.",
    );
  }
  return {
    url: webSocketUrl(options.url ?? "/rpc"),
    WebSocket,
    backoff: { initialDelayMs: 500, maxDelayMs: 20_000, ...options.backoff },
    minUptimeMs: options.minUptimeMs ?? 5_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    keepAlive: { intervalMs: 20_000, pongTimeoutMs: 10_000, ...options.keepAlive },
    callTimeoutMs: options.callTimeoutMs ?? 30_000,
    maxPendingCalls: options.maxPendingCalls ?? 1_000,
  };
}

function webSocketUrl(url: string | URL): string {
  const base = globalThis.location?.href;
  if (base === undefined && !URL.canParse(url.toString())) {
    throw new Error(
      `"${url}" needs a page to be relative to. Pass an absolute one: createClient({ contract, url: "ws://127.0.0.1:3000/rpc" }).`,
    );
  }
  const absolute = new URL(url, base);
  absolute.protocol = absolute.protocol.replace(/^http/, "ws");
  // A WebSocket URL with a fragment is a syntax error.
  absolute.hash = "";
  return absolute.href;
}
