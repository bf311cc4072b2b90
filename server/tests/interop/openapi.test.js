// An independent validator of OpenAPI understands the document of the HTTP paths, and the server serves the one that is
// committed.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import SwaggerParser from "@apidevtools/swagger-parser";
import { read } from "./contract.js";
import { startFleet } from "./fleet.js";

const document = read("openapi.json");
const validate = (document) => SwaggerParser.validate(structuredClone(document));

describe("openapi.json", () => {
  test("is valid OpenAPI 3.1", async () => {
    assert.equal(document.openapi, "3.1.0");
    await validate(document);
  });

  const faults = {
    "no info": (document) => delete document.info,
    "a reference to nothing": (document) => delete document.components.schemas.TidingsError,
    "a parameter in no place of a request": (document) =>
      (document.paths["/publish/onUpdates/{channel}"].post.parameters[0].in = "nowhere"),
    "an answer without a description": (document) =>
      delete document.paths["/healthz"].get.responses[200].description,
  };
  for (const [fault, make] of Object.entries(faults)) {
    test(`would not be valid with ${fault}`, async () => {
      const faulty = structuredClone(document);
      make(faulty);
      await assert.rejects(validate(faulty));
    });
  }

  test("has the type of each payload", async () => {
    const { paths } = await SwaggerParser.dereference(structuredClone(document));
    const { content } = paths["/publish/onUpdates/{channel}"].post.requestBody;
    const { items } = content["application/json"].schema;
    assert.deepEqual(items.required, ["id", "name"]);
  });
});

describe("a running server", () => {
  let fleet;
  before(async () => {
    fleet = await startFleet();
  });
  after(() => fleet?.stop());

  test("answers GET /openapi.json with the committed document", async () => {
    const response = await fetch(`${fleet.replicaUrl}/openapi.json`);
    assert.equal(response.status, 200);
    assert.match(response.headers.get("content-type"), /^application\/json\b/);
    assert.deepEqual(await response.json(), document);
  });

  test("publishes as the document says", async () => {
    const response = await fetch(`${fleet.replicaUrl}/publish/onUpdates/from-rest`, {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": "one" },
      body: JSON.stringify([{ id: "1", name: "Ada" }]),
    });
    assert.equal(response.status, 200);
    const answer = await response.json();
    assert.deepEqual(Object.keys(answer), ["id"]);
    assert.match(answer.id, /^[0-9a-f-]{36}:1$/);
  });
});
