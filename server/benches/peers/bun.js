// Bun's own WebSocket server (uWebSockets) with its own publish, and no RPC: it sends the very frames that Tidings'
// clients get, put together once per event, unchecked.

import { RedisClient } from "bun";
import { HOST, PORT, VALKEY_PORT } from "./address.js";
import { CHANNEL, headerOf, payloadOf, VALKEY_CHANNEL } from "./publication.js";

const INSTANCE = process.env.INSTANCE;
const SUBSCRIPTION = 1;

const server = Bun.serve({
  hostname: HOST,
  port: PORT,
  fetch(request, server) {
    return server.upgrade(request) ? undefined : new Response(null, { status: 426 });
  },
  websocket: {
    // More than waits for any client here: it drops what is above.
    backpressureLimit: 64 * 1024 * 1024,
    message(socket, message) {
      const { id, params } = JSON.parse(message);
      socket.subscribe(params.channel);
      socket.send(`{"jsonrpc":"2.0","id":${id},"result":${SUBSCRIPTION}}`);
      socket.send(notification(`{"type":"started","resumed":false,"instance":"${INSTANCE}"}`));
    },
  },
});

const valkey = new RedisClient(`redis://${HOST}:${VALKEY_PORT}`);
await valkey.connect();
await valkey.subscribe(VALKEY_CHANNEL, (message) => {
  const { id, publishedAt } = headerOf(message);
  server.publish(
    CHANNEL,
    notification(
      `{"type":"data","id":"${id}","publishedAt":${publishedAt},"instance":"${INSTANCE}","data":${payloadOf(message)}}`,
    ),
  );
});
console.log("listening");

function notification(event) {
  return `{"jsonrpc":"2.0","method":"onUpdates","params":{"subscription":${SUBSCRIPTION},"result":${event}}}`;
}
