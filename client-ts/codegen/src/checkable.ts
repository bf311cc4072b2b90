import { isObject, type Schema, type SchemaObject } from "./document.js";
import { integerRanges, textFormats } from "./formats.js";

/**
 * The schema for the validators:
 *
 * - without documentation;
 * - with ranges instead of integer formats;
 * - with `discriminator` for unions that have a tag;
 * - with unknown members allowed, so that a newer server may add some.
 *
 * @param id the id of the schema that has the named schemas
 */
export function checkable(schema: Schema, id: string): Schema {
  if (typeof schema === "boolean") return schema;
  const each = (value: unknown): unknown =>
    Array.isArray(value) ? value.map(each) : isSchema(value) ? checkable(value, id) : value;
  const byName = (value: unknown) =>
    isObject(value)
      ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, each(member)]))
      : value;

  const checked: { [keyword: string]: unknown } = {};
  for (const [keyword, value] of Object.entries(schema)) {
    switch (keyword) {
      case "properties":
      case "patternProperties":
        checked[keyword] = byName(value);
        break;
      case "items":
      case "additionalItems":
      case "allOf":
      case "anyOf":
      case "propertyNames":
        checked[keyword] = each(value);
        break;
      case "additionalProperties":
        if (value !== false) checked[keyword] = each(value);
        break;
      case "not":
      case "type":
      case "nullable":
      case "const":
      case "enum":
      case "required":
      case "minimum":
      case "maximum":
      case "exclusiveMinimum":
      case "exclusiveMaximum":
      case "multipleOf":
      case "minLength":
      case "maxLength":
      case "pattern":
      case "minItems":
      case "maxItems":
      case "uniqueItems":
      case "minProperties":
      case "maxProperties":
        checked[keyword] = value;
        break;
      case "$ref":
        checked[keyword] = String(value).replace("#/components/schemas/", `${id}#/definitions/`);
        break;
      case "format":
        if (String(value) in textFormats) checked[keyword] = value;
        break;
    }
  }
  addTuple(checked, schema, each);
  addAlternatives(checked, schema, each);
  const range = integerRanges[String(schema["format"])];
  return range === undefined ? checked : { ...range, ...checked };
}

/** Translates `prefixItems` to draft-07. */
function addTuple(
  checked: { [keyword: string]: unknown },
  { prefixItems, items }: SchemaObject,
  each: (value: unknown) => unknown,
): void {
  if (!Array.isArray(prefixItems)) return;
  checked["items"] = prefixItems.map(each);
  if (items !== undefined) checked["additionalItems"] = each(items);
}

/**
 * Translates `oneOf` to `enum`, to a tagged union or to `anyOf`. It cannot stay `oneOf`: with unknown
 * members allowed, a value may match two variants.
 */
function addAlternatives(
  checked: { [keyword: string]: unknown },
  { oneOf, anyOf }: SchemaObject,
  each: (value: unknown) => unknown,
): void {
  if (!Array.isArray(oneOf)) return;
  const tag = tagOf(oneOf);
  if (oneOf.every((kind) => isObject(kind) && "const" in kind)) {
    checked["enum"] = oneOf.map((kind) => kind["const"]);
  } else if (tag !== undefined) {
    checked["type"] ??= "object";
    checked["discriminator"] = { propertyName: tag };
    checked["required"] = [...((checked["required"] as string[] | undefined) ?? []), tag];
    checked["oneOf"] = each(oneOf);
  } else if (anyOf === undefined) checked["anyOf"] = each(oneOf);
  else {
    const allOf = (checked["allOf"] as unknown[] | undefined) ?? [];
    checked["allOf"] = [...allOf, { anyOf: each(oneOf) }];
  }
}

/** The tag: the member with a different constant string in each variant, if there is one. */
function tagOf(kinds: readonly unknown[]): string | undefined {
  const [first] = kinds;
  const properties = isObject(first) && isObject(first["properties"]) ? first["properties"] : {};
  return Object.keys(properties).find((name) => {
    const values = kinds.map((kind) => {
      const member = isObject(kind) && isObject(kind["properties"]) && kind["properties"][name];
      const isRequired =
        isObject(kind) && Array.isArray(kind["required"]) && kind["required"].includes(name);
      return isObject(member) && isRequired ? member["const"] : undefined;
    });
    return (
      values.every((value) => typeof value === "string") && new Set(values).size === kinds.length
    );
  });
}

function isSchema(value: unknown): value is Schema {
  return isObject(value) || typeof value === "boolean";
}
