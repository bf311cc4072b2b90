import { type Document, isObject } from "./document.js";
import { Place } from "./error.js";

/**
 * One TypeScript type serves what is sent and what is received. A member that a Rust type only reads
 * (`writeOnly`) or only writes (`readOnly`) can be part of one of them, and not required in the other.
 *
 * @throws {CodegenError} where a member would be promised that never comes, or asked for in vain
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
          "Use two Rust types, one for the input and one for what is answered.",
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
