import { Ajv } from "ajv";
import standaloneCode from "ajv/dist/standalone/index.js";
import { checkable } from "./checkable.js";
import { header } from "./contract.js";
import { type Document, isObject, type Schema } from "./document.js";
import { Place } from "./error.js";
import { textFormats } from "./formats.js";
import { memberName } from "./names.js";

/** Functions that ajv's checks would otherwise import from ajv. */
const runtime = {
  ucs2length: `function ucs2length(text) {
  let length = 0;
  for (const _ of text) length += 1;
  return length;
}`,
  equal: `function equal(a, b) {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]));
}`,
};

/** A check: its identifier in the code, and the name of its procedure or error. */
interface Check {
  readonly id: string;
  readonly name: string;
}

/**
 * The TypeScript file with a check for each payload and for the details of each error.
 *
 * @param contractPath the contract's file, as this one imports it
 * @throws {CodegenError} for a pattern that JavaScript does not support
 */
export function validatorsFile(document: Document, contractPath: string): string {
  const ajv = new Ajv({
    code: { source: true, esm: true, lines: true },
    discriminator: true,
    formats: textFormats,
    // TypeWriter has already checked the schemas.
    strict: false,
  });
  const definitions = Object.fromEntries(
    Object.entries(document.schemas).map(([name, schema]) => {
      checkPatterns(schema, new Place(`type ${name}`, `#/components/schemas/${name}`));
      return [name, checkable(schema, "contract")];
    }),
  );
  ajv.addSchema({ $id: "contract", definitions });
  const exported: Record<string, string> = {};
  const add = (name: string, schema: Schema, place: Place): Check => {
    checkPatterns(schema, place);
    const id = `check${Object.keys(exported).length}`;
    ajv.addSchema(checkable(schema, "contract") as object, id);
    exported[id] = id;
    return { id, name };
  };
  const payloads = document.methods.map(({ name, payload, payloadPlace }) =>
    add(name, payload, payloadPlace),
  );
  const details = document.errors.flatMap(({ name, details, place }) =>
    details === undefined ? [] : [add(name, details, place.at("details"))],
  );
  return [
    header(document),
    "// @ts-nocheck: these checks are written by ajv, for engines and not for people.",
    'import type { Validators } from "@tidings/client";',
    `import type { contract } from ${JSON.stringify(contractPath)};\n`,
    withoutImports(standaloneCode.default(ajv, exported)),
    "/** A check for each payload: `createClient({ contract, validators })`. */",
    "export const validators: Validators<typeof contract> = {",
    `  payloads: {\n${payloads.map(entry).join("")}  },`,
    `  details: {\n${details.map(entry).join("")}  },`,
    "};\n",
  ].join("\n");
}

function entry({ id, name }: Check): string {
  return `    ${memberName(name)}: ${id},\n`;
}

/** ajv's code with the functions that it needs instead of imports. */
function withoutImports(code: string): string {
  const needed = new Set<keyof typeof runtime>();
  const text = code
    .replace(/^"use strict";/, "")
    .replaceAll(/^export const (?=check\d)/gm, "const ")
    .replaceAll(/require\("ajv\/dist\/runtime\/(\w+)"\)\.default/g, (imported, name: string) => {
      if (!(name in runtime)) return imported;
      needed.add(name as keyof typeof runtime);
      return name;
    });
  const [left] = text.match(/\brequire\([^)]*\)/) ?? [];
  if (left !== undefined) {
    throw new Error(`ajv's code needs ${left}: this is a fault of codegen, please report it`);
  }
  return [...[...needed].map((name) => runtime[name]), text].join("\n");
}

/** @throws {CodegenError} for a pattern that is not a regular expression in JavaScript */
function checkPatterns(schema: unknown, place: Place): void {
  if (typeof schema !== "object" || schema === null) return;
  for (const [keyword, value] of Object.entries(schema)) {
    // Values, and not schemas.
    if (["const", "enum", "default", "examples"].includes(keyword)) continue;
    const patterns =
      keyword === "pattern" && typeof value === "string"
        ? [value]
        : keyword === "patternProperties" && isObject(value)
          ? Object.keys(value)
          : [];
    for (const pattern of patterns) checkPattern(pattern, place.at(keyword));
    checkPatterns(value, place.at(keyword));
  }
}

function checkPattern(pattern: string, place: Place): void {
  try {
    new RegExp(pattern, "u");
  } catch {
    throw place.fault(
      `${JSON.stringify(pattern)} is no regular expression of JavaScript`,
      "Write it so that Rust and JavaScript both understand it, or leave the validators out.",
    );
  }
}
