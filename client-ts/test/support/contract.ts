import { readdirSync, readFileSync } from "node:fs";

const schema = new URL("../../../schema/", import.meta.url);

/** The committed OpenRPC document. */
export function openRpc() {
  return JSON.parse(readFileSync(new URL("openrpc.json", schema), "utf8"));
}

/** The contract's example messages, by file name. */
export function examples(): Map<string, Record<string, unknown>> {
  const folder = new URL("examples/", schema);
  return new Map(
    readdirSync(folder).map((name) => [name, JSON.parse(readFileSync(new URL(name, folder), "utf8"))]),
  );
}
