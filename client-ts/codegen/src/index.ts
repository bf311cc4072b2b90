/**
 * Generates TypeScript from the OpenRPC document of a Tidings service. In reading order:
 *
 * - `document`: the input; `names`: the allowed names; `directions`: members of inputs or outputs only
 * - `types`: schemas as types, with `keywords`, `expressions` and `comment`; `contract`: the file of the contract
 * - `checkable`, `formats`: schemas for the validators; `validators`: their file
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
 * @throws {CodegenError} for a document that is not supported; it names the place and the fix
 */
export function generate(openrpc: unknown, contractImport?: string): Generated {
  const document = readDocument(openrpc);
  const contract = contractFile(document);
  if (contractImport === undefined) return { contract };
  return { contract, validators: validatorsFile(document, contractImport) };
}
