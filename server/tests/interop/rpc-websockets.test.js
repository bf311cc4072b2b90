// rpc-websockets, from npm: its client emits a notification as an event named like the method.

import { once } from "node:events";
import { after, before, test } from "node:test";
import { Client } from "rpc-websockets";
import { startFleet } from "./fleet.js";
import { PATIENCE_MS, within } from "./patience.js";
import { check, play } from "./story.js";
import { Transcript } from "./transcript.js";

let fleet;
before(async () => {
  fleet = await startFleet();
});
after(() => fleet?.stop());

test("rpc-websockets subscribes, receives and unsubscribes", async (t) => {
  const client = new Client(fleet.rpcUrl, { reconnect: false });
  t.after(() => client.close());
  await within(once(client, "open"), "connection");

  const transcript = new Transcript();
  client.on("onUpdates", (params) => transcript.notified(params));
  const call = async (method, params) => {
    const result = await client.call(method, params, PATIENCE_MS);
    transcript.answered(method, result);
    return result;
  };

  await play({ call, transcript }, fleet, "rpc-websockets");
  check(transcript.entries, fleet.instance);
});
