import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (path: string) => fileURLToPath(new URL(`src/${path}`, import.meta.url));

export default defineConfig({
  resolve: {
    // Most specific first. Tests import the package by its name, as its users do.
    alias: [
      { find: "@tidings/client/react", replacement: source("react/index.ts") },
      { find: "@tidings/client/tanstack-query", replacement: source("tanstack-query.ts") },
      { find: "@tidings/client", replacement: source("index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    // Starting a server, or a reconnect, on a machine with much else to do. Nothing is expected to take
    // this long; it is there so that a wait that never ends says which one it was.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
