/** A contract with everything that a contract can have, in the form that codegen writes. */
import type * as tidings from "@tidings/client";

export interface Item {
  sku: string;
  count: number;
}

export interface Price {
  symbol: string;
  cents: number;
}

export type ContractProcedures = {
  /** Answers how the shop is. */
  status: {
    kind: "query";
    input: tidings.NoInput;
    output: "open" | "closed";
    error: never;
  };
  prices: {
    current: {
      kind: "query";
      input: { symbol: string };
      output: Price;
      error: "notFound";
    };
    /** Streams the price of one symbol. */
    onPrice: {
      kind: "subscription";
      input: { symbol: string };
      data: Price;
      error: "brokerUnavailable" | "tooManySubscriptions";
      resumable: false;
    };
  };
  orders: {
    place: {
      kind: "mutation";
      input: Item;
      output: { order: number };
      error: "notFound" | "soldOut" | "closed";
    };
    history: {
      onOrder: {
        kind: "subscription";
        input: tidings.NoInput;
        data: Item[];
        error: "brokerUnavailable" | "tooManySubscriptions" | "closed";
        resumable: true;
      };
    };
    clear: {
      kind: "mutation";
      input: tidings.NoInput;
      output: null;
      error: never;
    };
  };
};

export type ContractErrors = {
  soldOut: { left: number };
  closed: undefined;
};

export const contract: tidings.Contract<ContractProcedures, ContractErrors> = {
  procedures: {
    status: { kind: "query" },
    "prices.current": { kind: "query" },
    "prices.onPrice": {
      kind: "subscription",
      unsubscribe: "prices.onPrice_unsubscribe",
      feed: "state",
      resumable: false,
    },
    "orders.place": { kind: "mutation" },
    "orders.history.onOrder": {
      kind: "subscription",
      unsubscribe: "orders.history.onOrder_unsubscribe",
      feed: "log",
      resumable: true,
    },
    "orders.clear": { kind: "mutation" },
  },
  errors: {
    soldOut: { code: 1002, retryable: true },
    closed: { code: 1003, retryable: false },
  },
};
