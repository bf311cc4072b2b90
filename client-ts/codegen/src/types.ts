import { schemaComment } from "./comment.js";
import { isObject, type Schema, type SchemaObject } from "./document.js";
import { Place } from "./error.js";
import {
  arrayOf,
  grouped,
  intersection,
  single,
  type Type,
  union,
  unknown,
} from "./expressions.js";
import { isKnown } from "./keywords.js";
import { memberName, typeName } from "./names.js";

const scalars: Record<string, string> = {
  string: "string",
  number: "number",
  integer: "number",
  boolean: "boolean",
  null: "null",
};

/**
 * Writes schemas as TypeScript types. Constraints that TypeScript cannot express are left out if that only
 * makes the type wider (a range, a pattern). Any other unsupported keyword is an error that names its place.
 */
export class TypeWriter {
  readonly #schemas: Readonly<Record<string, Schema>>;
  readonly #needed = new Set<string>();

  constructor(schemas: Readonly<Record<string, Schema>>) {
    this.#schemas = schemas;
  }

  /** The type of a schema. `indent` is that of its first line. */
  write(schema: Schema, place: Place, indent: string): string {
    return this.#type(schema, place, indent).text;
  }

  /** The definitions of every named type that has been referred to, in the document's order. */
  definitions(): string[] {
    const texts = new Map<string, string>();
    // A definition may refer to more types: iterating a set includes values that are added meanwhile.
    for (const name of this.#needed) texts.set(name, this.#definition(name));
    return Object.keys(this.#schemas).flatMap((name) => texts.get(name) ?? []);
  }

  #definition(name: string): string {
    const schema = this.#schemas[name] ?? true;
    const place = new Place(`type ${name}`, `#/components/schemas/${name}`);
    const doc = typeof schema === "boolean" ? "" : schemaComment(schema);
    const { text } = this.#type(schema, place, "");
    if (text.startsWith("{\n") && isPlainObject(schema)) {
      return `${doc}export interface ${name} ${text}\n`;
    }
    return `${doc}export type ${name} =${text.startsWith("\n") ? "" : " "}${text};\n`;
  }

  #type(schema: Schema, place: Place, indent: string): Type {
    if (schema === true) return unknown;
    if (schema === false) return single("never");
    for (const keyword of Object.keys(schema)) {
      if (!isKnown(keyword)) {
        throw place.fault(
          `"${keyword}" cannot be expressed in TypeScript`,
          "Describe the Rust type in another way, for instance with #[schemars(with = …)].",
        );
      }
    }
    checkNot(schema, place);
    const parts = [
      this.#own(schema, place, indent),
      ...this.#reference(schema, place),
      ...list(schema, "allOf", place).map((each, n) =>
        this.#type(each, place.at("allOf", n), indent),
      ),
      ...["oneOf", "anyOf"].flatMap((keyword) =>
        keyword in schema ? [this.#alternatives(schema, keyword, place, indent)] : [],
      ),
    ];
    const type = intersection(parts.filter((part) => part.text !== "unknown"));
    return schema["nullable"] === true ? union([type, single("null")], indent) : type;
  }

  /** The type without the schema's `$ref`, `allOf`, `anyOf` and `oneOf`. */
  #own(schema: SchemaObject, place: Place, indent: string): Type {
    if ("const" in schema) return literal(schema["const"], place.at("const"));
    if ("enum" in schema) {
      const values = list(schema, "enum", place, true);
      return union(
        values.map((value, n) => literal(value, place.at("enum", n))),
        indent,
      );
    }
    const { type } = schema;
    const types = Array.isArray(type) ? type : type === undefined ? implied(schema) : [type];
    if (types.length === 0) return unknown;
    return union(
      types.map((each) => this.#typed(String(each), schema, place, indent)),
      indent,
    );
  }

  #typed(type: string, schema: SchemaObject, place: Place, indent: string): Type {
    const scalar = scalars[type];
    if (scalar !== undefined) return single(scalar);
    if (type === "array") return this.#array(schema, place, indent);
    if (type === "object") return this.#object(schema, place, indent);
    throw place.at("type").fault(`"${type}" is no type of JSON Schema`, "Correct the schema.");
  }

  #reference(schema: SchemaObject, place: Place): Type[] {
    const { $ref } = schema;
    if ($ref === undefined) return [];
    const name = String($ref).replace(/^#\/components\/schemas\//, "");
    if (!Object.hasOwn(this.#schemas, name)) {
      throw place
        .at("$ref")
        .fault(`there is no ${$ref}`, "A $ref must be of the form #/components/schemas/Name.");
    }
    this.#needed.add(name);
    return [single(typeName(name))];
  }

  #alternatives(schema: SchemaObject, keyword: string, place: Place, indent: string): Type {
    const kinds = list(schema, keyword, place);
    const types = kinds.map((kind, n) => this.#type(kind, place.at(keyword, n), `${indent}  `));
    const docs = kinds.map((kind) =>
      typeof kind === "boolean" ? "" : schemaComment(kind, `${indent}  `),
    );
    if (docs.every((doc) => doc === "")) return union(types, indent);
    const lines = types.map((type, n) => `\n${docs[n]}${indent}  | ${grouped(type, "union")}`);
    return { text: lines.join(""), binding: "union" };
  }

  #array(schema: SchemaObject, place: Place, indent: string): Type {
    const { items, prefixItems, additionalItems } = schema;
    const tuple = Array.isArray(prefixItems) ? prefixItems : Array.isArray(items) ? items : null;
    if (tuple === null) {
      if (items === undefined) return single("unknown[]");
      return arrayOf(this.#type(asSchema(items, place.at("items")), place.at("items"), indent));
    }
    const keyword = Array.isArray(prefixItems) ? "prefixItems" : "items";
    const rest = keyword === "prefixItems" ? items : additionalItems;
    const [min, max] = [Number(schema["minItems"] ?? 0), Number(schema["maxItems"] ?? Infinity)];
    const elements = tuple.slice(0, max).map((each: unknown, n) => {
      const at = place.at(keyword, n);
      const type = this.#type(asSchema(each, at), at, indent);
      return n < min ? type.text : `${grouped(type, "single")}?`;
    });
    if (rest !== false && max > tuple.length) {
      const at = place.at(keyword === "prefixItems" ? "items" : "additionalItems");
      const others = rest === undefined ? unknown : this.#type(asSchema(rest, at), at, indent);
      elements.push(`...${arrayOf(others).text}`);
    }
    return single(`[${elements.join(", ")}]`);
  }

  #object(schema: SchemaObject, place: Place, indent: string): Type {
    const properties = members(schema, "properties", place);
    const required = new Set(list(schema, "required", place, true));
    const inner = `${indent}  `;
    const types = properties.map(
      ([name, member]) => this.#type(member, place.at("properties", name), inner).text,
    );
    for (const name of required) {
      if (!properties.some(([each]) => each === name)) {
        throw place
          .at("required")
          .fault(`"${name}" is required but not described`, "Add it to the properties.");
      }
    }
    const lines = properties.map(([name, member], n) => {
      const doc = typeof member === "boolean" ? "" : schemaComment(member, inner);
      const mark = required.has(name) ? "" : "?";
      const text = types[n] ?? "";
      return `${doc}${inner}${memberName(name)}${mark}:${text.startsWith("\n") ? "" : " "}${text};\n`;
    });
    const others = this.#otherMembers(schema, place, inner);
    if (others === undefined) {
      if (lines.length > 0) return single(`{\n${lines.join("")}${indent}}`);
      // Schemas that it is combined with describe the members.
      const combined = ["$ref", "allOf", "oneOf", "anyOf"].some((keyword) => keyword in schema);
      return combined ? unknown : single("{ [member: string]: never }");
    }
    if (lines.length === 0) return single(`{ [member: string]: ${others} }`);
    if (
      others !== "unknown" &&
      (types.some((type) => type !== others) || required.size < lines.length)
    ) {
      throw place.fault(
        "it has named members beside a map of another type, which TypeScript cannot express",
        "Put the map into a member: without #[serde(flatten)].",
      );
    }
    return single(`{\n${lines.join("")}${inner}[member: string]: ${others};\n${indent}}`);
  }

  /** The type of members that the schema does not name; undefined if there are no other members. */
  #otherMembers(schema: SchemaObject, place: Place, indent: string): string | undefined {
    const patterns = members(schema, "patternProperties", place).map(([pattern, member]) =>
      this.#type(member, place.at("patternProperties", pattern), indent),
    );
    const { additionalProperties } = schema;
    const at = place.at("additionalProperties");
    const hasOthers = additionalProperties !== undefined && additionalProperties !== false;
    const types = hasOthers
      ? [...patterns, this.#type(asSchema(additionalProperties, at), at, indent)]
      : patterns;
    return types.length === 0 ? undefined : union(types, indent).text;
  }
}

/** The types that the keywords of a schema without `type` imply. */
function implied(schema: SchemaObject): string[] {
  if (["properties", "additionalProperties", "patternProperties"].some((each) => each in schema)) {
    return ["object"];
  }
  return "items" in schema || "prefixItems" in schema ? ["array"] : [];
}

/** Accepts `not` if it excludes only single values, as for `NonZeroI32`. */
function checkNot(schema: SchemaObject, place: Place): void {
  const { not } = schema;
  if (
    not === undefined ||
    (isObject(not) && Object.keys(not).every((each) => /^(const|enum)$/.test(each)))
  ) {
    return;
  }
  throw place
    .at("not")
    .fault("TypeScript cannot express what a value is not", "Describe what it is.");
}

function literal(value: unknown, place: Place): Type {
  if (value === null || ["string", "number", "boolean"].includes(typeof value)) {
    return single(JSON.stringify(value));
  }
  throw place.fault(
    "only texts, numbers, booleans and null can be constants",
    "Describe its type.",
  );
}

/** Whether it has only members, so that it can be an interface. */
function isPlainObject(schema: Schema): boolean {
  if (typeof schema === "boolean") return false;
  return (
    schema["type"] === "object" &&
    !["$ref", "allOf", "anyOf", "oneOf", "nullable"].some((each) => each in schema)
  );
}

function list(schema: SchemaObject, keyword: string, place: Place, ofValues: true): unknown[];
function list(schema: SchemaObject, keyword: string, place: Place): Schema[];
function list(schema: SchemaObject, keyword: string, place: Place, ofValues = false): unknown[] {
  const value = schema[keyword] ?? [];
  if (!Array.isArray(value))
    throw place.at(keyword).fault("it is not a list", "Correct the schema.");
  return ofValues ? value : value.map((each, n) => asSchema(each, place.at(keyword, n)));
}

function members(schema: SchemaObject, keyword: string, place: Place): [string, Schema][] {
  const value = schema[keyword] ?? {};
  if (!isObject(value)) throw place.at(keyword).fault("it is not an object", "Correct the schema.");
  return Object.entries(value).map(([name, each]) => [
    name,
    asSchema(each, place.at(keyword, name)),
  ]);
}

function asSchema(value: unknown, place: Place): Schema {
  if (isObject(value) || typeof value === "boolean") return value;
  throw place.fault("it is not a schema", "Correct the schema.");
}
