// A fleet of real processes: Valkey, one replica, nginx.

import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { within } from "./patience.js";
import { end, run, start } from "./program.js";

const target =
  process.env.CARGO_TARGET_DIR ?? fileURLToPath(new URL("../../../target", import.meta.url));

/**
 * Starts a fleet on free ports, for one test file. One replica only, so that the order in which a connection
 * gets its messages is the order in which that replica sent them.
 *
 * @throws when the fleet was not built, or is not ready in time
 */
export async function startFleet() {
  const program = await start(
    `${target}/debug/fleet`,
    ["--json", "--port", "0", "--replicas", "1", "--no-publisher"],
    "cargo build --workspace",
  );
  const { url, valkeyUrl, replicas } = await within(ready(program), "fleet").catch((error) => {
    program.kill();
    throw error;
  });
  const valkeyPort = new URL(valkeyUrl).port;
  return {
    /** nginx, over HTTP. */
    url,
    /** The RPC endpoint behind nginx, over WebSocket. */
    rpcUrl: `${url.replace(/^http/, "ws")}/rpc`,
    /** What the replica calls itself. */
    instance: replicas[0].instance,
    valkeyPort,
    /** The replica itself, over HTTP: what backends reach. */
    replicaUrl: replicas[0].url,

    /** Publishes as any Redis client can, and answers how many Valkey subscriptions got it. */
    async publish(channel, data) {
      const message = ["PUBLISH", `updates:{${channel}}`, JSON.stringify(data)];
      return Number(await run("valkey-cli", ["-p", valkeyPort, ...message], ".ci/install"));
    },

    /** Ends all of its processes. */
    stop: () => end(program),
  };
}

/** The one line that a fleet prints when it can be used. */
async function ready(program) {
  for await (const line of createInterface({ input: program.stdout })) return JSON.parse(line);
  throw new Error("the fleet ended before it was ready; what it said stands above");
}
