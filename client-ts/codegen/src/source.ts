import { readFile } from "node:fs/promises";
import { CodegenError } from "./error.js";

/** How long a server may take to answer: milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * Reads JSON from a file or an http(s) URL.
 *
 * @throws {CodegenError} if it cannot be read or is not JSON
 */
export async function readJson(source: string): Promise<unknown> {
  const text = await readText(source);
  if (text.trim() === "") {
    throw new CodegenError(
      `${source} is empty: the command that wrote it failed; look at its error and run it again`,
    );
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CodegenError(`${source} is not JSON: ${(error as Error).message}`);
  }
}

async function readText(source: string): Promise<string> {
  const [, scheme] = /^([a-z][a-z0-9+.-]*):\/\//i.exec(source) ?? [];
  switch (scheme?.toLowerCase()) {
    case undefined:
      return readFile(source, "utf8").catch((error: NodeJS.ErrnoException) => {
        throw new CodegenError(`cannot read ${source}: ${whyNot(error)}`);
      });
    case "http":
    case "https":
      return fetchText(source);
    case "ws":
    case "wss": {
      const url = new URL(source.replace(/^ws/i, "http"));
      url.pathname = "/openrpc.json";
      throw new CodegenError(
        `${source} is a WebSocket URL. The document is served over HTTP: give ${url.origin}/openrpc.json`,
      );
    }
    default:
      throw new CodegenError(`cannot read ${source}: give a file, or an http or https URL`);
  }
}

function whyNot({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "ENOENT":
      return "there is no such file";
    case "EISDIR":
      return "it is a folder; give the file, such as openrpc.json";
    default:
      return message;
  }
}

async function fetchText(url: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.ok) return await response.text();
  } catch (error) {
    const { message, cause } = error as Error;
    const why =
      cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : message;
    throw new CodegenError(`cannot read ${url}: ${why}. Does the service run there?`);
  }
  throw new CodegenError(
    `cannot read ${url}: the server answered ${response.status} ${response.statusText}. A Tidings service has its document at /openrpc.json`,
  );
}
