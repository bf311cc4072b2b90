import { backoffDelay } from "./backoff.js";
import { isOffline, watchDevice } from "./device.js";
import { ClientClosedError, ConnectionLostError } from "./errors.js";
import type { Settings } from "./options.js";
import { mayReconnect } from "./protocol.js";
import { Socket, type SocketEnd } from "./socket.js";
import { type Observable, Store } from "./store.js";

/** What the connection is doing. */
export type ConnectionState =
  /** Nothing has needed a connection yet. */
  | { status: "idle" }
  /** Opening. `attempt` counts from 1 since the last stable connection. */
  | { status: "connecting"; attempt: number }
  | { status: "open" }
  /** Between two attempts; the next one starts at `retryAt` (milliseconds since 1970), or when the device wakes up. */
  | { status: "waiting"; attempt: number; retryAt: number; error: ConnectionLostError }
  /**
   * The device says that it has no network. Nothing is attempted until it says otherwise, but once in
   * a while (`backoff.maxDelayMs`), as some devices are wrong. It is over, too, when the connection
   * that there was proves to be alive.
   */
  | { status: "offline" }
  /** For good. */
  | { status: "closed"; error: ClientClosedError };

/** What a transport tells its owner. */
export interface TransportEvents {
  /** From now on this is the socket to use. */
  onOpen(socket: Socket): void;
  onMessage(socket: Socket, text: string): void;
  /** Another socket has taken over; this one stays open until its owner closes it. */
  onReplaced(socket: Socket): void;
  onLost(socket: Socket, error: ConnectionLostError): void;
  /** The server forbade to come back. */
  onClosed(error: ClientClosedError): void;
}

/**
 * Keeps one socket open from the first need until `close()`: reconnects with back-off, and moves to
 * another replica when this one asks for it, opening the new socket before it lets go of the old.
 */
export class Transport {
  readonly #settings: Settings;
  readonly #events: TransportEvents;
  readonly #state = new Store<ConnectionState>({ status: "idle" });
  /** The open socket in use. */
  #current: Socket | undefined;
  /** The socket that is opening, to become the current one. */
  #candidate: Socket | undefined;
  /** Replaced sockets that wait for their last answers. */
  readonly #retired = new Set<Socket>();
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #uptimeTimer: ReturnType<typeof setTimeout> | undefined;
  /** Attempts that failed or did not last, since a connection lasted for `minUptimeMs`. */
  #failures = 0;
  #unwatchDevice = () => {};

  constructor(settings: Settings, events: TransportEvents) {
    this.#settings = settings;
    this.#events = events;
  }

  get state(): Observable<ConnectionState> {
    return this.#state;
  }

  /** Starts connecting, if nothing has yet. */
  connect(): void {
    if (this.#state.get().status !== "idle") return;
    this.#unwatchDevice = watchDevice({
      onOnline: () => this.#checkNow(),
      onOffline: () => this.#onOffline(),
      onWake: () => this.#checkNow(),
    });
    this.#open();
  }

  /** Opens another socket in place of the current one after the delay and up to one first back-off step. */
  replaceAfter(delayMs: number): void {
    if (this.#current === undefined || this.#retryTimer || this.#candidate) return;
    this.#openAfter(delayMs + backoffDelay(0, this.#settings.backoff));
  }

  /** Closes for good. Its owner is not told. */
  close(error = new ClientClosedError()): void {
    if (this.#state.get().status === "closed") return;
    this.#unwatchDevice();
    clearTimeout(this.#uptimeTimer);
    this.#cancelRetry();
    this.#current?.close();
    this.#candidate?.close();
    for (const socket of this.#retired) socket.close();
    this.#retired.clear();
    this.#current = this.#candidate = undefined;
    this.#state.set({ status: "closed", error });
  }

  /** Lets go of a replaced socket. */
  release(socket: Socket): void {
    if (this.#retired.delete(socket)) socket.close();
  }

  #open(): void {
    this.#cancelRetry();
    this.#candidate = new Socket(this.#settings, {
      onOpen: (socket) => this.#onOpen(socket),
      onMessage: (socket, text) => this.#onMessage(socket, text),
      onEnd: (socket, end) => this.#onEnd(socket, end),
    });
    if (this.#current === undefined) this.#sayConnecting();
  }

  #sayConnecting(): void {
    this.#state.set({ status: "connecting", attempt: this.#failures + 1 });
  }

  #sayOpen(): void {
    if (this.#state.get().status !== "open") this.#state.set({ status: "open" });
  }

  #openAfter(delayMs: number): void {
    this.#cancelRetry();
    this.#retryTimer = setTimeout(() => this.#open(), delayMs);
  }

  #onOpen(socket: Socket): void {
    const replaced = this.#current;
    this.#current = socket;
    this.#candidate = undefined;
    clearTimeout(this.#uptimeTimer);
    this.#uptimeTimer = setTimeout(() => {
      this.#failures = 0;
    }, this.#settings.minUptimeMs);
    if (replaced !== undefined) this.#retired.add(replaced);
    this.#sayOpen();
    this.#events.onOpen(socket);
    if (replaced !== undefined) this.#events.onReplaced(replaced);
  }

  #onEnd(socket: Socket, { code, reason }: SocketEnd): void {
    const error = new ConnectionLostError(code, reason);
    const retired = this.#retired.delete(socket);
    if (socket === this.#candidate) this.#candidate = undefined;
    if (socket === this.#current) {
      this.#current = undefined;
      clearTimeout(this.#uptimeTimer);
    }
    if (retired) this.#events.onLost(socket, error);
    else if (mayReconnect(code)) {
      this.#tryAgain(error);
      this.#events.onLost(socket, error);
    } else {
      const closed = new ClientClosedError(code, reason);
      this.close(closed);
      this.#events.onClosed(closed);
    }
  }

  #tryAgain(error: ConnectionLostError): void {
    if (this.#candidate !== undefined) {
      // The current socket went while its replacement was opening.
      this.#sayConnecting();
      return;
    }
    const { backoff } = this.#settings;
    const offline = isOffline();
    const delayMs = offline ? backoff.maxDelayMs : backoffDelay(this.#failures, backoff);
    this.#failures += 1;
    this.#openAfter(delayMs);
    // A replacement that failed to open changes nothing for the current socket.
    if (this.#current !== undefined) return;
    if (offline) {
      this.#state.set({ status: "offline" });
      return;
    }
    const retryAt = Date.now() + delayMs;
    this.#state.set({ status: "waiting", attempt: this.#failures + 1, retryAt, error });
  }

  #onMessage(socket: Socket, text: string): void {
    if (socket === this.#current) this.#sayOpen();
    this.#events.onMessage(socket, text);
  }

  /** The world has changed: the connection may be dead, or one may be possible now. */
  #checkNow(): void {
    if (this.#current !== undefined) this.#current.probe();
    else if (this.#retryTimer !== undefined) this.#open();
  }

  #onOffline(): void {
    if (this.#current !== undefined) this.#current.probe();
    else if (this.#retryTimer !== undefined) this.#openAfter(this.#settings.backoff.maxDelayMs);
    // One that is opening fails soon enough, if it is to fail.
    else return;
    this.#state.set({ status: "offline" });
  }

  #cancelRetry(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
  }
}
