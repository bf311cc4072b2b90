/** No line of a union is longer than this, where it can be divided. */
const LINE_WIDTH = 100;

/** How tightly the parts of a type hold together, loosest first. */
type Binding = "union" | "intersection" | "single";

/** A TypeScript type. */
export interface Type {
  readonly text: string;
  readonly binding: Binding;
}

export const single = (text: string): Type => ({ text, binding: "single" });
export const unknown = single("unknown");

/** One of these; nothing is said twice. */
export function union(types: readonly Type[], indent: string): Type {
  const texts = [...new Set(types.map((type) => grouped(type, "union")))];
  if (texts.includes("unknown")) return unknown;
  if (texts.length === 0) return single("never");
  if (texts.length === 1)
    return types.find((type) => grouped(type, "union") === texts[0]) ?? unknown;
  const line = texts.join(" | ");
  const fits = !line.includes("\n") && indent.length + line.length <= LINE_WIDTH;
  const text = fits ? line : texts.map((each) => `\n${indent}  | ${each}`).join("");
  return { text, binding: "union" };
}

/** All of these at once. */
export function intersection(types: readonly Type[]): Type {
  const texts = [...new Set(types.map((type) => grouped(type, "intersection")))];
  if (texts.length === 0) return unknown;
  if (texts.length === 1) return types[0] ?? unknown;
  return { text: texts.join(" & "), binding: "intersection" };
}

/** Any number of these. */
export function arrayOf(type: Type): Type {
  return single(`${grouped(type, "single")}[]`);
}

/** In brackets, where it would fall apart among parts that are bound like this. */
export function grouped({ text, binding }: Type, among: Binding): string {
  const order: Binding[] = ["union", "intersection", "single"];
  return order.indexOf(binding) < order.indexOf(among) ? `(${text})` : text;
}
