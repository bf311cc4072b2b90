import { comment } from "./comment.js";
import { checkDirections } from "./directions.js";
import type { Document, Method } from "./document.js";
import { checkNames, memberName, tidingsErrors } from "./names.js";
import { TypeWriter } from "./types.js";

/** The first line of every generated file. */
export function header({ title }: Document): string {
  const name = title.replaceAll(/\s+/g, " ");
  return `// Written by @tidings/codegen from the contract of ${name}. Do not edit: change the Rust types.\n`;
}

/**
 * The TypeScript file of a contract: its types, and a table for the client.
 *
 * @throws {CodegenError} for what TypeScript cannot express
 */
export function contractFile(document: Document): string {
  checkNames(document);
  checkDirections(document);
  const types = new TypeWriter(document.schemas);
  const known = new Set(document.errors.map(({ name }) => name));
  // The client knows Tidings' own errors. One that it does not know yet is treated as the service's.
  const errors = document.errors.filter(
    ({ name }) => !tidingsErrors.some((known) => known === name),
  );
  const errorTypes = errors.map(
    ({ name, meaning, details, place }) =>
      comment(meaning?.split("\n") ?? [], "  ") +
      `  ${name}: ${details === undefined ? "undefined" : types.write(details, place.at("details"), "  ")};\n`,
  );
  const procedureTypes = document.methods.map((method) => procedureType(method, types, known));
  const errorEntries = errors.map(
    ({ name, code, retryable }) => `    ${name}: { code: ${code}, retryable: ${retryable} },\n`,
  );
  return [
    `${header(document)}\nimport type * as tidings from "@tidings/client";\n`,
    ...types.definitions(),
    `/** The types of every procedure, by its dotted name. */\nexport type ContractProcedures = ${block(procedureTypes)};\n`,
    `/** The errors that the service declares, with the types of their details. */\nexport type ContractErrors = ${block(errorTypes)};\n`,
    "/** The service's contract: `createClient({ contract })`. */\n" +
      "export const contract: tidings.Contract<ContractProcedures, ContractErrors> = {\n" +
      `  procedures: ${block(document.methods.map(procedureEntry), "  ")},\n` +
      `  errors: ${block(errorEntries, "  ")},\n` +
      "};\n",
  ].join("\n");
}

function procedureType(method: Method, types: TypeWriter, known: ReadonlySet<string>): string {
  const { name, kind, description, deprecated, errors, subscription } = method;
  const indent = "    ";
  const members: [string, string][] = [
    ["kind", JSON.stringify(kind)],
    ["input", inputType(method, types, indent)],
    [subscription ? "data" : "output", types.write(method.payload, method.payloadPlace, indent)],
    ["error", errors.map((error) => JSON.stringify(error)).join(" | ") || "never"],
    ...(subscription ? [["resumable", String(subscription.resumable)] as [string, string]] : []),
  ];
  for (const error of errors) {
    if (!known.has(error)) {
      throw method.place
        .at("errors")
        .fault(`the document does not describe the error ${error}`, "Add it to x-errors.");
    }
  }
  const doc = [...(description?.split("\n") ?? []), ...(deprecated ? ["@deprecated"] : [])];
  const lines = members.map(
    ([member, type]) => `${indent}${member}:${type.startsWith("\n") ? "" : " "}${type};\n`,
  );
  return `${comment(doc, "  ")}  ${memberName(name)}: {\n${lines.join("")}  };\n`;
}

function inputType({ input, inputPlace }: Method, types: TypeWriter, indent: string): string {
  const none = typeof input === "object" && input["$ref"] === "#/components/schemas/NoInput";
  return none ? "tidings.NoInput" : types.write(input, inputPlace, indent);
}

function procedureEntry({ name, kind, subscription }: Method): string {
  const key = `    ${memberName(name)}:`;
  if (subscription === undefined) return `${key} { kind: "${kind}" },\n`;
  const { unsubscribe, feed, resumable } = subscription;
  return (
    `${key} {\n      kind: "${kind}",\n      unsubscribe: ${JSON.stringify(unsubscribe)},\n` +
    `      feed: "${feed}",\n      resumable: ${resumable},\n    },\n`
  );
}

function block(lines: readonly string[], indent = ""): string {
  return lines.length === 0 ? "{}" : `{\n${lines.join("")}${indent}}`;
}
