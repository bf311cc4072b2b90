// Socket.IO 4 over WebSocket: a room for each channel, to which one Redis subscription emits.

import { createServer } from "node:http";
import { Redis } from "ioredis";
import { Server } from "socket.io";
import { HOST, PORT, VALKEY_PORT } from "./address.js";
import { CHANNEL, payloadOf, VALKEY_CHANNEL } from "./publication.js";

const http = createServer();
const io = new Server(http, { transports: ["websocket"] });
// Its documentation advises so, to save memory.
io.engine.on("connection", (socket) => {
  socket.request = null;
});
io.on("connection", (socket) => {
  socket.on("subscribe", ({ channel }, done) => {
    socket.join(channel);
    done({ ok: true });
  });
});

const valkey = new Redis(VALKEY_PORT, HOST);
valkey.on("message", (_, message) => io.to(CHANNEL).emit("onUpdates", JSON.parse(payloadOf(message))));
await valkey.subscribe(VALKEY_CHANNEL);

http.listen(PORT, HOST, () => console.log("listening"));
