import { PayloadError } from "./errors.js";

/** A generated check. Says no by `false`, and why in its `errors`. */
export interface Validate {
  (value: unknown): boolean;
  errors?: readonly { instancePath: string; message?: string }[] | null;
}

/**
 * What is wrong with a payload, naming the member at fault; undefined when it fits the contract.
 *
 * The server checks each payload against its own types, so what fails here was sent by a server of
 * another contract version. Members that the contract does not know are let through.
 */
export function payloadFault(
  validate: Validate | undefined,
  procedure: string,
  value: unknown,
): PayloadError | undefined {
  if (validate === undefined || validate(value)) return undefined;
  const [fault] = validate.errors ?? [];
  return new PayloadError(procedure, fault?.instancePath ?? "", fault?.message ?? "does not fit");
}
