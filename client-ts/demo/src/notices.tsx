import type { UseQueryResult } from "@tanstack/react-query";
import type { SubscriptionResult } from "@tidings/client";

/** The current problems, each with what the user can do. */
export function Notices({
  live,
  users,
}: {
  live: SubscriptionResult<unknown>;
  users: UseQueryResult<unknown>;
}) {
  return (
    <>
      {users.isError && (
        <div className="notice bad" role="alert">
          <p>
            <strong>The users could not be loaded.</strong> {users.error.message}
          </p>
          <button type="button" disabled={users.isFetching} onClick={() => void users.refetch()}>
            {users.isFetching ? "Trying…" : "Try again"}
          </button>
        </div>
      )}
      {live.status === "error" && (
        <div className="notice bad" role="alert">
          <p>
            <strong>Live updates have stopped.</strong> {live.error.message}
          </p>
          <button type="button" onClick={live.reset}>
            Start again
          </button>
        </div>
      )}
      {live.broker === "down" && (
        <div className="notice waiting">
          <p>
            <strong>Updates are paused.</strong> The replica cannot reach its broker. They go on by
            themselves when it is back.
          </p>
        </div>
      )}
    </>
  );
}
