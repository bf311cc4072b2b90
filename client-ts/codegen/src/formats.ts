/**
 * Patterns for the formats that schemars writes. They are lenient: a check finds values of another kind,
 * and accepts the rarer notations of Rust libraries. Other formats are not checked.
 */

const date = String.raw`[+-]?\d{4,}-\d\d-\d\d`;
const time = String.raw`\d\d:\d\d(:\d\d([.,]\d+)?)?`;
const offset = String.raw`([Zz]|[+-]\d\d(:?\d\d){0,2})`;
const ipv4 = String.raw`(\d{1,3}\.){3}\d{1,3}`;
const ipv6 = "[0-9a-fA-F]*:[0-9a-fA-F:.]*(%.+)?";

export const textFormats: Readonly<Record<string, RegExp>> = {
  uuid: /^(urn:uuid:)?\{?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?$/i,
  date: new RegExp(`^${date}$`),
  time: new RegExp(`^${time}${offset}?$`),
  "partial-time": new RegExp(`^${time}$`),
  "date-time": new RegExp(`^${date}[Tt ]${time} ?${offset}(\\[.*\\])?$`),
  "partial-date-time": new RegExp(`^${date}[Tt ]${time}$`),
  duration: /^[+-]?P[\dYMWDTHS.,+-]+$/i,
  email: /^[^\s@]+@[^\s@]+$/,
  ipv4: new RegExp(`^${ipv4}$`),
  ipv6: new RegExp(`^${ipv6}$`),
  ip: new RegExp(`^(${ipv4}|${ipv6})$`),
  uri: /^[a-z][a-z0-9+.-]*:\S*$/i,
};

/** The formats of integers that may exceed 2^53, from which JavaScript's numbers are no longer exact. */
export const wideIntegers: ReadonlySet<string> = new Set(["int64", "uint64", "int128", "uint128"]);

/** The range of each integer format, as far as JavaScript's numbers are exact. */
export const integerRanges: Readonly<Record<string, { minimum: number; maximum?: number }>> = {
  int8: { minimum: -(2 ** 7), maximum: 2 ** 7 - 1 },
  int16: { minimum: -(2 ** 15), maximum: 2 ** 15 - 1 },
  int32: { minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
  uint8: { minimum: 0, maximum: 2 ** 8 - 1 },
  uint16: { minimum: 0, maximum: 2 ** 16 - 1 },
  uint32: { minimum: 0, maximum: 2 ** 32 - 1 },
  uint64: { minimum: 0 },
  uint128: { minimum: 0 },
  uint: { minimum: 0 },
};
