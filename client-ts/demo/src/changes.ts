import { useState } from "react";
import type { User } from "./tidings.js";

/** What the newest list did to a user's card. */
export type Change = "new" | "changed";

/** Which cards the newest list changed. */
export interface Changes {
  byId: ReadonlyMap<string, Change>;
  /** Counts lists that differ, so that a mark can be shown anew. */
  count: number;
}

const none: ReadonlyMap<string, Change> = new Map();

/** Compares each list with the one before it. The first one changes nothing. */
export function useChanges(users: User[] | undefined): Changes {
  const [seen, setSeen] = useState({ users, changes: { byId: none, count: 0 } });
  if (users === seen.users) return seen.changes;
  const changes = { byId: compare(seen.users, users), count: seen.changes.count + 1 };
  // Derived from what was rendered before: React renders again at once, without showing this one.
  setSeen({ users, changes });
  return changes;
}

/** Which users of `now` were not in `before`, or not in this form. */
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
