/** Unsupported documents cause an error that names the place and the fix. */
import { describe, expect, test } from "vitest";
import { CodegenError, generate } from "../src/index.js";
import { document, query, ref, subscription } from "./support/document.js";

const text = { type: "string" };

/** The message of the error, after checking that it is a CodegenError. */
function refusal(openrpc: unknown, contractImport?: string): string {
  try {
    generate(openrpc, contractImport);
  } catch (error) {
    expect(error).toBeInstanceOf(CodegenError);
    return (error as Error).message;
  }
  throw new Error("it was generated");
}

const withType = (schema: unknown) =>
  document({ methods: [query("a", ref("T"))], schemas: { T: schema } });
const withMethods = (...methods: Record<string, unknown>[]) => document({ methods });

describe("a type", () => {
  test.each([
    [{ if: {}, type: "string" }, 'type T (#/components/schemas/T): "if" cannot be expressed'],
    [
      { type: "object", properties: { "a/b": { contains: {} } } },
      'type T (#/components/schemas/T/properties/a~1b): "contains" cannot be expressed',
    ],
    [{ type: "string", not: { type: "null" } }, "(#/components/schemas/T/not): TypeScript cannot"],
    [{ const: { a: 1 } }, "(#/components/schemas/T/const): only texts, numbers, booleans and null"],
    [{ enum: ["a", ["b"]] }, "(#/components/schemas/T/enum/1): only texts"],
    [{ type: "date" }, '(#/components/schemas/T/type): "date" is no type of JSON Schema'],
    [{ $ref: "#/definitions/X" }, "(#/components/schemas/T/$ref): there is no #/definitions/X"],
    [{ type: "array", items: { $ref: "other.json" } }, "T/items/$ref): there is no other.json"],
    [
      { type: "object", properties: { a: text }, required: ["b"] },
      'T/required): "b" is required but not described',
    ],
    [
      { type: "object", properties: { a: text }, additionalProperties: { type: "integer" } },
      "it has named members beside a map of another type",
    ],
    [{ oneOf: "a" }, "T/oneOf): it is not a list"],
    [{ properties: { a: 1 } }, "T/properties/a): it is not a schema"],
  ])("of %j", (schema, message) => {
    expect(refusal(withType(schema))).toContain(message);
  });

  test("says what to do", () => {
    expect(refusal(withType({ type: "string", if: {} }))).toMatch(
      /Describe the Rust type in another way/,
    );
  });

  test.each(["not-a-name", "string", "class", "contract", "ContractErrors"])(
    "called %s",
    (name) => {
      const openrpc = document({ methods: [query("a", ref(name))], schemas: { [name]: text } });
      expect(refusal(openrpc)).toMatch(/Give the Rust type another name: #\[schemars/);
    },
  );

  test("that only one direction can have, in the other one", () => {
    const secret = {
      type: "object",
      properties: { a: { ...text, writeOnly: true } },
      required: ["a"],
    };
    expect(refusal(withType(secret))).toContain(
      "type T (#/components/schemas/T/properties/a): the server",
    );
    const input = document({
      methods: [query("a", text, { "x-input": ref("T") })],
      schemas: { T: secret },
    });
    expect(generate(input).contract).toContain("a: string;");
  });

  test.each([
    { type: "object", properties: { a: text }, required: ["a"] },
    { type: "object", additionalProperties: text },
    { type: "object", allOf: [ref("T")] },
    { type: "string" },
  ])("called NoInput, as an input: %j", (schema) => {
    const openrpc = document({ methods: [query("a", text)], schemas: { NoInput: schema } });
    expect(refusal(openrpc)).toContain(
      "type NoInput (#/components/schemas/NoInput): it is not the empty object",
    );
  });

  test("with a pattern that JavaScript does not know, when checks are wanted", () => {
    const openrpc = withType({ type: "string", pattern: "(?P<year>\\d{4})" });
    expect(generate(openrpc).contract).toContain("export type T = string;");
    expect(refusal(openrpc, "./tidings.js")).toContain("is no regular expression of JavaScript");
  });
});

describe("a procedure", () => {
  test.each([
    [["close"], "method close (#/methods/0): close is a member of every client"],
    [["connectionState"], "connectionState is a member of every client"],
    [["close.all"], "Rename the group"],
    [["a.b", "a"], "method a (#/methods/1): it is also the group of a.b"],
    [["a", "a.b.c"], "method a (#/methods/0): it is also the group of a.b.c"],
    [["a", "a"], "there are two of this name"],
    [["rpc.discover"], "names that begin with rpc. belong to Tidings"],
    [["on-price"], '"on-price" cannot be the name of a procedure'],
    [["a..b"], '"a..b" cannot be the name of a procedure'],
    [["__proto__"], '"__proto__" cannot be the name of a procedure'],
  ])("called %j", (names, message) => {
    expect(refusal(withMethods(...names.map((name) => query(name, text))))).toContain(message);
  });

  test.each([
    [{ ...query("a", text), "x-kind": "stream" }, '(#/methods/0/x-kind): "stream" is none of'],
    [{ ...query("a", text), "x-input": undefined }, "(#/methods/0/x-input): there is no schema"],
    [{ ...query("a", text), result: undefined }, "method a (#/methods/0): there is no schema"],
    [{ ...query("a", text), errors: [{ $ref: "#/x/gone" }] }, "does not describe the error gone"],
    [subscription("a", text, "newest"), '"newest" is none of log, state, members'],
    [{ ...query("a", text), name: undefined }, "a method (#/methods/0): it has no name"],
  ])("that is no procedure of Tidings: %j", (method, message) => {
    expect(refusal(withMethods(method))).toContain(message);
  });
});

test.each([
  ["sold-out", 'error sold-out (#/x-errors/0): "sold-out" cannot be'],
  ["PayloadError", "the client has an error of this name"],
  ["notFound", "Tidings has an error of this name"],
])("an error called %s", (name, message) => {
  expect(refusal(document({ errors: [{ name, code: 1, retryable: false }] }))).toContain(message);
});

test.each([null, [], {}, { swagger: "2.0" }])("what is no OpenRPC document: %j", (value) => {
  expect(refusal(value)).toContain("this is not an OpenRPC document");
});
