// Python's websockets package, in a script of its own.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startFleet } from "./fleet.js";
import { run } from "./program.js";
import { check, updates } from "./story.js";

const beside = (path) => fileURLToPath(new URL(path, import.meta.url));

let fleet;
before(async () => {
  fleet = await startFleet();
});
after(() => fleet?.stop());

test("Python websockets subscribes, receives and unsubscribes", async () => {
  const transcript = await run(
    beside(".venv/bin/python"),
    [
      beside("python_websockets.py"),
      fleet.rpcUrl,
      fleet.valkeyPort,
      "python",
      JSON.stringify(updates),
    ],
    "server/tests/interop/setup",
  );
  check(JSON.parse(transcript), fleet.instance);
});

test("Python websockets takes the largest event with its default limit of 1 MiB", async () => {
  const args = [beside("python_largest.py"), fleet.rpcUrl, fleet.valkeyPort, "largest"];
  const printed = await run(beside(".venv/bin/python"), args, "server/tests/interop/setup");
  const bytes = Number(printed);
  assert.ok(bytes > 512 * 1024 && bytes <= 514 * 1024, printed);
});
