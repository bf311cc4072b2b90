import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { sources } from "../sources.js";

/** A running demo: `make demo`. */
const server = "http://127.0.0.1:3001";

export default defineConfig({
  plugins: [react()],
  resolve: { alias: sources },
  build: { outDir: "dist", emptyOutDir: true },
  server: {
    port: 5173,
    strictPort: true,
    proxy: {
      "/rpc": { target: server, ws: true },
      "/openrpc.json": { target: server },
      "/publish": { target: server },
      "/sse": { target: server },
      "/poll": { target: server },
    },
  },
});
