import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";

/** From here up to 31999 the kernel gives no port away by itself, so one stays free over a restart. */
const FIRST = 20_000;
const COUNT = 12_000;
let next = process.pid * 89;

/**
 * A TCP port of 127.0.0.1 that stays ours while the server on it restarts.
 *
 * A UDP socket on the same number reserves it against other tests, in this process and others (the Rust
 * tests do the same), and is given back by the kernel however this process ends.
 */
export class Port {
  readonly number: number;
  readonly #reservation: Socket;

  private constructor(number: number, reservation: Socket) {
    this.number = number;
    this.#reservation = reservation;
  }

  static async reserve(): Promise<Port> {
    for (let tries = 0; tries < COUNT; tries += 1) {
      const number = FIRST + (next % COUNT);
      next += 1;
      const reservation = createSocket("udp4");
      if ((await binds(reservation, number)) && (await isFree(number))) {
        return new Port(number, reservation.unref());
      }
      reservation.close();
    }
    throw new Error(`no free port from ${FIRST} to ${FIRST + COUNT - 1}`);
  }

  release(): void {
    this.#reservation.close();
  }
}

async function binds(socket: Socket, port: number): Promise<boolean> {
  socket.bind({ port, address: "127.0.0.1", exclusive: true });
  return once(socket, "listening").then(
    () => true,
    () => false,
  );
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
