// wscat, from npm: what a person types, and what they see.

import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { startFleet } from "./fleet.js";
import { within } from "./patience.js";
import { end, start } from "./program.js";
import { check, play, updates } from "./story.js";
import { Transcript } from "./transcript.js";

const wscat = fileURLToPath(new URL("node_modules/.bin/wscat", import.meta.url));
const setup = "server/tests/interop/setup";

let fleet;
before(async () => {
  fleet = await startFleet();
});
after(() => fleet?.stop());

test("wscat in a terminal subscribes, receives and unsubscribes", async (t) => {
  // `script` gives it a terminal: without one, wscat neither says when it is connected nor marks what came.
  const program = await start(
    "script",
    [
      "--quiet",
      "--return",
      "--flush",
      "--command",
      `'${wscat}' --connect ${fleet.rpcUrl}`,
      "/dev/null",
    ],
    "apt-get install bsdutils",
  );
  t.after(() => end(program));
  const lines = createInterface({ input: program.stdout });
  const connected = new Promise((resolve, reject) => {
    lines.on("line", (line) => stripVTControlCharacters(line).startsWith("Connected") && resolve());
    lines.on("close", () => reject(new Error(`wscat did not connect; ${setup} installs it`)));
  });
  await within(connected, "connection of wscat's");

  const person = personAt(program.stdin, lines);
  await play(person, fleet, "wscat");
  check(person.transcript.entries, fleet.instance);
});

test("wscat -x in a pipe prints the answer, then each event, a line each", async (t) => {
  const subscribe = {
    jsonrpc: "2.0",
    id: 1,
    method: "onUpdates",
    params: { channel: "wscat-pipe" },
  };
  const program = await start(
    wscat,
    ["--connect", fleet.rpcUrl, "--wait", "-1", "--execute", JSON.stringify(subscribe)],
    setup,
  );
  t.after(() => end(program));
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await within(lines.next(), "line from wscat");
    assert.ok(!done, "wscat has ended");
    return JSON.parse(value);
  };

  const { id, result: subscription } = await next();
  assert.equal(id, 1);
  const started = await next();
  assert.equal(started.params.subscription, subscription);
  assert.equal(started.params.result.type, "started");

  assert.equal(await fleet.publish("wscat-pipe", updates[0]), 1);
  assert.deepEqual(await next(), {
    jsonrpc: "2.0",
    method: "onUpdates",
    params: { subscription, result: { type: "data", instance: fleet.instance, data: updates[0] } },
  });
});

/** Who types calls into wscat's terminal and reads what it marks as received. */
function personAt(keyboard, screen) {
  const transcript = new Transcript();
  const asked = new Map();
  screen.on("line", (line) => {
    const seen = stripVTControlCharacters(line);
    if (!seen.startsWith("< ")) return;
    const { id, result, error, params } = JSON.parse(seen.slice(2));
    if (id === undefined) return transcript.notified(params);
    const { method, resolve, reject } = asked.get(id);
    if (error) return reject(new Error(error.message));
    transcript.answered(method, result);
    resolve(result);
  });
  const call = (method, params) => {
    const id = asked.size + 1;
    const answer = new Promise((resolve, reject) => asked.set(id, { method, resolve, reject }));
    keyboard.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\r`);
    return within(answer, `answer to ${method}`);
  };
  return { call, transcript };
}
