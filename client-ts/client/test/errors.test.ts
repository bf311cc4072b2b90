import { expect, test } from "vitest";
import { RpcError } from "../src/errors.js";

test("name, retryability and path come from the response", () => {
  const data = { name: "invalidParams", retryable: false, path: "channel" };
  expect(new RpcError({ code: -32602, message: "channel: missing", data })).toMatchObject({
    name: "invalidParams",
    code: -32602,
    retryable: false,
    path: "channel",
    message: "channel: missing",
  });
});

test("an error without data is looked up by its code", () => {
  expect(new RpcError({ code: -32009, message: "busy" })).toMatchObject({
    name: "serverBusy",
    retryable: true,
    path: undefined,
  });
});

test("a name from a newer server falls back on the code, and the response's retryability counts", () => {
  const data = { name: "somethingNew", retryable: true };
  expect(new RpcError({ code: -32999, message: "?", data })).toMatchObject({
    name: "unknownError",
    retryable: true,
  });
  expect(new RpcError({ code: -32004, message: "?", data }).name).toBe("notFound");
});

test("an unknown error without data is not retried", () => {
  expect(new RpcError({ code: 17, message: "?" })).toMatchObject({
    name: "unknownError",
    retryable: false,
  });
});
