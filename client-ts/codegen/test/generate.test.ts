/** The generated files. `npm run types` checks the types of the committed fixtures. */
import { readFile } from "node:fs/promises";
import { RpcError } from "@tidings/client";
import { describe, expect, test } from "vitest";
import { generate } from "../src/index.js";
import { tidingsErrors } from "../src/names.js";
import { document, query, ref } from "./support/document.js";
import { shop } from "./support/shop.js";

const fixture = (name: string) => new URL(`fixtures/${name}`, import.meta.url);

test("a document with everything gives the committed files", async () => {
  const { contract, validators } = generate(shop, "./shop.js");
  await expect(contract).toMatchFileSnapshot("fixtures/shop.ts");
  await expect(validators).toMatchFileSnapshot("fixtures/shop.validators.ts");
});

test("a document with nothing gives a contract of nothing", async () => {
  const { contract, validators } = generate(document({ title: "Nothing\nat all" }), "./empty.js");
  await expect(contract).toMatchFileSnapshot("fixtures/empty.ts");
  await expect(validators).toMatchFileSnapshot("fixtures/empty.validators.ts");
});

test("every construct in the output of schemars is supported", async () => {
  // `schemars.rs`, beside it, is what it was made from.
  const schemas = JSON.parse(await readFile(fixture("schemars.json"), "utf8"));
  const openrpc = document({ schemas, methods: [query("all", ref("All"))] });
  const { contract, validators } = generate(openrpc, "./schemars.js");
  await expect(contract).toMatchFileSnapshot("fixtures/schemars.ts");
  expect(validators).toContain("check0");
});

test("the same document gives the same text, whatever the order of types that are not used", () => {
  const again = structuredClone(shop);
  expect(generate(again)).toEqual(generate(shop));
});

test("only types that a procedure or an error leads to are written", () => {
  expect(generate(shop).contract).not.toContain("shoeSize");
  const used = document({
    methods: [query("a", ref("A"))],
    schemas: { B: { type: "string" }, A: { type: "array", items: ref("B") } },
  });
  expect(generate(used).contract).toContain("export type B = string;");
});

test("only the empty object of Tidings is replaced by the client's NoInput", () => {
  const ofTidings = { description: "The input.", type: "object" };
  for (const NoInput of [ofTidings, { ...ofTidings, additionalProperties: false }]) {
    const openrpc = document({ methods: [query("a", ref("NoInput"))], schemas: { NoInput } });
    const { contract } = generate(openrpc);
    expect(contract).toContain("input: tidings.NoInput;");
    // As an output it is a type like any other.
    expect(contract).toContain("output: NoInput;");
  }
});

test.each([
  [{ type: "integer", format: "uint64", minimum: 0 }, true],
  [{ type: ["integer", "null"], format: "int64" }, true],
  [{ type: "array", items: { type: "integer", format: "int64" } }, true],
  [{ type: "integer", format: "uint64", minimum: 0, maximum: 100 }, false],
  [{ type: "integer", format: "uint32", minimum: 0 }, false],
])("a comment warns where an integer may lose digits: %j", (schema, warns) => {
  const openrpc = document({
    methods: [query("a", ref("A"))],
    schemas: { A: { type: "object", properties: { n: schema } } },
  });
  const { contract } = generate(openrpc);
  expect(contract.includes("beyond 2^53 lose digits")).toBe(warns);
});

test("the checks need nothing at run time", () => {
  const { validators = "" } = generate(shop, "./shop.js");
  // The constructs that make ajv import something are there.
  expect(validators).toContain("ucs2length(");
  expect(validators).toContain("equal(");
  expect(validators).not.toMatch(/require\(|import\(|ajv\/dist/);
  expect(validators.match(/^import .*/gm)).toEqual([
    'import type { Validators } from "@tidings/client";',
    'import type { contract } from "./shop.js";',
  ]);
});

describe("Tidings' own errors", () => {
  test.each(tidingsErrors)("%s is known to the client without a contract", (name) => {
    const data = { name, retryable: false };
    expect(new RpcError({ code: 0, message: "", data }).name).toBe(name);
  });
});
