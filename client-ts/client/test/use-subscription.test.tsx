// @vitest-environment happy-dom
/** The hooks against the real server. */
import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import type { SubscriptionResult } from "@tidings/client";
import { createHooks, skipToken, type UseSubscriptionOptions } from "@tidings/client/react";
import { createQueryOptions, keepUpdated } from "@tidings/client/tanstack-query";
import { type ReactNode, StrictMode } from "react";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Store } from "../src/store.js";
import { Cable } from "./support/cable.js";
import type { contract, DemoClient, User } from "./support/contract.js";
import { until } from "./support/deadline.js";
import { recordingSocket } from "./support/recording-socket.js";
import { TidingsServer, Valkey } from "./support/server.js";

const { TidingsProvider, useConnectionState, useSubscription } = createHooks<typeof contract>();

type Result = SubscriptionResult<User[]>;
const leanne: User = { id: "1", name: "Leanne Graham" };
const ervin: User = { id: "2", name: "Ervin Howell" };
/** Soon, for tests that wait for a reconnect. */
const backoff = { initialDelayMs: 50, maxDelayMs: 200 };

afterEach(cleanup);

/** React warns about updates outside of `act`; here they come from a socket, and are waited for. */
vi.spyOn(console, "error").mockImplementation((...message) => {
  if (!String(message[0]).includes("not wrapped in act")) throw new Error(message.join(" "));
});

interface Props {
  channel?: string;
  enabled?: boolean;
  skip?: boolean;
  options?: UseSubscriptionOptions<User[]>;
}

/** Renders the hook in StrictMode and keeps every result that was rendered. */
function renderSubscription(client: DemoClient, initialProps: Props = {}) {
  const results = new Store<Result[]>([]);
  const wrapper = ({ children }: { children: ReactNode }) => (
    <StrictMode>
      <TidingsProvider client={client}>{children}</TidingsProvider>
    </StrictMode>
  );
  const hook = renderHook(
    ({ channel = "list-1", enabled = true, skip = false, options = {} }: Props) => {
      const result = useSubscription("onUpdates", skip ? skipToken : { channel }, {
        enabled,
        ...options,
      });
      queueMicrotask(() => {
        // StrictMode renders twice; only what changed is of interest.
        if (results.get().at(-1) !== result) results.set([...results.get(), result]);
      });
      return result;
    },
    { wrapper, initialProps },
  );
  return {
    ...hook,
    until: (fits: (result: Result) => boolean, what: string) =>
      until(results, (all) => all.some(fits), what).then((all) => all.findLast(fits) as Result),
    /** The states passed through, each with what differs from the one before. */
    trace: () => diffs(results.get()),
  };
}

describe("useSubscription", () => {
  test("goes from connecting over pending to data, in StrictMode, with one server subscription", async () => {
    const valkey = await Valkey.start();
    const server = await TidingsServer.start("--valkey-url", valkey.url);
    const { WebSocket, log } = recordingSocket();
    const hook = renderSubscription(server.client({ WebSocket }));
    await hook.until(({ status }) => status === "pending", "the subscription to be live");
    await valkey.publish("list-1", [leanne]);
    await hook.until(({ data }) => data !== undefined, "the published list");
    expect(hook.trace()).toEqual([
      { status: "connecting", data: undefined, error: null, continuity: "live", broker: "up" },
      { status: "pending", instance: "replica-1" },
      { data: [leanne], receivedAt: expect.any(Number) },
    ]);
    expect(log.get()).toEqual(["→ onUpdates", "← 1", "← onUpdates", "← onUpdates"]);
  });

  test("subscribes anew, without the old data, when the input's value changes and not its identity", async () => {
    const valkey = await Valkey.start();
    const server = await TidingsServer.start("--valkey-url", valkey.url);
    const { WebSocket, log } = recordingSocket();
    const hook = renderSubscription(server.client({ WebSocket }));
    await hook.until(({ status }) => status === "pending", "the first subscription");
    await valkey.publish("list-1", [leanne]);
    await hook.until(({ data }) => data !== undefined, "the first list");

    hook.rerender({ channel: "list-1" });
    expect(hook.result.current.data).toEqual([leanne]);

    hook.rerender({ channel: "list-2" });
    expect(hook.result.current).toMatchObject({ status: "connecting", data: undefined });
    await until(
      log,
      (lines) => lines.filter((line) => line === "→ onUpdates").length === 2,
      "the second subscribe call",
    );
    expect(log.get()).toContain("→ onUpdates_unsubscribe");
  });

  test("calls the handlers of the latest render", async () => {
    const valkey = await Valkey.start();
    const server = await TidingsServer.start("--valkey-url", valkey.url);
    const { WebSocket, log } = recordingSocket();
    const [old, latest] = [vi.fn(), vi.fn()];
    const hook = renderSubscription(server.client({ WebSocket }), { options: { onData: old } });
    await hook.until(({ status }) => status === "pending", "the subscription to be live");
    hook.rerender({ options: { onData: latest } });
    await valkey.publish("list-1", [leanne]);
    await hook.until(({ data }) => data !== undefined, "the published list");
    expect(latest).toHaveBeenCalledExactlyOnceWith([leanne], expect.anything());
    expect(old).not.toHaveBeenCalled();
    expect(log.get().filter((line) => line === "→ onUpdates")).toHaveLength(1);
  });

  test("is idle while disabled or skipped, and then does not even connect", async () => {
    const server = await TidingsServer.start();
    const client = server.client();
    const hook = renderSubscription(client, { enabled: false });
    expect(hook.result.current).toMatchObject({ status: "idle", data: undefined, error: null });
    hook.rerender({ skip: true });
    expect(hook.result.current.status).toBe("idle");
    expect(client.connectionState.get()).toEqual({ status: "idle" });
    hook.rerender({ enabled: true });
    await hook.until(({ status }) => status === "pending", "the subscription to be live");
    hook.rerender({ enabled: false });
    expect(hook.result.current.status).toBe("idle");
  });

  test("unsubscribes when it is unmounted", async () => {
    const server = await TidingsServer.start();
    const { WebSocket, log } = recordingSocket();
    const hook = renderSubscription(server.client({ WebSocket }));
    await hook.until(({ status }) => status === "pending", "the subscription to be live");
    hook.unmount();
    await until(log, (lines) => lines.includes("→ onUpdates_unsubscribe"), "the unsubscribe call");
  });

  test("shows a terminal error, and reset tries again", async () => {
    const server = await TidingsServer.start();
    const hook = renderSubscription(server.client(), { channel: "Not A Channel" });
    const failed = await hook.until(({ status }) => status === "error", "the error");
    expect(failed.error).toMatchObject({ name: "invalidParams", path: "channel" });
    act(() => failed.reset());
    expect(hook.result.current).toMatchObject({ status: "connecting", error: null });
    await hook.until((result) => result.status === "error" && result !== failed, "the error again");
  });

  test("keeps the data through a restart of the server, and is at a gap until it is made up for", async () => {
    const server = await TidingsServer.start("--demo");
    let madeUp = () => {};
    const onGap = vi.fn(
      () =>
        new Promise<void>((resolve) => {
          madeUp = resolve;
        }),
    );
    const client = server.client({ backoff });
    const hook = renderSubscription(client, { options: { onGap } });
    await hook.until(({ data }) => data !== undefined, "the first list");
    await server.kill();
    const lost = await hook.until(
      ({ status, data }) => status === "connecting" && data !== undefined,
      "the loss, with the data kept",
    );
    expect(lost.error).toMatchObject({ name: "ConnectionLostError" });
    await server.restart();
    const gap = await hook.until(({ continuity }) => continuity === "gap", "the gap");
    expect(gap.data?.length).toBeGreaterThan(0);
    expect(onGap).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ reason: "epochChanged" }),
    );
    madeUp();
    await hook.until(
      (result) => result.status === "pending" && result.continuity === "live" && result !== gap,
      "the gap to be over",
    );
  });
});

describe("the provider", () => {
  test("is asked for by name when it is missing", () => {
    const quiet = vi.spyOn(console, "error").mockImplementation(() => {});
    expect(() => renderHook(() => useConnectionState())).toThrow(
      "Wrap the component in the <TidingsProvider client={…}> of the same createHooks()",
    );
    quiet.mockRestore();
  });

  test("hands down the connection's state", async () => {
    const server = await TidingsServer.start();
    const client = server.client();
    const wrapper = ({ children }: { children: ReactNode }) => (
      <TidingsProvider client={client}>{children}</TidingsProvider>
    );
    const hook = renderHook(() => useConnectionState(), { wrapper });
    expect(hook.result.current).toEqual({ status: "idle" });
    await act(async () => void (await client.allUsers.query()));
    expect(hook.result.current).toEqual({ status: "open" });
    act(() => client.close());
    expect(hook.result.current).toMatchObject({ status: "closed" });
  });
});

describe("TanStack Query", () => {
  /** Renders a page that shows the query, and counts how often that is asked for. */
  async function renderUsers(server: TidingsServer, cable?: Cable) {
    const { WebSocket, log } = recordingSocket(cable?.WebSocket);
    const client = server.client({ WebSocket, backoff });
    const queryClient = new QueryClient();
    const tidings = createQueryOptions(client);
    const names = new Store<string | undefined>(undefined);
    const state = new Store<Result | undefined>(undefined);
    const gaps = vi.fn();
    const wrapper = ({ children }: { children: ReactNode }) => (
      <QueryClientProvider client={queryClient}>
        <TidingsProvider client={client}>{children}</TidingsProvider>
      </QueryClientProvider>
    );
    const useUsers = () => {
      const { data } = useQuery(tidings.allUsers.queryOptions());
      const updates = keepUpdated(queryClient, tidings.allUsers.queryKey());
      const live = useSubscription(
        "onUpdates",
        { channel: "list-1" },
        {
          ...updates,
          onGap: (gap) => {
            gaps(gap.reason);
            return updates.onGap(gap);
          },
        },
      );
      queueMicrotask(() => {
        names.set(data?.map(({ name }) => name).join());
        state.set(live);
      });
    };
    renderHook(useUsers, { wrapper });
    const ten = await until(names, (value) => value?.split(",").length === 10, "ten users");
    return {
      gaps,
      log,
      ten,
      snapshots: () => log.get().filter((line) => line === "→ allUsers").length,
      shows: (...users: User[]) => {
        const expected = users.map(({ name }) => name).join();
        return until(names, (value) => value === expected, `the list ${expected}`);
      },
      showsTen: () => until(names, (value) => value === ten, "the ten users, fetched anew"),
      live: () =>
        until(
          state,
          (value) => value?.status === "pending" && value.continuity === "live",
          "the subscription to be live and whole",
        ),
    };
  }

  test("a subscription writes the query's cache, and what was missed follows without a fetch", async () => {
    const valkey = await Valkey.start();
    const server = await TidingsServer.start("--valkey-url", valkey.url);
    const cable = new Cable();
    const page = await renderUsers(server, cable);
    await page.live();
    await valkey.publish("list-1", [leanne, ervin]);
    await page.shows(leanne, ervin);
    const before = page.snapshots();
    cable.cut();
    await valkey.publish("list-1", []);
    await valkey.publish("list-1", [ervin]);
    cable.plug();
    await page.shows(ervin);
    await page.live();
    expect(page.gaps).not.toHaveBeenCalled();
    expect(page.snapshots()).toBe(before);
  });

  test("is fetched anew once after a gap, which is over then", async () => {
    const valkey = await Valkey.start();
    const server = await TidingsServer.start("--valkey-url", valkey.url);
    const page = await renderUsers(server);
    await page.live();
    await valkey.publish("list-1", [leanne]);
    await page.shows(leanne);
    const before = page.snapshots();
    await valkey.kill();
    await valkey.restart();
    await page.showsTen();
    await page.live();
    expect(page.gaps.mock.calls).toEqual([["epochChanged"]]);
    expect(page.snapshots()).toBe(before + 1);
  });

  test("is fetched after the subscription is live: what came in between would be in neither", async () => {
    const server = await TidingsServer.start();
    const page = await renderUsers(server);
    await page.live();
    await until(
      page.log,
      (lines) => lines.lastIndexOf("→ allUsers") > lines.indexOf("← onUpdates"),
      "the snapshot to be asked for behind `started`",
    );
    await page.live();
  });
});

/** Each value with only what differs from the one before, and no functions. */
function diffs(values: Result[]): object[] {
  return values.map((value, n) => {
    const before: Partial<Result> = values[n - 1] ?? {};
    const changed = Object.entries(value).filter(
      ([member, now]) =>
        typeof now !== "function" &&
        (n === 0 ? now !== undefined || member === "data" : now !== before[member as keyof Result]),
    );
    return Object.fromEntries(changed);
  });
}
