// The committed contract, and its schemas as Ajv reads them.

import { readFileSync } from "node:fs";
import Ajv from "ajv";

const schema = new URL("../../../schema/demo/", import.meta.url);

/** Reads a JSON file of the `schema/demo/` folder. */
export function read(path) {
  return JSON.parse(readFileSync(new URL(path, schema), "utf8"));
}

/** The committed OpenRPC document. */
export const contract = read("openrpc.json");

/**
 * Draft-07, and strict: an unknown keyword or format is an error. These formats are not draft-07's, and JavaScript's
 * numbers cannot check them.
 */
export const ajv = new Ajv({ strict: true, allErrors: true, formats: { double: true, uint32: true, uint64: true } });
ajv.addVocabulary(["components"]);
ajv.addSchema({ $id: "openrpc.json", components: { schemas: contract.components.schemas } });

/** Compiles a schema of the document; its `$ref`s may point anywhere into `#/components/schemas`. */
export function compile(part) {
  const text = JSON.stringify(part).replaceAll('"$ref":"#/', '"$ref":"openrpc.json#/');
  return ajv.compile(JSON.parse(text));
}
