import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { CodegenError } from "./error.js";

/** A file to be: its path and its text. */
export interface OutputFile {
  readonly path: string;
  readonly text: string;
}

/** Writes all of them or, when one cannot be written, none. */
export async function writeAll(files: readonly OutputFile[]): Promise<void> {
  const moves = files.map(({ path, text }) => ({
    path,
    text,
    temporary: `${path}.${process.pid}.tmp`,
  }));
  try {
    for (const { path, text, temporary } of moves) {
      await checkFolder(dirname(path));
      await writeFile(temporary, text);
      // Renaming would fail, after others have already been renamed.
      const found = await stat(path).catch(() => undefined);
      if (found?.isDirectory()) throw new Error(`${path} is a folder`);
    }
    for (const { path, temporary } of moves) await rename(temporary, path);
  } catch (error) {
    throw new CodegenError(`cannot write: ${(error as Error).message}`);
  } finally {
    for (const { temporary } of moves) await rm(temporary, { force: true }).catch(() => {});
  }
}

/** Creates no folder: a path that is mistyped would go unnoticed. */
async function checkFolder(folder: string): Promise<void> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined) throw new Error(`there is no folder ${folder}`);
  if (!found.isDirectory()) throw new Error(`${folder} is not a folder`);
}

/** The paths of those that are missing or have another text. */
export async function staleFiles(files: readonly OutputFile[]): Promise<string[]> {
  const stale: string[] = [];
  for (const { path, text } of files) {
    const found = await readFile(path, "utf8").catch(() => undefined);
    // Git may have changed the line ends.
    if (found?.replaceAll("\r\n", "\n") !== text) stale.push(path);
  }
  return stale;
}
