import { WebSocket } from "ws";

/** What lies between a client and its server: it can be cut, and plugged in again elsewhere. */
export class Cable {
  /** To hand to a client. */
  readonly WebSocket: typeof WebSocket;
  readonly #sockets = new Set<WebSocket>();
  #isCut = false;
  #url: string | undefined;

  constructor() {
    const plugged = (url: string | URL) => {
      if (this.#isCut) throw new Error("the cable is cut");
      return this.#url ?? url;
    };
    const sockets = this.#sockets;
    this.WebSocket = class extends WebSocket {
      constructor(url: string | URL) {
        super(plugged(url));
        sockets.add(this);
        this.once("close", () => sockets.delete(this));
      }
    } as typeof WebSocket;
  }

  /** Drops every connection without a word, and allows none. */
  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.terminate();
  }

  /** Allows connections again: to another server, if one is named. */
  plug(url?: string): void {
    this.#isCut = false;
    this.#url = url ?? this.#url;
  }
}
