/** The client and its contract against the committed example messages. */
import { RpcError } from "@tidings/client";
import { describe, expect, test } from "vitest";
import { decode, encodeCall } from "../src/protocol.js";
import type { Validate } from "../src/validation.js";
import { contract, examples, validators } from "./support/contract.js";

const payloads: Readonly<Record<string, Validate>> = validators.payloads;

describe("schema/demo/examples", () => {
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
        if (decoded.event.type === "data") expectValid(payloads[procedure], decoded.event.data);
        break;
      case "result":
        // The answers to subscribing and unsubscribing are plain ids and booleans.
        if (!procedure.startsWith("on")) expectValid(payloads[procedure], decoded.result);
        else expect(["number", "boolean"]).toContain(typeof decoded.result);
        break;
      case "error":
        expect(new RpcError(decoded.error, contract.errors).name).not.toBe("unknownError");
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
    expectValid(validators.payloads.userById, user);
    expectValid(validators.payloads.userById, { ...user, bio: "…", since: 2026 });
    expectValid(validators.payloads.onUpdates, []);
    expectValid(validators.payloads.onUpdates, [user, user]);
  });

  test.each([
    [{ name: "no id" }, "", "must have required property 'id'"],
    [{ id: 1, name: "a number for an id" }, "/id", "must be string"],
    ["a string", "", "must be object"],
  ])("refuse %j", (value, path, message) => {
    const validate = validators.payloads.userById;
    expect(validate(value)).toBe(false);
    expect(validate.errors?.[0]).toMatchObject({ instancePath: path, message });
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
