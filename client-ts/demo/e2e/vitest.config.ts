import { defineConfig } from "vitest/config";

/** The page in a real browser, in front of a whole fleet. `npm run e2e` builds the page first. */
export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: ["*.test.ts"],
    // Each file has a browser and most a fleet of its own; two at once are too much for a small machine.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
