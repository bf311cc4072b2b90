/**
 * From the OpenRPC document of a Tidings service to TypeScript. In reading order:
 *
 * - `document`: what is read; `names`: which names can be used; `directions`: what is sent and received
 * - `types`: schemas as types, with `keywords`, `expressions` and `comment`; `contract`: the file of the contract
 * - `checkable`, `formats`: schemas as they are checked; `validators`: the file of the checks
 * - `source`, `files`: reading and writing; `cli`: the program
 */

import { contractFile } from "./contract.js";
import { readDocument } from "./document.js";
import { validatorsFile } from "./validators.js";

export { CodegenError } from "./error.js";

/** The texts of the generated files. */
export interface Generated {
  contract: string;
  validators?: string;
}

/**
 * Generates from an OpenRPC document. The same document gives the same text.
 *
 * @param openrpc the document, parsed
 * @param contractImport how the file of the validators imports that of the contract, such as
 *   `./tidings.js`; without it there are no validators
 * @throws {CodegenError} for what cannot be expressed; it names the place and what to do
 */
export function generate(openrpc: unknown, contractImport?: string): Generated {
  const document = readDocument(openrpc);
  const contract = contractFile(document);
  if (contractImport === undefined) return { contract };
  return { contract, validators: validatorsFile(document, contractImport) };
}
