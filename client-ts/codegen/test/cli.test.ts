/** The program. Each test has its own files and servers. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { run } from "../src/cli.js";
import { document, query } from "./support/document.js";

const openrpc = document({ methods: [query("status", { type: "string" })] });
const broken = document({ methods: [query("close", { type: "string" })] });

let folder: string;
const at = (name: string) => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tidings-codegen-"));
  await writeFile(at("openrpc.json"), JSON.stringify(openrpc));
  return () => rm(folder, { recursive: true, force: true });
});

async function codegen(...args: string[]) {
  const said = { out: "", err: "" };
  const code = await run(args, {
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
  });
  return { code, ...said };
}

/** Starts a server that gives this answer to every request, and returns its URL. */
async function serve(status: number, body: string): Promise<string> {
  const server = createServer((_, response) => response.writeHead(status).end(body));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/openrpc.json`;
}

describe("writing", () => {
  test("from a file, and the checks when they are wanted", async () => {
    await mkdir(at("src/checks"), { recursive: true });
    const [output, validators] = [at("src/tidings.ts"), at("src/checks/tidings.validators.ts")];
    expect(await codegen(at("openrpc.json"), "-o", output)).toEqual({
      code: 0,
      out: `${output}\n`,
      err: "",
    });
    expect(await readFile(output, "utf8")).toContain("status: {");
    expect(await readdir(at("src"))).toEqual(["checks", "tidings.ts"]);
    const both = await codegen(at("openrpc.json"), "-o", output, "--validators", validators);
    expect(both).toMatchObject({ code: 0, out: `${output}\n${validators}\n` });
    expect(await readFile(validators, "utf8")).toContain('from "../tidings.js"');
    expect(await readdir(at("src/checks"))).toEqual(["tidings.validators.ts"]);
  });

  test("from a running service", async () => {
    const url = await serve(200, JSON.stringify(openrpc));
    expect(await codegen(url, "-o", at("tidings.ts"))).toMatchObject({ code: 0, err: "" });
    expect(existsSync(at("tidings.ts"))).toBe(true);
  });

  test("leaves all files as they were when one cannot be written", async () => {
    await writeFile(at("tidings.ts"), "before");
    await writeFile(at("a-file"), "");
    const validators = at("a-file/tidings.validators.ts");
    const args = ["-o", at("tidings.ts"), "--validators", validators];
    const { code, err } = await codegen(at("openrpc.json"), ...args);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining("cannot write: ") });
    expect(await readFile(at("tidings.ts"), "utf8")).toBe("before");
    expect((await readdir(folder)).sort()).toEqual(["a-file", "openrpc.json", "tidings.ts"]);
  });

  test("creates no folder, and names the one that is missing", async () => {
    const { code, err } = await codegen(at("openrpc.json"), "-o", at("scr/tidings.ts"));
    expect({ code, err }).toEqual({
      code: 1,
      err: `codegen: cannot write: there is no folder ${at("scr")}\n`,
    });
    expect(await readdir(folder)).toEqual(["openrpc.json"]);
  });

  test("leaves all files as they were when the document cannot be expressed", async () => {
    await writeFile(at("broken.json"), JSON.stringify(broken));
    await writeFile(at("tidings.ts"), "before");
    const { code, err } = await codegen(at("broken.json"), "-o", at("tidings.ts"));
    expect(code).toBe(1);
    expect(err).toBe(
      "codegen: method close (#/methods/0): close is a member of every client. Rename the procedure.\n",
    );
    expect(await readFile(at("tidings.ts"), "utf8")).toBe("before");
  });
});

describe("--check", () => {
  test("says nothing when all is as it would be written, and writes nothing", async () => {
    const args = [at("openrpc.json"), "-o", at("a.ts"), "--validators", at("b.ts")];
    await codegen(...args);
    expect(await codegen(...args, "--check")).toEqual({ code: 0, out: "", err: "" });
    // Git may check files out with these line ends.
    const text = await readFile(at("a.ts"), "utf8");
    await writeFile(at("a.ts"), text.replaceAll("\n", "\r\n"));
    expect(await codegen(...args, "--check")).toMatchObject({ code: 0 });
  });

  test("names each stale or missing file and the command that mends it", async () => {
    const args = [at("openrpc.json"), "-o", at("a.ts"), "--validators", at("b.ts")];
    await writeFile(at("a.ts"), "stale");
    expect(await codegen(...args, "--check")).toEqual({
      code: 1,
      out: "",
      err: `codegen: ${at("a.ts")} and ${at("b.ts")} are out of date. Run: npx @tidings/codegen ${args.join(" ")}\n`,
    });
    expect(await readFile(at("a.ts"), "utf8")).toBe("stale");
    expect(existsSync(at("b.ts"))).toBe(false);
  });
});

describe("a source that cannot be read", () => {
  test.each([
    ["no-such-file.json", "there is no such file"],
    ["ws://127.0.0.1:3000/rpc", "give http://127.0.0.1:3000/openrpc.json"],
    ["wss://example.com/rpc", "give https://example.com/openrpc.json"],
    ["ftp://example.com/openrpc.json", "give a file, or an http or https URL"],
  ])("%s", async (source, message) => {
    const { code, err } = await codegen(source, "-o", at("tidings.ts"));
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(message) });
    expect(existsSync(at("tidings.ts"))).toBe(false);
  });

  test("a folder", async () => {
    await mkdir(at("folder"));
    const { code, err } = await codegen(at("folder"), "-o", at("tidings.ts"));
    const message = "it is a folder; give the file, such as openrpc.json";
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(message) });
  });

  test("an empty file, which a shell leaves when the command before > fails", async () => {
    await writeFile(at("empty.json"), "\n");
    const { code, err } = await codegen(at("empty.json"), "-o", at("tidings.ts"));
    expect({ code, err }).toEqual({
      code: 1,
      err: `codegen: ${at("empty.json")} is empty: the command that wrote it failed; look at its error and run it again\n`,
    });
    expect(existsSync(at("tidings.ts"))).toBe(false);
  });

  test("a document without methods", async () => {
    await writeFile(at("none.json"), JSON.stringify(document({})));
    const { code, err } = await codegen(at("none.json"), "-o", at("tidings.ts"));
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining("none.json has no methods"),
    });
    expect(existsSync(at("tidings.ts"))).toBe(false);
  });

  test("what is no JSON", async () => {
    await writeFile(at("page.json"), "<!doctype html>");
    const { code, err } = await codegen(at("page.json"), "-o", at("tidings.ts"));
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringContaining("page.json is not JSON"),
    });
  });

  test("a server that has no document, and one that is not there", async () => {
    const url = await serve(404, "");
    const missing = await codegen(url, "-o", at("tidings.ts"));
    expect(missing.code).toBe(1);
    expect(missing.err).toContain("the server answered 404 Not Found");
    // Nothing listens on port 1.
    const absent = await codegen("http://127.0.0.1:1/openrpc.json", "-o", at("tidings.ts"));
    expect(absent.code).toBe(1);
    expect(absent.err).toContain("Does the service run there?");
  });
});

describe("arguments", () => {
  test.each([["--help"], ["-h"]])("%s explains the program", async (flag) => {
    const { code, out } = await codegen(flag);
    expect(code).toBe(0);
    for (const word of ["SOURCE", "--output", "--validators", "--check", "--help"]) {
      expect(out).toContain(word);
    }
  });

  test.each([
    [[], "say where the OpenRPC document is"],
    [["a.json"], "say which file to write: -o src/tidings.ts"],
    [["a.json", "b.json", "-o", "a.ts"], "b.json is too many"],
    [["a.json", "-o", "a.json"], "a.json is TypeScript: let its name end in .ts"],
    [["a.json", "-o", "a.ts", "--validators", "a.ts"], "the validators need a file of their own"],
    [["a.json", "--out", "a.ts"], "Unknown option '--out'"],
  ])("%j are wrong", async (args, message) => {
    const { code, err } = await codegen(...args);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(message) });
    expect(err).toContain("Try: npx @tidings/codegen --help");
  });
});
