import { useState } from "react";
import type { User } from "./tidings.js";

/** How the newest list changed a user's card. */
export type Change = "new" | "changed";

/** Which cards the newest list changed. */
export interface Changes {
  byId: ReadonlyMap<string, Change>;
  /** The number of lists with a change: a new number shows the highlight again. */
  count: number;
}

const none: ReadonlyMap<string, Change> = new Map();

/** Compares each list with the previous one. The first list has no changes. */
export function useChanges(users: User[] | undefined): Changes {
  const [seen, setSeen] = useState({ users, changes: { byId: none, count: 0 } });
  if (users === seen.users) return seen.changes;
  const changes = { byId: compare(seen.users, users), count: seen.changes.count + 1 };
  // State derived from a prop: React discards this render and renders again at once.
  setSeen({ users, changes });
  return changes;
}

/** The users of `now` that are new or differ from `before`. */
export function compare(before: User[] | undefined, now: User[] | undefined): Changes["byId"] {
  if (before === undefined || now === undefined) return none;
  const known = new Map(before.map((user) => [user.id, user]));
  const changes = now.flatMap((user): [string, Change][] => {
    const old = known.get(user.id);
    if (old === undefined) return [[user.id, "new"]];
    return old.name === user.name && old.bio === user.bio ? [] : [[user.id, "changed"]];
  });
  return new Map(changes);
}
