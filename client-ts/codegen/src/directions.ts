import { type Document, isObject } from "./document.js";
import { Place } from "./error.js";

/**
 * Checks members that exist in one direction only. One TypeScript type describes both inputs and
 * outputs, so a member that Rust only reads (`writeOnly`) must be optional in a type that is used as an
 * output, and one that Rust only writes (`readOnly`) in a type that is used as an input.
 *
 * @throws {CodegenError} if a required member is missing in the direction in which the type is used
 */
export function checkDirections({ methods, errors, schemas }: Document): void {
  const look = (schema: unknown, place: Place, unwanted: string, seen: Set<string>): void => {
    if (Array.isArray(schema)) {
      for (const [n, each] of schema.entries()) look(each, place.at(n), unwanted, seen);
    }
    if (!isObject(schema)) return;
    const required = Array.isArray(schema["required"]) ? schema["required"] : [];
    const members = isObject(schema["properties"]) ? Object.entries(schema["properties"]) : [];
    for (const [name, member] of members) {
      if (!isObject(member) || member[unwanted] !== true || !required.includes(name)) continue;
      const [received, sent] = ["only ever read", "only ever written"];
      throw place
        .at("properties", name)
        .fault(
          `the server has it ${unwanted === "writeOnly" ? received : sent}, and the type is used the other way`,
          "Use two Rust types, one for the input and one for the output.",
        );
    }
    const name = String(schema["$ref"] ?? "").replace("#/components/schemas/", "");
    if (Object.hasOwn(schemas, name) && !seen.has(name)) {
      seen.add(name);
      const named = new Place(`type ${name}`, `#/components/schemas/${name}`);
      look(schemas[name], named, unwanted, seen);
    }
    for (const [keyword, value] of Object.entries(schema)) {
      // Values, and not schemas.
      if (["const", "enum", "default", "examples"].includes(keyword)) continue;
      look(value, place.at(keyword), unwanted, seen);
    }
  };
  const [sent, received] = [new Set<string>(), new Set<string>()];
  for (const { input, inputPlace, payload, payloadPlace } of methods) {
    look(input, inputPlace, "readOnly", sent);
    look(payload, payloadPlace, "writeOnly", received);
  }
  for (const { details, place } of errors)
    look(details, place.at("details"), "writeOnly", received);
}
