// Written by @tidings/codegen from the contract of Tidings demo. Do not edit: change the Rust types.

import type * as tidings from "@tidings/client";

/** A bio that was changed. */
export interface Bio {
  /** The user's id. */
  id: string;
  /** What the user says of themselves; empty when they say nothing. */
  bio: string;
}

/** How long a bio may be, and how long this one was: characters. */
export interface BioTooLong {
  /** The longest bio. */
  max: number;
  /** This bio. */
  length: number;
}

/** The name of a channel, such as `room.42`. */
export type Channel = string;

/** The id of an event: opaque, to be handed back as it came. */
export type EventId = string;

/** What one replica reports of itself. */
export interface Instance {
  /** Its name, as in every event that it sends. */
  name: string;
  /** The version of the service. */
  version: string;
  /**
   * How long it has been running: milliseconds.
   *
   * JSON numbers beyond 2^53 lose digits in JavaScript.
   */
  uptimeMs: number;
  /**
   * Its open connections.
   *
   * JSON numbers beyond 2^53 lose digits in JavaScript.
   */
  connections: number;
  /**
   * Its live subscriptions.
   *
   * JSON numbers beyond 2^53 lose digits in JavaScript.
   */
  subscriptions: number;
  /** Events that came from the broker, per second, since the last report. */
  eventsPerSecond: number;
  /** Events handed to a subscription, per second, since the last report. */
  deliveriesPerSecond: number;
}

/** Which list. */
export interface OnUpdatesInput {
  /** The list's channel, such as `list-1`. */
  channel: Channel;
}

/** Which user, and their new bio. */
export interface SetBioInput {
  /** The user's id. */
  id: string;
  /** The new bio: at most 140 characters. An empty one removes the bio. */
  bio: string;
}

export type TidingsPublishEvent =
  /** An event of onUpdates. */
  | {
    procedure: "onUpdates";
    /** The name of a channel, such as `room.42`. */
    channel: string;
    data: User[];
    /** Publishing with the same key again publishes nothing, and answers the same id. A key belongs to a channel. */
    idempotencyKey?: string;
  }
  /** An event of onBio. */
  | {
    procedure: "onBio";
    /** The name of a channel, such as `room.42`. */
    channel: string;
    data: Bio;
    /** Publishing with the same key again publishes nothing, and answers the same id. A key belongs to a channel. */
    idempotencyKey?: string;
  };

/** Events to publish: all of them, or none where one of them is refused. */
export interface TidingsPublishInput {
  /** The events, in the order in which they are published. */
  events: TidingsPublishEvent[];
}

/** What was published. */
export interface TidingsPublishOutput {
  /** The id of each event, in order. */
  ids: EventId[];
}

/** A user. */
export interface User {
  /** Unique among all users. */
  id: string;
  /** The full name, for people. */
  name: string;
  /** What the user says of themselves. Absent when they say nothing. */
  bio?: string;
}

/** Which user. */
export interface UserByIdInput {
  /** The user's id. */
  id: string;
}

/** The types of every procedure. Names with dots nest. */
export type ContractProcedures = {
  /** Answers all users. */
  allUsers: {
    kind: "query";
    input: tidings.NoInput;
    output: User[];
    error: never;
  };
  /** Answers one user by id, or `notFound`. */
  userById: {
    kind: "query";
    input: UserByIdInput;
    output: User;
    error: "notFound";
  };
  /**
   * Changes what a user says of themselves, and answers the changed user. Every subscriber of `list-1` receives the new
   * list.
   */
  setBio: {
    kind: "mutation";
    input: SetBioInput;
    output: User;
    error: "notFound" | "bioTooLong";
  };
  /** Streams every change of one user list. Each event is the full list that replaces the one before. */
  onUpdates: {
    kind: "subscription";
    input: OnUpdatesInput;
    data: User[];
    error: "brokerUnavailable" | "tooManySubscriptions";
    resumable: true;
  };
  /** Streams the bio of one user: the newest at once, if it was ever changed. This is also where the service keeps it. */
  onBio: {
    kind: "subscription";
    input: UserByIdInput;
    data: Bio;
    error: "brokerUnavailable" | "tooManySubscriptions";
    resumable: false;
  };
  /**
   * Streams the replicas of the fleet: each event is the list of all live replicas, by name. A replica that has died is
   * listed for at most ten more seconds, or seven while another replica reports.
   */
  onInstances: {
    kind: "subscription";
    input: tidings.NoInput;
    data: Instance[];
    error: "brokerUnavailable" | "tooManySubscriptions";
    resumable: false;
  };
  tidings: {
    /** Publishes events, in order: all of them, or none where one of them is refused. Answers their ids. */
    publish: {
      kind: "mutation";
      input: TidingsPublishInput;
      output: TidingsPublishOutput;
      error: "methodNotFound" | "notFound" | "forbidden" | "requestTooLarge" | "batchTooLarge" | "idempotencyKeyReused" | "brokerUnavailable";
    };
  };
};

/** The errors that the service declares, with the types of their details. */
export type ContractErrors = {
  /** The bio is longer than it may be. */
  bioTooLong: BioTooLong;
};

/** The service's contract: `createClient({ contract })`. */
export const contract: tidings.Contract<ContractProcedures, ContractErrors> = {
  procedures: {
    allUsers: { kind: "query" },
    userById: { kind: "query" },
    setBio: { kind: "mutation" },
    onUpdates: {
      kind: "subscription",
      unsubscribe: "onUpdates_unsubscribe",
      feed: "log",
      resumable: true,
    },
    onBio: {
      kind: "subscription",
      unsubscribe: "onBio_unsubscribe",
      feed: "state",
      resumable: false,
    },
    onInstances: {
      kind: "subscription",
      unsubscribe: "onInstances_unsubscribe",
      feed: "members",
      resumable: false,
    },
    "tidings.publish": { kind: "mutation" },
  },
  errors: {
    bioTooLong: { code: 1001, retryable: false },
  },
};
