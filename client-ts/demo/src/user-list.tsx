import type { Bios } from "./bios.js";
import type { Changes } from "./changes.js";
import type { User } from "./tidings.js";
import { UserCard } from "./user-card.js";

interface UserListProps {
  /** The first letters of this column's names. */
  initials: string;
  /** All users; undefined while they are being loaded. */
  users: User[] | undefined;
  failed: boolean;
  changes: Changes;
  bios: Bios;
}

/** One column: the users whose name begins with one of a few letters. */
export function UserList({ initials, users, failed, changes, bios }: UserListProps) {
  const letters = [...initials.toUpperCase()];
  const names = new Intl.ListFormat("en-GB", { type: "disjunction" }).format(letters);
  const mine = users
    ?.filter(({ name }) => initials.includes(name.charAt(0).toLowerCase()))
    .sort((a, b) => a.name.localeCompare(b.name));
  return (
    <section className="list" aria-labelledby={`list-${initials}`}>
      <div className="list-head">
        <h2 id={`list-${initials}`}>
          <span className="visually-hidden">Names that begin with {names}</span>
          <span className="letters" aria-hidden="true">
            {letters.map((letter) => (
              <span key={letter}>{letter}</span>
            ))}
          </span>
        </h2>
        {mine && <p className="count">{mine.length === 1 ? "1 user" : `${mine.length} users`}</p>}
      </div>
      <Cards mine={mine} names={names} failed={failed} changes={changes} bios={bios} />
    </section>
  );
}

interface CardsProps extends Pick<UserListProps, "failed" | "changes" | "bios"> {
  mine: User[] | undefined;
  names: string;
}

function Cards({ mine, names, failed, changes, bios }: CardsProps) {
  if (failed) return <p className="empty">Not available.</p>;
  if (mine === undefined) {
    return (
      <div className="cards">
        <p className="visually-hidden">Loading…</p>
        <div className="card skeleton" aria-hidden="true" />
        <div className="card skeleton" aria-hidden="true" />
      </div>
    );
  }
  if (mine.length === 0) return <p className="empty">No names with {names}.</p>;
  return (
    <ul className="cards">
      {mine.map((user) => (
        <UserCard
          key={user.id}
          user={user}
          // A card that is being edited shows the draft, so it has no highlight.
          change={bios.edits.has(user.id) ? undefined : changes.byId.get(user.id)}
          mark={changes.count}
          bios={bios}
        />
      ))}
    </ul>
  );
}
