/**
 * Writes `src/generated/` from `../schema/openrpc.json`: `npm run generate`.
 *
 * `contract.ts` holds the types of every procedure and the tables that the client needs at run time;
 * `validators.ts` holds a check for each payload. The same document gives the same bytes, so a test
 * can say when the committed files are stale.
 */
import { execFileSync } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import standaloneCode from "ajv/dist/standalone/index.js";
import { compile } from "json-schema-to-typescript";

/**
 * @typedef {{ [member: string]: any }} Json
 * @typedef {{
 *   name: string, description: string, result: { schema: Json }, errors: { $ref: string }[],
 *   "x-kind": "query" | "mutation" | "subscription", "x-input": Json,
 *   "x-subscription"?: { unsubscribe: string, event: Json, data: Json, feed: string },
 * }} Method
 * @typedef {{
 *   methods: Method[], components: { schemas: Json },
 *   "x-errors": { name: string, code: number, retryable: boolean }[],
 * }} OpenRpc
 */

const root = new URL("../", import.meta.url);
const header = "// GENERATED from schema/openrpc.json by `npm run generate`. Do not edit.\n";
/** What the client object has beside its procedures. */
const reserved = ["close", "connectionState"];

/**
 * The generated files, by their path within the package.
 *
 * @param {OpenRpc} document
 * @returns {Promise<Record<string, string>>}
 */
export async function generate(document) {
  for (const { name } of document.methods) {
    if (reserved.includes(name)) throw new Error(`a procedure cannot be called ${name}`);
  }
  return {
    "src/generated/contract.ts": format("contract.ts", await contract(document)),
    "src/generated/validators.ts": format("validators.ts", validators(document)),
  };
}

/** @param {OpenRpc} document */
async function contract(document) {
  /** @type {Json} */
  const definitions = { ...components(document) };
  // An interface without members would allow any value.
  for (const schema of Object.values(definitions)) {
    if (schema.type === "object" && !schema.properties) schema.tsType = "Record<string, never>";
  }

  /** @type {string[]} */
  const eventAliases = [];
  /** @type {string[]} */
  let eventNames = [];
  for (const method of document.methods) {
    const result = method["x-subscription"]?.data ?? method.result.schema;
    if (!result["$ref"]) definitions[payloadName(method)] = result;
    if (!method["x-subscription"]) continue;
    // The envelope is the same for every subscription but for the payload: one generic type.
    const name = refName(method["x-subscription"].event);
    eventNames = hoistEvent(definitions, name);
    eventAliases.push(`export type ${name} = SubscriptionEvent<${payloadType(method)}>;`);
  }

  const types = await compile(localRefs({ definitions }), "Contract", {
    additionalProperties: false,
    bannerComment: "",
    format: false,
    unreachableDefinitions: true,
  });
  const entry = (/** @type {Method} */ method) =>
    procedureEntry(method, document.components.schemas[refName(method["x-input"])]);
  const generic = eventNames.map((name) => (name === "DataEvent" ? "DataEvent<Data>" : name));
  return [
    header,
    types
      .replaceAll(/\/\*\*\s*\* This interface was referenced by .*\s*\* via .*\s*\*\//g, "")
      .replaceAll(/(\s*\*)*\s*\* This interface was referenced by .*\s*\* via .*/g, "")
      .replace(/export interface Contract \{[^}]*\}\n/, "")
      .replace("export interface DataEvent {", "export interface DataEvent<Data> {"),
    "/** One event of a subscription; `started` is always the first. */",
    `export type SubscriptionEvent<Data> = ${generic.join(" | ")};`,
    ...eventAliases,
    "",
    "/** The types of every procedure, by name. */",
    `export interface Procedures {\n${document.methods.map(procedureType).join("\n")}\n}`,
    "",
    "/** What the client must know of every procedure at run time. */",
    `export const procedures = {\n${document.methods.map(entry).join("\n")}\n} as const;`,
    "",
    "/** Every error that the server answers, by its stable name. */",
    "export const errorTable: Readonly<Record<ErrorCode, { code: number; retryable: boolean }>> = {",
    ...document["x-errors"].map(
      ({ name, code, retryable }) => `${name}: { code: ${code}, retryable: ${retryable} },`,
    ),
    "};",
  ].join("\n");
}

/** @param {OpenRpc} document */
function validators(document) {
  const ajv = new Ajv({
    code: { source: true, esm: true },
    discriminator: true,
    formats: { double: true, uint64: true },
  });
  ajv.addSchema({ $id: "contract", definitions: slim(localRefs(components(document))) });
  /** @type {Record<string, string>} */
  const entries = {};
  /** @type {Record<string, string>} */
  const exported = {};
  for (const { name, result, "x-subscription": subscription } of document.methods) {
    const parts = subscription
      ? { data: subscription.data, event: subscription.event }
      : { output: result.schema };
    for (const [part, schema] of Object.entries(parts)) {
      const id = `${name}_${part}`;
      ajv.addSchema(slim(localRefs(schema, "contract")), id);
      exported[id] = id;
      entries[part] = `${entries[part] ?? ""}${name}: ${id},`;
    }
  }
  const code = standaloneCode.default(ajv, exported).replace('"use strict";', "");
  if (code.includes("require(")) {
    throw new Error(
      "a schema uses a keyword whose check needs ajv at run time; bundle it or avoid it",
    );
  }
  return [
    header,
    "// @ts-nocheck: the checks are written by ajv, for engines and not for people.",
    'import type { Validate } from "../validation.js";',
    "",
    code.replaceAll(/export const/g, "const"),
    ...Object.entries(entries).map(
      ([part, members]) =>
        `/** The check of each procedure's ${part}. */
         export const ${part}Validators: Readonly<Record<string, Validate>> = {${members}};`,
    ),
    "",
  ].join("\n");
}

/**
 * Gives each kind of event a definition of its own, and names them.
 *
 * @param {Json} definitions
 * @param {string} name of the definition that unites them; it goes away
 */
function hoistEvent(definitions, name) {
  const { oneOf } = definitions[name];
  delete definitions[name];
  return oneOf.map((/** @type {Json} */ kind) => {
    const kindName = `${pascal(kind["properties"].type.const)}Event`;
    const schema = structuredClone(kind);
    if (schema["properties"].data) {
      schema["properties"].data = { description: "The payload.", tsType: "Data" };
    }
    const known = definitions[kindName];
    if (known && JSON.stringify(known) !== JSON.stringify(schema)) {
      throw new Error(`${name} differs from other events in its ${kindName}`);
    }
    definitions[kindName] = schema;
    return kindName;
  });
}

/** @param {Method} method */
function procedureType(method) {
  const { name, description, errors } = method;
  const payload = method["x-subscription"] ? "data" : "output";
  const names = errors.map(({ $ref }) => `"${$ref.split("/").at(-1)}"`);
  return `/** ${description} */
    ${name}: {
      kind: "${method["x-kind"]}";
      input: ${refName(method["x-input"])};
      ${payload}: ${payloadType(method)};
      /** The errors of its own, beside those that any call can meet. */
      error: ${names.join(" | ") || "never"};
    };`;
}

/**
 * @param {Method} method
 * @param {Json} input its schema
 */
function procedureEntry({ name, "x-kind": kind, "x-subscription": subscription }, input) {
  if (!subscription) return `${name}: { kind: "${kind}" },`;
  const { unsubscribe, feed } = subscription;
  const resumable = feed === "log" && "lastEventId" in (input["properties"] ?? {});
  return `${name}: {
    kind: "${kind}", unsubscribe: "${unsubscribe}", feed: "${feed}", resumable: ${resumable},
  },`;
}

/** @param {Method} method */
function payloadType(method) {
  const schema = method["x-subscription"]?.data ?? method.result.schema;
  return schema["$ref"] ? refName(schema) : payloadName(method);
}

/** @param {Method} method */
function payloadName(method) {
  return `${pascal(method.name)}${method["x-subscription"] ? "Data" : "Output"}`;
}

/** @param {OpenRpc} document @returns {Json} */
function components(document) {
  return structuredClone(document.components.schemas);
}

/**
 * OpenRPC keeps schemas in `components`, JSON Schema in `definitions`.
 *
 * @template T
 * @param {T} schema
 * @param {string} [id] of the schema that holds the definitions, if it is another one
 * @returns {T}
 */
function localRefs(schema, id = "") {
  return JSON.parse(
    JSON.stringify(schema).replaceAll("#/components/schemas/", `${id}#/definitions/`),
  );
}

/**
 * The same schema in a form that ajv turns into less code: no prose, closed sets as `enum`, unions
 * told apart by their tag.
 *
 * @param {any} schema
 * @returns {any}
 */
function slim(schema) {
  if (Array.isArray(schema)) return schema.map(slim);
  if (typeof schema !== "object" || schema === null) return schema;
  if (schema.allOf?.length === 1) return slim(schema.allOf[0]);
  const kinds = schema.oneOf ?? [];
  if (kinds.length > 0 && kinds.every((/** @type {Json} */ kind) => "const" in kind)) {
    return { type: "string", enum: kinds.map((/** @type {Json} */ kind) => kind["const"]) };
  }
  const { description, ...rest } = schema;
  const slimmed = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, slim(value)]),
  );
  // A member may itself be called `description`; only prose is a string.
  if (typeof description === "object") slimmed["description"] = slim(description);
  const tagged =
    kinds.length > 0 && kinds.every((/** @type {Json} */ kind) => kind["properties"]?.type?.const);
  return tagged
    ? { type: "object", ...slimmed, discriminator: { propertyName: "type" }, required: ["type"] }
    : slimmed;
}

/** @param {Json} schema */
function refName(schema) {
  return schema["$ref"].split("/").at(-1);
}

/** @param {string} name */
function pascal(name) {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/**
 * In the form that the lint asks of every file.
 *
 * @param {string} file
 * @param {string} text
 */
function format(file, text) {
  const biome = fileURLToPath(new URL("../node_modules/.bin/biome", root));
  const args = ["format", `--stdin-file-path=client/src/generated/${file}`];
  return execFileSync(biome, args, {
    cwd: fileURLToPath(new URL("../", root)),
    input: text,
    encoding: "utf8",
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const document = await readFile(new URL("../../schema/openrpc.json", root), "utf8");
  await mkdir(new URL("src/generated/", root), { recursive: true });
  for (const [path, text] of Object.entries(await generate(JSON.parse(document)))) {
    await writeFile(new URL(path, root), text);
    console.log(path);
  }
}
