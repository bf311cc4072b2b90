import { afterEach, describe, expect, test, vi } from "vitest";
import { settingsOf } from "../src/options.js";
import { fakeSockets } from "./support/fake-socket.js";

const { WebSocket } = fakeSockets();

afterEach(() => vi.unstubAllGlobals());

describe("the URL", () => {
  test.each([
    [undefined, "wss://page.example/rpc"],
    ["/live", "wss://page.example/live"],
    ["http://other.example:3000/rpc", "ws://other.example:3000/rpc"],
    ["https://other.example/rpc#top", "wss://other.example/rpc"],
    [new URL("ws://other.example/rpc?a=1"), "ws://other.example/rpc?a=1"],
  ])("%s on https://page.example/users is %s", (url, expected) => {
    vi.stubGlobal("location", new URL("https://page.example/users"));
    expect(settingsOf({ WebSocket, ...(url && { url }) }).url).toBe(expected);
  });

  test("has to be absolute where there is no page", () => {
    vi.stubGlobal("location", undefined);
    expect(() => settingsOf({ WebSocket })).toThrow(
      /Pass an absolute one: createClient\(\{ contract, url/,
    );
  });
});

test("a runtime without WebSocket is told what to pass", () => {
  vi.stubGlobal("WebSocket", undefined);
  expect(() => settingsOf({ url: "ws://server/rpc" })).toThrow(
    /createClient\(\{ contract, WebSocket \}\)/,
  );
});

test("one member of a group can be set and the others keep their defaults", () => {
  const settings = settingsOf({
    url: "ws://server/rpc",
    WebSocket,
    backoff: { maxDelayMs: 1_000 },
    keepAlive: { intervalMs: 1_000 },
  });
  expect(settings.backoff).toEqual({ initialDelayMs: 500, maxDelayMs: 1_000 });
  expect(settings.keepAlive).toEqual({ intervalMs: 1_000, pongTimeoutMs: 10_000 });
});
