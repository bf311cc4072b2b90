import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { generate } from "../scripts/generate.js";
import { errorTable, procedures } from "../src/generated/contract.js";
import { dataValidators, eventValidators, outputValidators } from "../src/generated/validators.js";
import { decode, encodeCall } from "../src/protocol.js";
import type { Validate } from "../src/validation.js";
import { examples, openRpc } from "./support/contract.js";

describe("src/generated", () => {
  test("is up to date with schema/openrpc.json: else run `npm run generate`", async () => {
    for (const [path, text] of Object.entries(await generate(openRpc()))) {
      const committed = await readFile(new URL(`../${path}`, import.meta.url), "utf8");
      expect(committed, `${path} is stale: run \`npm run generate\``).toBe(text);
    }
  });

  test("comes out the same from the same document", async () => {
    expect(await generate(openRpc())).toEqual(await generate(openRpc()));
  });

  test("has every procedure and every error of the document", () => {
    const document = openRpc();
    expect(Object.keys(procedures)).toEqual(
      document.methods.map(({ name }: { name: string }) => name),
    );
    expect(Object.keys(errorTable)).toEqual(
      document["x-errors"].map(({ name }: { name: string }) => name),
    );
  });

  test("follows a changed type, so that a member added in Rust changes the committed file", async () => {
    const document = openRpc();
    document.components.schemas.User.properties.email = { type: "string" };
    document.components.schemas.User.required.push("email");
    const files = await generate(document);
    expect(files["src/generated/contract.ts"]).toContain("email: string;");
    expect(files["src/generated/validators.ts"]).toContain("email");
  });

  test("refuses a procedure that would hide a member of the client", async () => {
    const document = openRpc();
    document.methods[0].name = "close";
    await expect(generate(document)).rejects.toThrow("a procedure cannot be called close");
  });
});

describe("schema/examples", () => {
  const files = [...examples()];
  const isRequest = ([name]: [string, unknown]) => /\.request[.-]/.test(name);
  const requests = files.filter(isRequest);
  const others = files.filter((file) => !isRequest(file));

  test.each(requests)("%s is what the client sends", (_, request) => {
    const text = encodeCall(Number(request["id"]), String(request["method"]), request["params"]);
    expect(JSON.parse(text)).toEqual(request);
  });

  test.each(others)("%s is understood", (name, message) => {
    const decoded = decode(JSON.stringify(message));
    const procedure = camelCase(name);
    switch (decoded.kind) {
      case "event":
        expectValid(eventValidators[procedure], decoded.event);
        if (decoded.event.type === "data") {
          expectValid(dataValidators[procedure], decoded.event.data);
        }
        break;
      case "result":
        // The answers to subscribing and unsubscribing are plain ids and booleans.
        if (procedure in outputValidators) {
          expectValid(outputValidators[procedure], decoded.result);
        } else expect(["number", "boolean"]).toContain(typeof decoded.result);
        break;
      case "error":
        expect(Object.values(errorTable).map(({ code }) => code)).toContain(decoded.error.code);
        break;
      case "other":
        // An error that names no call.
        expect(message["id"]).toBeNull();
    }
  });

  test("hold every kind of event and of message", () => {
    const kinds = others
      .map(([, message]) => decode(JSON.stringify(message)))
      .map((message) => (message.kind === "event" ? message.event.type : message.kind));
    expect(new Set(kinds)).toEqual(
      new Set(["started", "data", "gap", "status", "stopped", "result", "error", "other"]),
    );
  });
});

describe("the generated checks", () => {
  const user = { id: "1", name: "Leanne Graham" };

  test("let through what the contract allows, unknown members included", () => {
    expectValid(outputValidators["userById"], user);
    expectValid(outputValidators["userById"], { ...user, bio: "…", since: 2026 });
    expectValid(dataValidators["onUpdates"], []);
    expectValid(dataValidators["onUpdates"], [user, user]);
  });

  test.each([
    [{ name: "no id" }, "", "must have required property 'id'"],
    [{ id: 1, name: "a number for an id" }, "/id", "must be string"],
    [{ ...user, bio: null }, "/bio", "must be string"],
    ["a string", "", "must be object"],
  ])("refuse %j", (value, path, message) => {
    const validate = outputValidators["userById"];
    expect(validate?.(value)).toBe(false);
    expect(validate?.errors?.[0]).toMatchObject({ instancePath: path, message });
  });

  test("refuse an event that lacks a member", () => {
    expect(eventValidators["onUpdates"]?.({ type: "started", resumed: false })).toBe(false);
    expect(eventValidators["onUpdates"]?.({ type: "begun" })).toBe(false);
  });
});

function expectValid(validate: Validate | undefined, value: unknown): void {
  expect(validate?.(value), JSON.stringify(validate?.errors)).toBe(true);
}

/** `on-updates.data.json` → `onUpdates` */
function camelCase(file: string): string {
  const [name = ""] = file.split(".");
  return name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}
