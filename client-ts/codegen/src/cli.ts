import { dirname, relative, sep } from "node:path";
import { parseArgs } from "node:util";
import { isObject } from "./document.js";
import { CodegenError } from "./error.js";
import { type OutputFile, staleFiles, writeAll } from "./files.js";
import { generate } from "./index.js";
import { readJson } from "./source.js";

const usage = `Writes the TypeScript contract of a Tidings service.

Usage: npx @tidings/codegen SOURCE -o PATH [--validators PATH] [--check]

  SOURCE              the service's OpenRPC document: a file such as openrpc.json, or the URL
                      of a running service, such as http://127.0.0.1:3000/openrpc.json
  -o, --output PATH   the file to write, such as src/tidings.ts
  --validators PATH   also write a check for each payload to this file; a page pays for it
                      only when it imports it
  --check             write nothing; exit with 1 if a file is out of date
  -h, --help          show this

The folders must exist. All files are written, or none. Then:

  import { createClient } from "@tidings/client";
  import { contract } from "./tidings.js";

  const client = createClient({ contract, url: "ws://127.0.0.1:3000/rpc" });

This package is not on npm yet. In a project of \`tidings new\` it is installed already:
run npm --prefix client run contract.
`;

/** The program's standard output and error. */
export interface Console {
  out(text: string): void;
  err(text: string): void;
}

/** Runs the program and returns its exit code: 2 for wrong arguments, 1 for any other error. */
export async function run(args: readonly string[], console: Console): Promise<number> {
  let wanted: Wanted | undefined;
  try {
    wanted = parse(args);
  } catch (error) {
    console.err(`codegen: ${(error as Error).message}\nTry: npx @tidings/codegen --help\n`);
    return 2;
  }
  if (wanted === undefined) {
    console.out(usage);
    return 0;
  }
  try {
    const files = await filesOf(wanted);
    return wanted.check ? await check(files, wanted, console) : await write(files, console);
  } catch (error) {
    if (!(error instanceof CodegenError)) throw error;
    console.err(`codegen: ${error.message}\n`);
    return 1;
  }
}

interface Wanted {
  source: string;
  output: string;
  validators: string | undefined;
  check: boolean;
}

/** Undefined for `--help`. @throws {Error} for wrong arguments */
function parse(args: readonly string[]): Wanted | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      output: { type: "string", short: "o" },
      validators: { type: "string" },
      check: { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const [source, ...more] = positionals;
  const { output, validators, check } = values;
  if (source === undefined) throw new Error("say where the OpenRPC document is");
  if (more.length > 0) throw new Error(`there is one SOURCE, and ${more.join(" ")} is too many`);
  if (output === undefined) throw new Error("say which file to write: -o src/tidings.ts");
  for (const path of [output, ...(validators === undefined ? [] : [validators])]) {
    if (!/\.m?ts$/.test(path)) throw new Error(`${path} is TypeScript: let its name end in .ts`);
  }
  if (output === validators) throw new Error("the validators need a file of their own");
  return { source, output, validators, check };
}

async function filesOf({ source, output, validators }: Wanted): Promise<OutputFile[]> {
  const document = await readJson(source);
  const methods = isObject(document) ? document["methods"] : undefined;
  if (Array.isArray(methods) && methods.length === 0) {
    throw new CodegenError(
      `${source} has no methods: add procedures to the service's router, and write the document again`,
    );
  }
  if (validators === undefined) return [{ path: output, text: generate(document).contract }];
  const generated = generate(document, importPath(validators, output));
  return [
    { path: output, text: generated.contract },
    { path: validators, text: generated.validators ?? "" },
  ];
}

/** The specifier with which one file imports another: with the extension of the compiled file. */
function importPath(from: string, to: string): string {
  const path = relative(dirname(from), to).split(sep).join("/").replace(/ts$/, "js");
  return path.startsWith(".") ? path : `./${path}`;
}

async function write(files: readonly OutputFile[], console: Console): Promise<number> {
  await writeAll(files);
  for (const { path } of files) console.out(`${path}\n`);
  return 0;
}

async function check(
  files: readonly OutputFile[],
  { source, output, validators }: Wanted,
  console: Console,
): Promise<number> {
  const stale = await staleFiles(files);
  if (stale.length === 0) return 0;
  const command = ["npx @tidings/codegen", source, "-o", output];
  if (validators !== undefined) command.push("--validators", validators);
  const is = stale.length === 1 ? "is" : "are";
  console.err(`codegen: ${stale.join(" and ")} ${is} out of date. Run: ${command.join(" ")}\n`);
  return 1;
}
