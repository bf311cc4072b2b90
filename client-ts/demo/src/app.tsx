import { useQuery, useQueryClient } from "@tanstack/react-query";
import { keepUpdated, type QueryOptions } from "@tidings/client/tanstack-query";
import { Announcer } from "./announcer.js";
import { type Bios, useBios } from "./bios.js";
import { useChanges } from "./changes.js";
import { Continuity, useInterruption } from "./continuity.js";
import { useSubscription } from "./hooks.js";
import { Masthead } from "./masthead.js";
import { Notices } from "./notices.js";
import { Replicas } from "./replicas.js";
import type { contract, User } from "./tidings.js";
import { UserList } from "./user-list.js";

const channel = "list-1";
const columns = ["lpg", "emn", "ck"];

/** The users of one list: fetched once, then updated by the list's channel. */
export function App({ queries }: { queries: QueryOptions<typeof contract> }) {
  const queryClient = useQueryClient();
  const users = useQuery(queries.allUsers.queryOptions());
  const [interruption, handlers] = useInterruption(
    keepUpdated(queryClient, queries.allUsers.queryKey()),
  );
  const live = useSubscription("onUpdates", { channel }, handlers);
  const changes = useChanges(users.data);
  const bios = useBios(queries);
  const shown = users.data && withEdited(users.data, bios);

  return (
    <>
      <a className="skip-link" href="#lists">
        Skip to the lists
      </a>
      <Masthead live={live} />
      <main>
        <div className="intro">
          <h1>User lists</h1>
          <p>
            Live from channel <code>{channel}</code>. Open a second window and edit a bio: both
            change together, whichever replica serves them.
          </p>
        </div>
        <Continuity live={live} users={users} last={interruption} />
        <Notices live={live} users={users} />
        <div className="lists" id="lists" tabIndex={-1} aria-busy={users.isPending}>
          {columns.map((initials) => (
            <UserList
              key={initials}
              initials={initials}
              users={shown}
              failed={users.isError && users.data === undefined}
              changes={changes}
              bios={bios}
            />
          ))}
        </div>
        <Replicas serving={live.instance} />
      </main>
      <Announcer live={live} />
    </>
  );
}

/** Adds users that are being edited and no longer in the list, so that their editors stay open. */
function withEdited(users: User[], { edits }: Bios): User[] {
  const ids = new Set(users.map(({ id }) => id));
  const missing = [...edits.values()].filter(({ user }) => !ids.has(user.id));
  return [...users, ...missing.map(({ user }) => user)];
}
