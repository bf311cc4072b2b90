// The generated client against the running service: `node use.js URL`. Every value has its type; what does not fit is in
// wrong.ts.
import assert from "node:assert/strict";
import { createClient, type ErrorOf } from "@tidings/client";
import WebSocket from "ws";
import { type Change, contract, type Item, type Packing } from "./tidings.js";
import { validators } from "./tidings.validators.js";

const url = process.argv[2];
if (url === undefined) throw new Error("usage: node use.js URL");
const client = createClient({ contract, validators, url, WebSocket });
const id = "00000000-0000-0000-0000-00000000a417";

const item: Item = await client.stock.items.get.query({ id });
assert.deepEqual([item.name, item.left, item.sold], ["Anvil", 3, Number.MAX_SAFE_INTEGER]);
assert.equal(new Date(item.restockedAt).getTime(), 0);
const note: string | null | undefined = item.note;
assert.equal(note ?? undefined, undefined);
assert.equal(describe(item.packing), "heavy: box of 4294967295 g, download");

const changes: Change[] = [];
let first: Item | undefined;
let newest: Item | undefined;
const followed = new Promise<void>((resolve, reject) => {
  client.stock.onChange.subscribe(
    {},
    {
      onStarted: () => void take().catch(reject),
      onData: (change) => changes.push(change) === 3 && resolve(),
      onError: reject,
    },
  );
});
await followed;
assert.deepEqual(changes.map(kindOf), ["added", "removed", "cleared"]);

// A newcomer gets the newest value at once.
await new Promise<void>((resolve, reject) => {
  client.stock.items.onItem.subscribe(
    { id },
    { onData: (data) => resolve(void (newest = data)), onError: reject },
  );
});
assert.equal(newest?.left, 1);
assert.equal(first?.left, 1);

await assert.rejects(client.stock.items.take.mutate({ id, count: 2 }), (error) => {
  assert.ok(client.stock.items.take.isError(error, "soldOut"));
  assert.equal(error.details.left, 1);
  assert.match(explain(error), /1 left/);
  return true;
});
await assert.rejects(client.stock.items.get.query({ id: crypto.randomUUID() }), { name: "notFound" });
client.close();
console.log("consumer: passed");

async function take(): Promise<void> {
  first = await client.stock.items.take.mutate({ id, count: 2 });
}

function explain(error: ErrorOf<typeof contract, "stock.items.take">): string {
  return error.name === "soldOut" ? `${error.details.left} left` : error.message;
}

function describe(packing: Packing): string {
  switch (packing.type) {
    case "download":
      return "download";
    case "box":
      return `box of ${packing.weightGrams} g`;
    case "custom":
      return `${packing.label}: ${packing.parts.map(describe).join(", ")}`;
  }
}

function kindOf(change: Change): string {
  if (change === "cleared") return "cleared";
  return "added" in change ? "added" : "removed";
}
