// Publishers in other languages: each calls the function in Valkey as PROTOCOL.md shows it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import Valkey from "iovalkey";
import { Client } from "rpc-websockets";
import { startFleet } from "./fleet.js";
import { PATIENCE_MS, within } from "./patience.js";
import { run } from "./program.js";

const beside = (path) => fileURLToPath(new URL(path, import.meta.url));
const users = (name) => JSON.stringify([{ id: "1", name }]);

let fleet;
before(async () => {
  fleet = await startFleet();
});
after(() => fleet?.stop());

/** Publishes one event twice with an idempotency key, and another, and follows them from the beginning. */
async function follows(t, channel, publish) {
  const first = await publish(users("first"), "key-1");
  assert.match(first, /^[0-9a-f-]{36}:1$/);
  assert.equal(await publish(users("again"), "key-1"), first, "the key was used before");
  const second = await publish(users("second"), "key-2");
  const epoch = first.slice(0, first.indexOf(":"));
  assert.equal(second, `${epoch}:2`);

  const client = new Client(fleet.rpcUrl, { reconnect: false });
  t.after(() => client.close());
  await within(once(client, "open"), "connection");
  const events = [];
  const complete = new Promise((resolve) => {
    client.on("onUpdates", ({ result }) => events.push(result) === 3 && resolve());
  });
  await client.call("onUpdates", { channel, lastEventId: `${epoch}:0` }, PATIENCE_MS);
  await within(complete, "third event");
  assert.equal(events[0].resumed, true);
  assert.deepEqual(
    events.slice(1).map(({ id, data }) => [id, data[0].name]),
    [
      [first, "first"],
      [second, "second"],
    ],
  );
}

test("valkey-cli publishes", (t) =>
  follows(t, "from-cli", async (payload, key) => {
    const call = ["FCALL", "tidings_publish", "1", "updates:{from-cli}", payload, key];
    return (await run("valkey-cli", ["-p", fleet.valkeyPort, ...call], ".ci/install")).trim();
  }));

test("Python's valkey publishes", (t) =>
  follows(t, "from-python", async (payload, key) => {
    const args = [beside("python_publish.py"), fleet.valkeyPort, "from-python", payload, key];
    return (await run(beside(".venv/bin/python"), args, "server/tests/interop/setup")).trim();
  }));

test("Node's iovalkey publishes", async (t) => {
  const valkey = new Valkey(Number(fleet.valkeyPort));
  t.after(() => valkey.disconnect());
  await follows(t, "from-node", (payload, key) =>
    valkey.call("FCALL", "tidings_publish", 1, "updates:{from-node}", payload, key),
  );
});
