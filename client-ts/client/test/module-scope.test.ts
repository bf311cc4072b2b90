import { expect, test, vi } from "vitest";

test("importing does nothing, and needs nothing that only browsers have", async () => {
  vi.stubGlobal("WebSocket", undefined);
  vi.stubGlobal("location", undefined);
  const timers = vi.spyOn(globalThis, "setTimeout");
  const listeners = vi.fn();
  vi.stubGlobal("addEventListener", listeners);
  await import("@tidings/client");
  await import("@tidings/client/react");
  await import("@tidings/client/tanstack-query");
  expect(timers).not.toHaveBeenCalled();
  expect(listeners).not.toHaveBeenCalled();
  vi.unstubAllGlobals();
});
