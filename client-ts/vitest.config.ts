import { defineConfig } from "vitest/config";
import { sources } from "./sources.js";

/** The tests that need no browser. Those of the page in a browser are in `demo/e2e`. */
export default defineConfig({
  resolve: { alias: sources },
  test: {
    include: ["{client,codegen,demo}/test/**/*.test.{ts,tsx}"],
    // Far longer than starting a server or reconnecting takes on a slow machine: only a wait that never
    // ends reaches it.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
