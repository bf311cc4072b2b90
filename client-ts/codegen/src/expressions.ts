/** The longest line of a union: characters. A single member is not divided. */
const LINE_WIDTH = 100;

/** The precedence of a type's operator, lowest first. */
type Binding = "union" | "intersection" | "single";

/** A TypeScript type. */
export interface Type {
  readonly text: string;
  readonly binding: Binding;
}

export const single = (text: string): Type => ({ text, binding: "single" });
export const unknown = single("unknown");

/** The union of these types, without duplicates. */
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

/** The intersection of these types. */
export function intersection(types: readonly Type[]): Type {
  const texts = [...new Set(types.map((type) => grouped(type, "intersection")))];
  if (texts.length === 0) return unknown;
  if (texts.length === 1) return types[0] ?? unknown;
  return { text: texts.join(" & "), binding: "intersection" };
}

/** An array of this type. */
export function arrayOf(type: Type): Type {
  return single(`${grouped(type, "single")}[]`);
}

/** The type, in parentheses if its precedence is lower than `binding`. */
export function grouped({ text, binding }: Type, among: Binding): string {
  const order: Binding[] = ["union", "intersection", "single"];
  return order.indexOf(binding) < order.indexOf(among) ? `(${text})` : text;
}
