// OpenRPC's own tools and an independent JSON Schema validator understand the contract, and the server
// serves the one that is committed.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  dereferenceDocument,
  MethodCallValidator,
  parseOpenRPCDocument,
  validateOpenRPCDocument,
} from "@open-rpc/schema-utils-js";
import { ajv, compile, contract, read } from "./contract.js";
import { startFleet } from "./fleet.js";

/** A copy: OpenRPC's tools change what they are given. */
const copy = () => structuredClone(contract);

describe("openrpc.json", () => {
  test("fits OpenRPC's published meta-schema", () => {
    assert.equal(validateOpenRPCDocument(copy()), true);
  });

  const faults = {
    "no info": (document) => delete document.info,
    "a member that OpenRPC does not know": (document) => (document.subscriptions = []),
    "a method without params": (document) => delete document.methods[0].params,
    "a parameter without a schema": (document) => delete document.methods[1].params[0].schema,
    "a schema of an unknown type": (document) => (document.components.schemas.User.type = "record"),
    "an error code that is no number": (document) =>
      (document.components.errors.notFound.code = "x"),
  };
  for (const [fault, make] of Object.entries(faults)) {
    test(`would not fit with ${fault}`, () => {
      const document = copy();
      make(document);
      assert.notEqual(validateOpenRPCDocument(document), true);
    });
  }

  test("can be dereferenced", async () => {
    const { methods } = await dereferenceDocument(copy());
    const standard = methods.map(({ params, result, errors }) => ({ params, result, errors }));
    assert.equal(methods.length, contract.methods.length);
    assert.deepEqual(references(standard), []);
  });

  test("has what every $ref of it names, in extensions, too", () => {
    for (const reference of references(contract)) {
      const path = reference.match(/^#\/(.+)$/)?.[1].split("/") ?? [];
      const named = path.reduce((part, member) => part?.[member], contract);
      assert.equal(typeof named, "object", `${reference} names nothing`);
    }
  });

  test("describes the calls of schema/demo/examples for OpenRPC's own validator", async () => {
    const validator = new MethodCallValidator(await parseOpenRPCDocument(copy()));
    for (const example of ["all-users", "user-by-id", "set-bio", "on-updates", "on-updates.request-to-resume"]) {
      const file = example.includes(".") ? example : `${example}.request`;
      const { method, params = {} } = read(`examples/${file}.json`);
      assert.deepEqual(validator.validate(method, params), [], example);
    }
    assert.equal(validator.validate("onUpdates", { channel: "No Channel" }).length, 1);
  });
});

describe("components/schemas", () => {
  for (const [name, schema] of Object.entries(contract.components.schemas)) {
    test(`${name} is strict draft-07`, () => {
      assert.ok(ajv.validateSchema(schema), ajv.errorsText());
      compile({ $ref: `#/components/schemas/${name}` });
    });
  }
});

describe("a running server", () => {
  let fleet;
  before(async () => {
    fleet = await startFleet();
  });
  after(() => fleet?.stop());

  test("answers rpc.discover with the committed document", async () => {
    const response = await fetch(`${fleet.url}/rpc`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "rpc.discover" }),
    });
    assert.deepEqual(await response.json(), { jsonrpc: "2.0", id: 1, result: contract });
  });

  test("answers GET /openrpc.json with the committed document", async () => {
    const response = await fetch(`${fleet.url}/openrpc.json`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type"), /^application\/json\b/);
    assert.deepEqual(await response.json(), contract);
  });

  test("can be read by OpenRPC's parser from its URL", async () => {
    const document = await parseOpenRPCDocument(`${fleet.url}/openrpc.json`);
    assert.deepEqual(document, await parseOpenRPCDocument(copy()));
  });
});

/** Every `$ref` within a value. */
function references(value) {
  if (typeof value !== "object" || value === null) return [];
  const inner = Object.values(value).flatMap(references);
  return typeof value.$ref === "string" ? [value.$ref, ...inner] : inner;
}
