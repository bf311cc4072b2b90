// What every client does in these tests, and what it must have been sent by then.
//
// It subscribes to one channel twice. The second subscription is the witness that nothing is sent to the
// first one after its end: it gets the event that the first must not get, and the answer to a call made
// after that comes on the same connection, behind everything that was sent before.

import assert from "node:assert/strict";
import { ajv, compile, contract, read } from "./contract.js";

/** The events' payloads, of all that is easily broken on the way: text beyond ASCII, an absent member. */
export const updates = [
  [
    { id: "1", name: "Zoë Ångström", bio: 'says "no\\yes" 🦀' },
    { id: "2", name: "李小龍" },
  ],
  [{ id: "3", name: "Ada Lovelace", bio: "Notes on the Engine" }],
];

/**
 * Plays the story.
 *
 * @param client `call(method, params)` answers the result; `transcript` records all that the client is sent
 */
export async function play({ call, transcript }, fleet, channel) {
  const first = await call("onUpdates", { channel });
  await transcript.event(first, 1);
  const witness = await call("onUpdates", { channel });
  await transcript.event(witness, 1);

  assert.equal(await fleet.publish(channel, updates[0]), 1, "one Valkey subscription for both");
  await transcript.event(first, 2);
  await transcript.event(witness, 2);

  await call("onUpdates_unsubscribe", [first]);
  await fleet.publish(channel, updates[1]);
  await transcript.event(witness, 3);
  await call("userById", { id: "1" });

  await call("onUpdates_unsubscribe", { subscription: witness });
  await call("onUpdates_unsubscribe", { subscription: witness });
}

/** Checks the whole transcript: nothing more, nothing less, in this order. */
export function check(entries, instance) {
  const fits = compile(
    contract.methods.find(({ name }) => name === "onUpdates")["x-subscription"].event,
  );
  for (const { event } of entries.filter((entry) => "event" in entry)) {
    assert.ok(fits(event), `${JSON.stringify(event)}: ${ajv.errorsText(fits.errors)}`);
  }

  const [first, witness] = entries
    .filter(({ call }) => call === "onUpdates")
    .map(({ result }) => result);
  assert.notEqual(first, witness);
  const answer = (call, result) => ({ call, result });
  const started = (subscription) => ({
    subscription,
    event: { type: "started", resumed: false, instance },
  });
  const data = (subscription, data) => ({ subscription, event: { type: "data", instance, data } });
  const expected = [
    answer("onUpdates", first),
    started(first),
    answer("onUpdates", witness),
    started(witness),
    data(first, updates[0]),
    data(witness, updates[0]),
    answer("onUpdates_unsubscribe", true),
    data(witness, updates[1]),
    answer("userById", read("examples/user-by-id.response.json").result),
    answer("onUpdates_unsubscribe", true),
    answer("onUpdates_unsubscribe", false),
  ];

  // Which of a connection's subscriptions gets an event first is left open.
  const [one, other] = [4, 5].map((place) => entries[place]?.subscription);
  if (one === witness && other === first) expected.splice(4, 2, expected[5], expected[4]);
  assert.deepEqual(entries.map(withoutLastEventId), expected);
}

/** Where a channel's history stands is no matter here; the schema has checked the member's type. */
function withoutLastEventId({ event, ...entry }) {
  if (event === undefined) return entry;
  const { lastEventId, ...rest } = event;
  return { ...entry, event: rest };
}
