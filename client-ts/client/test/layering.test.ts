import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

const src = new URL("../src/", import.meta.url);

/** What each module builds on. A module may import those named here and everything below them. */
const below: Record<string, string[]> = {
  react: ["observer", "client"],
  "tanstack-query": ["observer", "client"],
  observer: ["procedures", "store"],
  client: ["subscriptions", "transport", "stable-key", "procedures"],
  procedures: ["contract", "handlers"],
  contract: ["errors", "events", "validation"],
  subscriptions: ["subscription"],
  subscription: ["handlers", "replay", "requests", "backoff", "store", "validation"],
  handlers: ["errors", "events"],
  replay: ["events"],
  transport: ["socket", "device", "backoff", "store"],
  device: [],
  requests: ["protocol"],
  socket: ["options", "protocol"],
  options: ["backoff"],
  validation: ["errors"],
  protocol: ["errors", "events"],
  errors: [],
  events: [],
  "stable-key": [],
  backoff: [],
  store: [],
};

/** It only gathers. */
const exempt = ["index"];

function everythingBelow(room: string): Set<string> {
  const direct = below[room] ?? [];
  return new Set(direct.flatMap((each) => [each, ...everythingBelow(each)]));
}

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) =>
  /\.tsx?$/.test(file),
);

const roomOf = (path: string) => path.split("/")[0]?.replace(/\.(tsx?|js)$/, "") ?? "";

test("every module has its place in the order", () => {
  const rooms = new Set(files.map(roomOf).filter((room) => room !== "index"));
  expect([...rooms].sort()).toEqual(Object.keys(below).sort());
});

test.each(files.filter((file) => !exempt.includes(roomOf(file))))(
  "%s imports only downwards",
  (file) => {
    const allowed = everythingBelow(roomOf(file)).add(roomOf(file));
    const text = readFileSync(new URL(file, src), "utf8");
    const imported = [...text.matchAll(/from "(\.{1,2}\/[^"]+)"/g)].map(([, path = ""]) => {
      const { pathname } = new URL(path, new URL(file, src));
      return roomOf(pathname.slice(src.pathname.length));
    });
    expect(imported.filter((room) => !allowed.has(room))).toEqual([]);
  },
);

test("no module is much over 300 lines", () => {
  const long = files.filter(
    (file) => readFileSync(new URL(file, src), "utf8").split("\n").length > 300,
  );
  expect(long).toEqual([]);
});

test("only react and tanstack-query need a package, and each its own", () => {
  const packages = files.flatMap((file) => {
    const text = readFileSync(new URL(file, src), "utf8");
    return [...text.matchAll(/from "([^."][^"]*)"/g)].map(([, name]) => `${roomOf(file)}: ${name}`);
  });
  expect(new Set(packages)).toEqual(
    new Set(["react: react", "tanstack-query: @tanstack/react-query"]),
  );
});

test("nothing names the demo: a contract is what a service hands in", () => {
  // What the demo's contract calls its own, and examples of it.
  const names =
    /\b(allUsers|userById|setBio|bio|bioTooLong|onUpdates|onInstances|list-\d)\b|\b(User|OnUpdates|OnInstances|AllUsers|UserById|SetBio|BioTooLong)/;
  const named = files.flatMap((file) =>
    readFileSync(new URL(file, src), "utf8")
      .split("\n")
      .flatMap((line, n) => (names.test(line) ? [`${file}:${n + 1}: ${line.trim()}`] : [])),
  );
  expect(named).toEqual([]);
});
