import { document, query, ref, subscription } from "./document.js";

const text = { type: "string" };
const object = (properties: object, required: string[] = Object.keys(properties)) => ({
  type: "object",
  properties,
  required,
});
const tagged = (tag: string, value: string, properties: object = {}) =>
  object({ [tag]: { type: "string", const: value }, ...properties });

/** Types by name: each construct that schemars writes, in the form in which it writes it. */
const schemas = {
  /** Every format of a number. */
  Numbers: object({
    ...Object.fromEntries(
      ["int8", "int16", "int32", "int64", "int128", "int"].map((format) => [
        format,
        { type: "integer", format },
      ]),
    ),
    ...Object.fromEntries(
      ["uint8", "uint16", "uint32", "uint64", "uint128", "uint"].map((format) => [
        format,
        { type: "integer", format, minimum: 0 },
      ]),
    ),
    float: { type: "number", format: "float" },
    double: { type: "number", format: "double" },
    nonZero: { type: "integer", format: "int32", not: { const: 0 } },
    percent: { type: "integer", format: "uint8", minimum: 0, maximum: 100 },
  }),
  /** Every format of a text. */
  Texts: object({
    ...Object.fromEntries(
      [
        ...["uuid", "date-time", "date", "time", "partial-date-time", "duration", "email", "uri"],
        ...["ip", "ipv4", "ipv6", "hostname", "zoned-date-time"],
      ].map((format) => [format, { type: "string", format }]),
    ),
    char: { type: "string", minLength: 1, maxLength: 1 },
    slug: { type: "string", pattern: "^[a-z]+$", minLength: 2, maxLength: 8 },
  }),
  /** `enum Size { Small, Large }`, with comments and without. */
  Size: {
    description: "How large.\n\nTwo sizes so far: */ is no end.",
    oneOf: [
      { type: "string", const: "small", description: "Fits a pocket." },
      { type: "string", const: "large" },
    ],
  },
  Colour: { type: "string", enum: ["red", "green"] },
  External: {
    oneOf: [
      { type: "string", enum: ["nothing"] },
      { ...object({ item: ref("Item") }), additionalProperties: false },
      {
        ...object({
          pair: { type: "array", items: [text, { type: "integer" }], minItems: 2, maxItems: 2 },
        }),
        additionalProperties: false,
      },
    ],
  },
  Internal: {
    oneOf: [
      { ...tagged("kind", "moved", { to: text }), description: "It went elsewhere." },
      { ...tagged("kind", "sold"), allOf: [ref("Item")] },
      tagged("kind", "gone"),
    ],
  },
  Adjacent: {
    oneOf: [
      tagged("t", "item", { c: ref("Item") }),
      tagged("t", "count", { c: { type: "integer", format: "uint32", minimum: 0 } }),
      tagged("t", "none"),
    ],
  },
  Untagged: { anyOf: [text, { type: "integer", format: "int64" }, ref("Item"), { type: "null" }] },
  Tree: object({ value: text, children: { type: "array", items: ref("Tree") } }),
  Anything: { anyOf: [text, { type: "object", additionalProperties: ref("Anything") }] },
  Item: {
    description: "A thing.",
    ...object(
      {
        sku: { ...text, description: "Its `sku`." },
        email: { type: ["string", "null"], format: "email" },
        size: { anyOf: [ref("Size"), { type: "null" }] },
        colour: { description: "Its colour.", allOf: [ref("Colour")], default: "red" },
        "content-type": { ...text, deprecated: true },
      },
      ["sku"],
    ),
  },
  Maps: object({
    counts: { type: "object", additionalProperties: { type: "integer", format: "uint32" } },
    items: { type: "object", additionalProperties: ref("Item") },
    byNumber: {
      type: "object",
      patternProperties: { "^\\d+$": text },
      additionalProperties: false,
    },
    json: true,
    open: { type: "object", additionalProperties: true },
  }),
  Lists: object({
    tuple: { type: "array", items: [text, ref("Item")], minItems: 2, maxItems: 2 },
    newTuple: { type: "array", prefixItems: [text, { type: "boolean" }], minItems: 2, maxItems: 2 },
    rest: { type: "array", items: [text], additionalItems: { type: "number" }, minItems: 1 },
    maybe: { type: "array", items: [text, text], minItems: 1, maxItems: 2 },
    set: { type: "array", items: object({ a: text }), uniqueItems: true },
    matrix: { type: "array", items: { type: "array", items: { type: ["number", "null"] } } },
    empty: { type: "null" },
    one: { const: 1 },
    mixed: { enum: ["a", 2, true, null] },
  }),
  Flattened: {
    ...object({ id: text }),
    oneOf: [object({ card: text }), object({ iban: text })],
  },
  BioTooLong: object({ max: { type: "integer", format: "uint32", minimum: 0 } }),
  Unused: object({ shoeSize: text }),
};

/** Nothing that codegen knows is missing here. */
export const shop = document({
  schemas,
  methods: [
    ...Object.keys(schemas)
      .filter((name) => !["Unused", "BioTooLong"].includes(name))
      .map((name) => query(`all.get${name}`, ref(name))),
    query("status", text, { description: "Answers how it is.", deprecated: true }),
    {
      ...query("orders.place", { type: "null" }),
      "x-kind": "mutation",
      "x-input": ref("Item"),
      errors: ["notFound", "bioTooLong", "soldOut"].map((name) => ({
        $ref: `#/components/errors/${name}`,
      })),
    },
    subscription("orders.history.onOrder", ref("Item"), "log", {
      "x-input": object({ shop: text }),
    }),
    subscription("onPrice", object({ cents: { type: "integer", format: "uint64" } }), "state"),
    subscription("onMember", { type: "array", items: ref("Item") }, "members"),
  ],
  errors: [
    { name: "notFound", code: -32004, retryable: false, meaning: "There is no such thing." },
    {
      name: "bioTooLong",
      code: 1001,
      retryable: false,
      meaning: "It is too long.",
      details: ref("BioTooLong"),
    },
    { name: "soldOut", code: 1002, retryable: true, meaning: "No item is left." },
    { name: "newInTidings", code: -32099, retryable: true, meaning: "This codegen is older." },
  ],
});
