import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url));
const server = "http://127.0.0.1:3000";

/** The demo page; the package itself is built by `tsc`. */
export default defineConfig({
  root: "demo",
  plugins: [react()],
  resolve: {
    // Most specific first. The page imports the package by its name, as its users do.
    alias: [
      { find: "@tidings/client/react", replacement: source("react/index.ts") },
      { find: "@tidings/client/tanstack-query", replacement: source("tanstack-query.ts") },
      { find: "@tidings/client", replacement: source("index.ts") },
    ],
  },
  build: { outDir: "dist", emptyOutDir: true },
  server: {
    port: 3001,
    strictPort: true,
    proxy: {
      "/rpc": { target: server, ws: true },
      "/openrpc.json": { target: server },
    },
  },
});
