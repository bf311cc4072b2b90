import type { SchemaObject } from "./document.js";

/** A TSDoc comment with a line break behind it; nothing where there is nothing to say. */
export function comment(lines: readonly string[], indent = ""): string {
  const text = lines.map((line) => line.replaceAll("*/", "*\\/").trimEnd());
  while (text.length > 0 && text.at(-1) === "") text.pop();
  if (text.length === 0) return "";
  if (text.length === 1) return `${indent}/** ${text[0]} */\n`;
  const inner = text.map((line) => `${indent} *${line && ` ${line}`}\n`).join("");
  return `${indent}/**\n${inner}${indent} */\n`;
}

/** What a schema says for people. */
export function schemaComment(schema: SchemaObject, indent = ""): string {
  const { description, deprecated } = schema;
  const lines = typeof description === "string" ? description.split(/\r?\n/) : [];
  if ("default" in schema) lines.push(`@default ${JSON.stringify(schema["default"])}`);
  if (deprecated === true) lines.push("@deprecated");
  return comment(lines, indent);
}
