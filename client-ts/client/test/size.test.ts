/** What a page pays for the client: bundled and minified by Vite, compressed with gzip. */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "vite";
import { expect, test } from "vitest";
import { sources } from "../../sources.js";

const demo = fileURLToPath(new URL("../../demo/src/", import.meta.url));

/** A page that consists of this module alone. */
async function bundle(module: string): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: "silent",
    resolve: { alias: sources },
    plugins: [
      {
        name: "entry",
        resolveId: (id) => (id === "entry" ? "\0entry" : null),
        load: (id) => (id === "\0entry" ? module : null),
      },
    ],
    build: {
      write: false,
      target: "es2022",
      modulePreload: false,
      rolldownOptions: {
        input: "entry",
        preserveEntrySignatures: "strict",
        external: /^react|^@tanstack/,
      },
    },
  });
  if (!("output" in built)) throw new Error("Vite gave something else than one bundle");
  return built.output[0].code;
}

const core = 'export { createClient } from "@tidings/client";';
const contract = `export { contract } from "${demo}tidings.ts";`;
const validators = `export { validators } from "${demo}tidings.validators.ts";`;

test("the core is at most 6 kB", async () => {
  const bundled = await bundle(core);
  expect(bundled).toContain("rpc.ping");
  expect(gzipSync(bundled, { level: 9 }).length).toBeLessThanOrEqual(6_000);
});

test("checks cost nothing unless they are imported", async () => {
  expect(await bundle(core + contract)).not.toContain("must have required property");
  expect(await bundle(core + contract + validators)).toContain("must have required property");
});
