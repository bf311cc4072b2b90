import { Bio } from "./bio.js";
import type { Bios } from "./bios.js";
import type { Change } from "./changes.js";
import type { User } from "./tidings.js";

interface UserCardProps {
  user: User;
  change: Change | undefined;
  /** Distinguishes this highlight from the next. */
  mark: number;
  bios: Bios;
}

/** One user, highlighted if the newest list added or changed them. */
export function UserCard({ user, change, mark, bios }: UserCardProps) {
  return (
    <li className="card" data-testid="user-card" data-change={change}>
      {/* The key makes the mark a new one, so that its fading restarts with each list. */}
      {change && <span key={mark} className="glow" aria-hidden="true" />}
      <div className="card-head">
        <p className="label">User profile</p>
        {change && (
          <p key={mark} className="mark">
            {change === "new" ? "New" : "Changed"}
          </p>
        )}
        <p className="id">
          <span className="visually-hidden">Id </span>
          <span aria-hidden="true">#</span>
          {user.id}
        </p>
      </div>
      <h3>{user.name}</h3>
      <Bio user={user} bios={bios} />
    </li>
  );
}
