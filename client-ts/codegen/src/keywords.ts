/** Keywords of JSON Schema, by what they mean for a TypeScript type. */

/** They say more than a TypeScript type can, and never less: the type without them is right, if wider. */
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

/** For people. */
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

/** They shape the type. */
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

/** Whether this codegen knows what a keyword means. */
export function isKnown(keyword: string): boolean {
  return known.has(keyword) || keyword.startsWith("x-");
}
