// Applies one section of a new project's README to the project: it writes each block of Rust or TypeScript to the place
// that the paragraph before the block names.
//
//   node readme.mjs 'Add a procedure'
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const [heading] = process.argv.slice(2);
const section = readFileSync("README.md", "utf8")
  .split(/^## /m)
  .find((section) => section.startsWith(`${heading}\n`));
const blocks = [...(section ?? "").matchAll(/([^\n]+(?:\n[^\n]+)*)\n\n```(?:rust|tsx?)\n(.*?)```\n/gs)];
if (blocks.length === 0) throw new Error(`the README has no code in a section ${heading}`);

// The places that a paragraph may name at its end, and what each does with the file's text. The first match counts.
const places = [
  [/In a new file `(.+)`:$/, (_, code) => code],
  [/At the end of `router\(\)` in `(.+)`:$/, (text, code) => between(text, /(?<=\.public\(\)\n)(?=}\n)/, code)],
  [/At the end of `([^`()]+)`:$/, (text, code) => `${text}\n${code}`],
  [/At the start of `(.+)`:$/, (text, code) => code + text],
  [/In `(.+)`, after `<\/main>`:$/, (text, code) => between(text, /(?<=<\/main>\n)/, code)],
  [/In `(.+)`, in place of the end of `set_lamp` from `let lamp` on:$/, (text, code) => between(text, / {4}let lamp = .*?\n}\n/s, code)],
  [/In `router\(\)` in `(.+)`, in place of the lines of `SetLamp`:$/, (text, code) => between(text, / {8}\.mutation::<SetLamp>.*?\.public\(\)\n/s, code)],
];

function between(text, pattern, code) {
  if (!pattern.test(text)) throw new Error(`there is no ${pattern} in ${text}`);
  return text.replace(pattern, () => code);
}

for (const [, paragraph, code] of blocks) {
  const where = paragraph.replaceAll("\n", " ");
  const [match, edit] = places.map(([sentence, edit]) => [sentence.exec(where), edit]).find(([match]) => match) ?? [];
  if (!match) throw new Error(`this test does not know where that is: ${where}`);
  const path = match[1];
  const isNew = where.includes("In a new file");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, edit(isNew ? "" : readFileSync(path, "utf8"), code));
}
