import { PayloadError } from "./errors.js";

/** A generated check. Says no by `false`, and why in its `errors`. */
export interface Validate {
  (value: unknown): boolean;
  errors?: readonly { instancePath: string; message?: string }[] | null;
}

/**
 * Refuses a payload that does not fit the contract.
 *
 * The server checks each payload against its own types, so what fails here was sent by a server of
 * another contract version. Members that the contract does not know are let through.
 *
 * @throws {PayloadError} naming the member at fault
 */
export function validatePayload(validate: Validate | undefined, procedure: string, value: unknown) {
  if (validate === undefined || validate(value)) return;
  const [fault] = validate.errors ?? [];
  throw new PayloadError(procedure, fault?.instancePath ?? "", fault?.message ?? "does not fit");
}
