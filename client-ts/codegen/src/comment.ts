import { isObject, type SchemaObject } from "./document.js";
import { wideIntegers } from "./formats.js";

/** A TSDoc comment and a line break; empty if there is no text. */
export function comment(lines: readonly string[], indent = ""): string {
  const text = lines.map((line) => line.replaceAll("*/", "*\\/").trimEnd());
  while (text.length > 0 && text.at(-1) === "") text.pop();
  if (text.length === 0) return "";
  if (text.length === 1) return `${indent}/** ${text[0]} */\n`;
  const inner = text.map((line) => `${indent} *${line && ` ${line}`}\n`).join("");
  return `${indent}/**\n${inner}${indent} */\n`;
}

/** The TSDoc comment of a schema: its description, default, deprecation and limits of its type. */
export function schemaComment(schema: SchemaObject, indent = ""): string {
  const { description, deprecated } = schema;
  const lines = typeof description === "string" ? description.split(/\r?\n/) : [];
  if (losesDigits(schema)) {
    if (lines.length > 0) lines.push("");
    lines.push("JSON numbers beyond 2^53 lose digits in JavaScript.");
  }
  if ("default" in schema) lines.push(`@default ${JSON.stringify(schema["default"])}`);
  if (deprecated === true) lines.push("@deprecated");
  return comment(lines, indent);
}

/** Whether values may be integers that a JavaScript number cannot hold exactly. */
function losesDigits({ format, minimum, maximum, items }: SchemaObject): boolean {
  if (isObject(items)) return losesDigits(items);
  const isBounded = Number.isSafeInteger(minimum) && Number.isSafeInteger(maximum);
  return wideIntegers.has(String(format)) && !isBounded;
}
