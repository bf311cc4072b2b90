// Written by @tidings/codegen from the contract of Tidings demo. Do not edit: change the Rust types.

import type * as tidings from "@tidings/client";

/** The name of a channel, such as `list-1`. */
export type Channel = string;

/** What one replica says of itself. */
export interface Instance {
  /** Its name, as in every event that it sends. */
  name: string;
  /** The version of the server. */
  version: string;
  /** How long it has been running: milliseconds. */
  uptimeMs: number;
  /** Its open connections. */
  connections: number;
  /** Its live subscriptions. */
  subscriptions: number;
  /** Events that came from the broker, per second, since it last said so. */
  eventsPerSecond: number;
  /** Events handed to a subscription, per second, since it last said so. */
  deliveriesPerSecond: number;
}

/** Which list, and from where on. */
export interface OnUpdatesInput {
  /** The list's channel, such as `list-1`. */
  channel: Channel;
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

/** A user's new bio. */
export interface SetBioInput {
  /** The user's id. */
  id: string;
  /** What the user says of themselves: at most 140 characters. */
  bio: string;
}

/** How much too long a bio is. */
export interface BioTooLong {
  /** The most characters that a bio may have. */
  max: number;
  /** How many characters it has. */
  length: number;
}

/** The types of every procedure, by its dotted name. */
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
  /** Changes a user's bio, and publishes the changed list. */
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
  /**
   * Streams the replicas of the fleet: each event is the list of all that live, by name. A replica that has
   * died is in it for at most another seven seconds.
   */
  onInstances: {
    kind: "subscription";
    input: tidings.NoInput;
    data: Instance[];
    error: "brokerUnavailable" | "tooManySubscriptions";
    resumable: false;
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
    onInstances: {
      kind: "subscription",
      unsubscribe: "onInstances_unsubscribe",
      feed: "members",
      resumable: false,
    },
  },
  errors: {
    bioTooLong: { code: 1001, retryable: false },
  },
};
