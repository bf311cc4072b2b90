// @vitest-environment happy-dom
/** What the page shows while the server has not answered yet, and after it has refused. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, renderHook } from "@testing-library/react";
import { createClient } from "@tidings/client";
import { createQueryOptions } from "@tidings/client/tanstack-query";
import type { ReactNode } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { type FakeSocket, fakeSockets } from "../../client/test/support/fake-socket.js";
import { type BioEdit, useBios } from "../src/bios.js";
import { contract, type User } from "../src/tidings.js";

const leanne: User = { id: "1", name: "Leanne Graham", bio: "before" };
const failure = { code: 1001, message: "no", data: { name: "bioTooLong", retryable: false } };

afterEach(cleanup);

/** The hook over a socket that is open, with one user. */
function setUp() {
  const { WebSocket, sockets } = fakeSockets();
  const client = createClient({ contract, url: "ws://server/rpc", WebSocket });
  const queryClient = new QueryClient();
  const queries = createQueryOptions(client);
  const usersKey = queries.allUsers.queryKey();
  queryClient.setQueryData(usersKey, [leanne]);
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queryClient}>{children}</QueryClientProvider>
  );
  const { result } = renderHook(() => useBios(queries), { wrapper });
  const edit = () => result.current.edits.get(leanne.id);
  const shown = () => queryClient.getQueryData(usersKey)?.[0];
  let answered = 0;
  const answer = async (message: object) => {
    const socket = sockets[0] as FakeSocket;
    const call = socket.sent.filter(({ method }) => method === "setBio")[answered];
    answered += 1;
    await act(async () => socket.receive({ id: call?.id, ...message }));
  };
  return {
    edit,
    bio: () => shown()?.bio,
    open: () => act(() => result.current.begin(shown() as User)),
    write: (draft: string) => act(() => result.current.change(edit() as BioEdit, draft)),
    async save(draft: string) {
      this.open();
      this.write(draft);
      await act(async () => {
        result.current.save(edit() as BioEdit);
        await vi.waitUntil(() => sockets.length > 0);
        sockets[0]?.open();
      });
      expect(this.bio()).toBe(draft);
      expect(edit()).toBeUndefined();
    },
    /** Answers the oldest save that has no answer yet. */
    refuse: () => answer({ error: failure }),
    accept: (bio: string) => answer({ result: { ...leanne, bio } }),
    /** A new list from the server. */
    receive: (bio: string) => act(() => queryClient.setQueryData(usersKey, [{ ...leanne, bio }])),
  };
}

test("two saves that are both refused leave the bio as the server has it", async () => {
  const it = setUp();
  await it.save("first");
  await it.save("second");
  await it.refuse();
  expect(it.edit()).toBeUndefined();
  await it.refuse();
  expect(it.bio()).toBe("before");
  expect(it.edit()).toMatchObject({ draft: "second", error: { name: "bioTooLong" } });
});

test("a save that is refused leaves the bio of an earlier one that was accepted", async () => {
  const it = setUp();
  await it.save("first");
  await it.save("second");
  await it.accept("first");
  expect(it.bio()).toBe("second");
  await it.refuse();
  expect(it.bio()).toBe("first");
});

test("a save that is accepted is shown although an earlier one was refused", async () => {
  const it = setUp();
  await it.save("first");
  await it.save("second");
  await it.refuse();
  await it.accept("second");
  expect(it.bio()).toBe("second");
  expect(it.edit()).toBeUndefined();
});

test("a newer list from the server stays when a save is refused", async () => {
  const it = setUp();
  await it.save("first");
  it.receive("elsewhere");
  await it.refuse();
  expect(it.bio()).toBe("elsewhere");
});

test("a draft that was opened meanwhile is kept when a save is refused", async () => {
  const it = setUp();
  await it.save("first");
  it.open();
  it.write("newer draft");
  await it.refuse();
  expect(it.edit()).toMatchObject({ draft: "newer draft", error: { name: "bioTooLong" } });
});
