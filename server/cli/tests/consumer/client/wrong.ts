// Each line after `@ts-expect-error` is a mistake that TypeScript finds; tsc fails where it does not.
import { createClient, type ErrorOf } from "@tidings/client";
import { createHooks } from "@tidings/client/react";
import { type Change, contract, type Item, type Packing } from "./tidings.js";

const client = createClient({ contract, url: "ws://127.0.0.1:1/rpc" });
const { useSubscription } = createHooks<typeof contract>();
const id = "00000000-0000-0000-0000-00000000a417";

export async function mistakes(item: Item, change: Change): Promise<void> {
  // @ts-expect-error there is no such group
  client.stock.things;
  // @ts-expect-error there is no such procedure
  client.stock.items.drop;
  // @ts-expect-error a query is not a mutation
  await client.stock.items.get.mutate({ id });
  // @ts-expect-error a mutation cannot be followed
  client.stock.items.take.subscribe({ id, count: 1 }, {});
  // @ts-expect-error the input is missing
  await client.stock.items.get.query();
  // @ts-expect-error a member of the input is missing
  await client.stock.items.take.mutate({ id });
  // @ts-expect-error a number is not a string
  await client.stock.items.take.mutate({ id, count: "1" });
  // @ts-expect-error the input has no such member
  await client.stock.items.get.query({ id, name: "Anvil" });
  // @ts-expect-error a State feed cannot be resumed
  client.stock.items.onItem.subscribe({ id, lastEventId: "e:1" }, {});
  client.stock.onChange.subscribe({ lastEventId: "e:1" }, {});
  // @ts-expect-error an event id is a string
  client.stock.onChange.subscribe({ lastEventId: 7 }, {});
  // @ts-expect-error the event is an item
  client.stock.items.onItem.subscribe({ id }, { onData: (data: number) => data });
  // @ts-expect-error the note may be absent
  item.note.length;
  // @ts-expect-error a date goes over the wire as text
  item.restockedAt.getTime();
  // @ts-expect-error an optional member may be null, but not undefined (exactOptionalPropertyTypes)
  item = { ...item, note: undefined };
  // @ts-expect-error not every packing has a weight
  item.packing.weightGrams;
  // @ts-expect-error there is no such packing
  const packing: Packing = { type: "bag" };
  // @ts-expect-error a change may have no item
  change.added;
  // @ts-expect-error the hook knows the procedures
  useSubscription("stock.onNothing", {});
  // @ts-expect-error a query is no subscription
  useSubscription("stock.items.get", { id });
  void packing;
}

export function reasons(
  get: ErrorOf<typeof contract, "stock.items.get">,
  take: ErrorOf<typeof contract, "stock.items.take">,
): void {
  // @ts-expect-error this procedure does not declare it
  get.name === "soldOut";
  // @ts-expect-error only this error has details
  take.details.left;
  // @ts-expect-error there is no such error
  take.name === "soldout";
}
