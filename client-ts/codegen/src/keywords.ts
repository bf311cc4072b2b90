/** Keywords of JSON Schema, by their effect on a TypeScript type. */

/** Constraints that TypeScript cannot express. The type without them is correct but wider. */
const narrowing = [
  "format",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "multipleOf",
  "minLength",
  "maxLength",
  "pattern",
  "minItems",
  "maxItems",
  "uniqueItems",
  "minProperties",
  "maxProperties",
  "propertyNames",
  "contentEncoding",
  "contentMediaType",
];

/** Documentation. */
const annotations = [
  "title",
  "description",
  "default",
  "examples",
  "deprecated",
  "readOnly",
  "writeOnly",
  "$comment",
];

/** Keywords that define the type. */
const shaping = [
  "$ref",
  "type",
  "nullable",
  "const",
  "enum",
  "properties",
  "required",
  "additionalProperties",
  "patternProperties",
  "unevaluatedProperties",
  "items",
  "prefixItems",
  "additionalItems",
  "allOf",
  "anyOf",
  "oneOf",
  "not",
];

const known = new Set([...narrowing, ...annotations, ...shaping]);

/** Whether codegen supports a keyword. */
export function isKnown(keyword: string): boolean {
  return known.has(keyword) || keyword.startsWith("x-");
}
