/** Documents made by hand: as little of one as a test needs. */

type Json = Record<string, unknown>;

/** A document of these parts. */
export function document(parts: {
  methods?: Json[];
  schemas?: Json;
  errors?: Json[];
  title?: string;
}): Json {
  return {
    openrpc: "1.3.2",
    info: { title: parts.title ?? "Shop", version: "1.0.0" },
    methods: parts.methods ?? [],
    components: { schemas: { NoInput: { type: "object" }, ...parts.schemas } },
    "x-errors": parts.errors ?? [],
  };
}

/** A query that answers this, and by default takes nothing. */
export function query(name: string, output: unknown, more: Json = {}): Json {
  return {
    name,
    result: { name: "result", schema: output },
    errors: [],
    "x-kind": "query",
    "x-input": ref("NoInput"),
    ...more,
  };
}

/** A subscription whose events carry this. */
export function subscription(name: string, data: unknown, feed: string, more: Json = {}): Json {
  return {
    name,
    result: { name: "subscription", schema: ref("SubscriptionId") },
    errors: [],
    "x-kind": "subscription",
    "x-input": ref("NoInput"),
    "x-subscription": {
      notification: name,
      unsubscribe: `${name}_unsubscribe`,
      event: ref("SomeEvent"),
      data,
      feed,
      resumable: feed === "log",
    },
    ...more,
  };
}

export function ref(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}
