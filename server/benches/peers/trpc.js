// tRPC 11 over `ws`, as its documentation on subscriptions recommends: an async generator over `on()` of an
// EventEmitter, which one Redis subscription feeds.

import { EventEmitter, on } from "node:events";
import { initTRPC } from "@trpc/server";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import { Redis } from "ioredis";
import { WebSocketServer } from "ws";
import { HOST, PORT, VALKEY_PORT } from "./address.js";
import { CHANNEL, payloadOf, VALKEY_CHANNEL } from "./publication.js";

const updates = new EventEmitter();
updates.setMaxListeners(0);

const t = initTRPC.create();
const router = t.router({
  onUpdates: t.procedure.input(channelInput).subscription(async function* ({ input, signal }) {
    for await (const [users] of on(updates, input.channel, { signal })) {
      yield users;
    }
  }),
});

const valkey = new Redis(VALKEY_PORT, HOST);
valkey.on("message", (_, message) => updates.emit(CHANNEL, JSON.parse(payloadOf(message))));
await valkey.subscribe(VALKEY_CHANNEL);

const wss = new WebSocketServer({ host: HOST, port: PORT });
applyWSSHandler({ wss, router });
wss.on("listening", () => console.log("listening"));

function channelInput(input) {
  if (typeof input?.channel !== "string") throw new TypeError("channel must be a string");
  return { channel: input.channel };
}
