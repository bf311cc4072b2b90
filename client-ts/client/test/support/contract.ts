import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Client } from "@tidings/client";
import type { contract } from "../../../demo/src/tidings.js";

export { contract, type User } from "../../../demo/src/tidings.js";
export { validators } from "../../../demo/src/tidings.validators.js";

/** A client of the demo, which these tests run against. */
export type DemoClient = Client<typeof contract>;

const schema = resolve(import.meta.dirname, "../../../../schema/demo");

/** The committed OpenRPC document. */
export function openRpc() {
  return JSON.parse(readFileSync(join(schema, "openrpc.json"), "utf8"));
}

/** The contract's example messages, by file name. */
export function examples(): Map<string, Record<string, unknown>> {
  const folder = join(schema, "examples");
  return new Map(
    readdirSync(folder).map((name) => [name, JSON.parse(readFileSync(join(folder, name), "utf8"))]),
  );
}
