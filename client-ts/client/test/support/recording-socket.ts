import type { Observable } from "@tidings/client";
import { WebSocket } from "ws";
import { Store } from "../../src/store.js";

/**
 * A WebSocket constructor that keeps a log of what goes over the wire: `→ method` for what the client
 * sends, `← id` for answers and `← method` for events.
 *
 * @param Base what carries the messages
 */
export function recordingSocket(Base: typeof WebSocket = WebSocket): {
  WebSocket: typeof WebSocket;
  log: Observable<string[]>;
} {
  const log = new Store<string[]>([]);
  const write = (line: string) => log.set([...log.get(), line]);
  class RecordingSocket extends Base {
    constructor(url: string | URL) {
      super(url);
      this.on("message", (data) => {
        const { id, method } = JSON.parse(data.toString());
        write(`← ${id ?? method}`);
      });
    }

    override send(text: string): void {
      write(`→ ${JSON.parse(text).method}`);
      super.send(text);
    }
  }
  return { WebSocket: RecordingSocket as typeof WebSocket, log };
}
