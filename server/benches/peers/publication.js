// What Valkey sends for one event: a header line, `tidings/1 <epoch> <offset> <publishedAtMs>`, and the payload.

export const CHANNEL = "list-1";
export const VALKEY_CHANNEL = `updates:{${CHANNEL}}`;

/** The payload, still as text. */
export function payloadOf(message) {
  return message.slice(message.indexOf("\n") + 1);
}

/** The event's id and time, for who sends them on. */
export function headerOf(message) {
  const [, epoch, offset, publishedAt] = message.slice(0, message.indexOf("\n")).split(" ");
  return { id: `${epoch}:${offset}`, publishedAt };
}
