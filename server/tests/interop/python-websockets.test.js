// Python's websockets package, in a script of its own.

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
