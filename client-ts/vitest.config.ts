import { defineConfig } from "vitest/config";
import { sources } from "./sources.js";

/** The tests of the packages. Those of the page, in a browser, are in `demo/e2e`. */
export default defineConfig({
  resolve: { alias: sources },
  test: {
    include: ["client/test/**/*.test.{ts,tsx}", "codegen/test/**/*.test.ts"],
    // Starting a server, or a reconnect, on a machine with much else to do. Nothing is expected to take
    // this long; it is there so that a wait that never ends says which one it was.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
