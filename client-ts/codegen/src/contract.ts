import { comment } from "./comment.js";
import { checkDirections } from "./directions.js";
import { type Document, isObject, type Method, type Schema } from "./document.js";
import { Place } from "./error.js";
import { checkNames, memberName, tidingsErrors } from "./names.js";
import { TypeWriter } from "./types.js";

/** The first line of every generated file. */
export function header({ title }: Document): string {
  const name = title.replaceAll(/\s+/g, " ");
  return `// Written by @tidings/codegen from the contract of ${name}. Do not edit: change the Rust types.\n`;
}

/**
 * The TypeScript file of a contract: its types, and the client's table of procedures and errors.
 *
 * @throws {CodegenError} for a schema that TypeScript cannot express
 */
export function contractFile(document: Document): string {
  checkNames(document);
  checkDirections(document);
  const types = new TypeWriter(document.schemas);
  const known = new Set(document.errors.map(({ name }) => name));
  // The client has Tidings' own errors. An unknown one of a newer Tidings is treated as the service's.
  const errors = document.errors.filter(
    ({ name }) => !tidingsErrors.some((known) => known === name),
  );
  const errorTypes = errors.map(
    ({ name, meaning, details, place }) =>
      comment(meaning?.split("\n") ?? [], "  ") +
      `  ${name}: ${details === undefined ? "undefined" : types.write(details, place.at("details"), "  ")};\n`,
  );
  const procedureTypes = groupType(groupsOf(document.methods), "", (method, indent) =>
    procedureType(method, types, document.schemas, known, indent),
  );
  const errorEntries = errors.map(
    ({ name, code, retryable }) => `    ${name}: { code: ${code}, retryable: ${retryable} },\n`,
  );
  return [
    `${header(document)}\nimport type * as tidings from "@tidings/client";\n`,
    ...types.definitions(),
    `/** The types of every procedure. Names with dots nest. */\nexport type ContractProcedures = ${procedureTypes};\n`,
    `/** The errors that the service declares, with the types of their details. */\nexport type ContractErrors = ${block(errorTypes)};\n`,
    "/** The service's contract: `createClient({ contract })`. */\n" +
      "export const contract: tidings.Contract<ContractProcedures, ContractErrors> = {\n" +
      `  procedures: ${block(document.methods.map(procedureEntry), "  ")},\n` +
      `  errors: ${block(errorEntries, "  ")},\n` +
      "};\n",
  ].join("\n");
}

/** Methods and inner groups by the segments of their names. */
type Group = Map<string, Method | Group>;

function groupsOf(methods: readonly Method[]): Group {
  const root: Group = new Map();
  for (const method of methods) {
    const path = method.name.split(".");
    const last = path.pop() ?? method.name;
    let group = root;
    for (const segment of path) {
      const found = group.get(segment);
      const inner: Group = found instanceof Map ? found : new Map();
      group.set(segment, inner);
      group = inner;
    }
    group.set(last, method);
  }
  return root;
}

function groupType(
  group: Group,
  indent: string,
  write: (method: Method, indent: string) => { doc: readonly string[]; type: string },
): string {
  const inner = `${indent}  `;
  const lines = [...group].map(([segment, member]) => {
    const { doc, type } =
      member instanceof Map
        ? { doc: [], type: groupType(member, inner, write) }
        : write(member, inner);
    return `${comment(doc, inner)}${inner}${memberName(segment)}: ${type};\n`;
  });
  return block(lines, indent);
}

function procedureType(
  method: Method,
  types: TypeWriter,
  schemas: Document["schemas"],
  known: ReadonlySet<string>,
  indent: string,
): { doc: readonly string[]; type: string } {
  const { kind, description, deprecated, errors, subscription } = method;
  const inner = `${indent}  `;
  for (const error of errors) {
    if (!known.has(error)) {
      throw method.place
        .at("errors")
        .fault(`the document does not describe the error ${error}`, "Add it to x-errors.");
    }
  }
  const members: [string, string][] = [
    ["kind", JSON.stringify(kind)],
    ["input", inputType(method, types, schemas, inner)],
    [subscription ? "data" : "output", types.write(method.payload, method.payloadPlace, inner)],
    ["error", errors.map((error) => JSON.stringify(error)).join(" | ") || "never"],
    ...(subscription ? [["resumable", String(subscription.resumable)] as [string, string]] : []),
  ];
  const lines = members.map(
    ([member, type]) => `${inner}${member}:${type.startsWith("\n") ? "" : " "}${type};\n`,
  );
  const doc = [...(description?.split("\n") ?? []), ...(deprecated ? ["@deprecated"] : [])];
  return { doc, type: block(lines, indent) };
}

function inputType(
  { input, inputPlace }: Method,
  types: TypeWriter,
  schemas: Document["schemas"],
  indent: string,
): string {
  const isNamed = typeof input === "object" && input["$ref"] === "#/components/schemas/NoInput";
  if (!isNamed || schemas["NoInput"] === undefined) return types.write(input, inputPlace, indent);
  if (isEmptyObject(schemas["NoInput"])) return "tidings.NoInput";
  throw new Place("type NoInput", "#/components/schemas/NoInput").fault(
    "it is not the empty object that Tidings calls NoInput",
    'Give the Rust type another name: #[schemars(rename = "…")].',
  );
}

/** Whether a schema is that of a Rust struct without members. */
function isEmptyObject(schema: Schema): boolean {
  if (typeof schema === "boolean" || schema["type"] !== "object") return false;
  const { properties, additionalProperties } = schema;
  const hasMembers = isObject(properties) && Object.keys(properties).length > 0;
  const isOpen = additionalProperties !== undefined && additionalProperties !== false;
  return !hasMembers && !isOpen && Object.keys(schema).every((keyword) => emptyObject.has(keyword));
}

/** The keywords that the schema of an empty object may have. */
const emptyObject = new Set([
  ...["type", "title", "description", "properties", "required", "additionalProperties"],
  ...["default", "examples", "deprecated", "$comment"],
]);

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
