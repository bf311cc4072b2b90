/** The demo's contract, which is written from what Rust declares. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { generate } from "../src/index.js";
import { tidingsErrors } from "../src/names.js";

const at = (path: string) => new URL(`../../${path}`, import.meta.url);
const openrpc = JSON.parse(await readFile(at("../schema/demo/openrpc.json"), "utf8"));
const mend = "it is stale: run `npm run generate`";

test("is up to date with schema/demo/openrpc.json", async () => {
  const { contract, validators } = generate(openrpc, "./tidings.js");
  expect(await readFile(at("demo/src/tidings.ts"), "utf8"), mend).toBe(contract);
  expect(await readFile(at("demo/src/tidings.validators.ts"), "utf8"), mend).toBe(validators);
});

test("follows a changed type: a member added in Rust changes the committed files", () => {
  const changed = structuredClone(openrpc);
  const { User } = changed.components.schemas;
  User.properties.email = { type: "string", format: "email" };
  User.required.push("email");
  const { contract, validators } = generate(changed, "./tidings.js");
  expect(contract).toContain("  email: string;\n");
  expect(validators).toContain("email");
});

test("has Tidings' own errors, each of them known to codegen", () => {
  const own = openrpc["x-errors"].filter(({ code }: { code: number }) => code <= -32000);
  expect(own.map(({ name }: { name: string }) => name).sort()).toEqual([...tidingsErrors].sort());
});
