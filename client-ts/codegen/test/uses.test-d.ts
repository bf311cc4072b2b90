/** Uses of a generated contract, and wrong uses that must fail `npm run types`; nothing here runs. */
import { createClient, type ErrorOf } from "@tidings/client";
import { expectTypeOf } from "vitest";
import type { tidingsErrors } from "../src/names.js";
import { contract as empty } from "./fixtures/empty.js";
import type {
  External,
  Internal,
  Item,
  Lists,
  Maps,
  Size,
  Tree,
  Untagged,
} from "./fixtures/shop.js";
import { contract } from "./fixtures/shop.js";
import { validators } from "./fixtures/shop.validators.js";

const client = createClient({ contract, validators, url: "ws://server/rpc" });

// Tidings' own errors are the same list here and in the client.
declare const any: ErrorOf<typeof empty, never>;
expectTypeOf(any.name).toExtend<string>();
expectTypeOf<(typeof tidingsErrors)[number]>().toEqualTypeOf<
  import("@tidings/client").TidingsErrorName
>();

// Kinds and names.
expectTypeOf(client.all.getItem.query()).resolves.toEqualTypeOf<Item>();
expectTypeOf(client.orders.place.mutate({ sku: "x" })).resolves.toBeNull();
// @ts-expect-error the empty contract has no procedure
createClient({ contract: empty }).status;
// @ts-expect-error a mutation is no query
client.orders.place.query({ sku: "x" });
// @ts-expect-error there is no such procedure
client.orders.history.onOrders;

// Inputs.
client.orders.history.onOrder.subscribe({ shop: "a", lastEventId: "e:1" }, {});
client.orders.place.mutate({ sku: "x", email: null });
// @ts-expect-error the sku is missing
client.orders.place.mutate({ email: null });
// @ts-expect-error optional is not undefined, under exactOptionalPropertyTypes
client.orders.place.mutate({ sku: "x", email: undefined });
// @ts-expect-error no such colour
client.orders.place.mutate({ sku: "x", colour: "blue" });
// @ts-expect-error no such member
client.orders.place.mutate({ sku: "x", price: 1 });
// @ts-expect-error a state feed has no cursor
client.onPrice.subscribe({ lastEventId: "e:1" }, {});

// Types.
expectTypeOf<Size>().toEqualTypeOf<"small" | "large">();
expectTypeOf<Item["email"]>().toEqualTypeOf<string | null | undefined>();
expectTypeOf<Untagged>().toEqualTypeOf<string | number | Item | null>();
expectTypeOf<Tree["children"]>().toEqualTypeOf<Tree[]>();
expectTypeOf<Maps["items"]>().toEqualTypeOf<{ [member: string]: Item }>();
expectTypeOf<Maps["json"]>().toBeUnknown();
expectTypeOf<Lists["tuple"]>().toEqualTypeOf<[string, Item]>();
declare const internal: Internal;
if (internal.kind === "moved") expectTypeOf(internal.to).toBeString();
if (internal.kind === "sold") expectTypeOf(internal.sku).toBeString();
// @ts-expect-error only one kind has it
internal.to;
// @ts-expect-error there is no such kind
if (internal.kind === "lost") internal;
declare const external: External;
if (typeof external === "object" && "pair" in external) {
  expectTypeOf(external.pair).toEqualTypeOf<[string, number]>();
}
// @ts-expect-error a tuple has two elements
const tooShort: Lists["tuple"] = ["a"];
// @ts-expect-error a map's values have its type
const wrongMap: Maps["counts"] = { a: "1" };

export { tooShort, wrongMap };

// Errors.
declare const error: ErrorOf<typeof contract, "orders.place">;
if (error.name === "bioTooLong") expectTypeOf(error.details.max).toBeNumber();
if (error.name === "soldOut") expectTypeOf(error.details).toBeUndefined();
// @ts-expect-error it has no such detail
if (error.name === "bioTooLong") error.details.min;
// @ts-expect-error there is no such error
if (error.name === "tooLong") error;
declare const statusError: ErrorOf<typeof contract, "status">;
// @ts-expect-error the procedure does not declare it
if (statusError.name === "soldOut") statusError;
