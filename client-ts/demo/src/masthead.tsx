import type { ConnectionState, SubscriptionResult } from "@tidings/client";
import { useConnectionState } from "./hooks.js";

/** The label and the colour of each connection state. */
export function describeConnection(
  connection: ConnectionState,
  live: SubscriptionResult<unknown>,
): { label: string; mood: "good" | "waiting" | "bad" } {
  switch (connection.status) {
    case "idle":
      return { label: "Not connected", mood: "waiting" };
    case "connecting":
      return { label: connection.attempt === 1 ? "Connecting…" : "Reconnecting…", mood: "waiting" };
    case "waiting":
      return { label: "Reconnecting…", mood: "waiting" };
    case "offline":
      return { label: "Offline", mood: "waiting" };
    case "closed":
      return { label: "Closed", mood: "bad" };
    case "open":
      if (live.status === "error") return { label: "No live updates", mood: "bad" };
      if (live.status !== "pending") return { label: "Subscribing…", mood: "waiting" };
      if (live.broker === "down") return { label: "Live updates paused", mood: "waiting" };
      return { label: "Live", mood: "good" };
  }
}

/** The header: the name, the connection, the replica and the last update. */
export function Masthead({ live }: { live: SubscriptionResult<unknown> }) {
  const connection = useConnectionState();
  const { label, mood } = describeConnection(connection, live);
  const attempt = "attempt" in connection ? connection.attempt : 1;
  return (
    <header className="masthead">
      <div className="masthead-inner">
        <div className="brand">
          <svg viewBox="0 0 32 32" aria-hidden="true">
            <circle cx="8" cy="24" r="3.5" fill="currentColor" />
            <path
              d="M8 14a10 10 0 0 1 10 10M8 6a18 18 0 0 1 18 18"
              fill="none"
              stroke="currentColor"
              strokeWidth="3.25"
              strokeLinecap="round"
            />
          </svg>
          <span>Tidings</span>
        </div>
        <dl className="facts" aria-label="Live updates">
          <div>
            <dt>Connection</dt>
            <dd data-testid="connection" className={`connection ${mood}`}>
              {label}
              {attempt > 1 && <span className="attempt"> attempt {attempt}</span>}
            </dd>
          </div>
          <div>
            <dt>Served by</dt>
            <dd data-testid="instance" className="instance">
              {live.instance ?? "–"}
            </dd>
          </div>
          <div>
            <dt>Last update</dt>
            <dd data-testid="last-update">
              <LastUpdate at={live.receivedAt} />
            </dd>
          </div>
        </dl>
      </div>
    </header>
  );
}

/** A time of today, to the second. */
export const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

function LastUpdate({ at }: { at: number | undefined }) {
  if (at === undefined) return "None yet";
  // A new key restarts the highlight at each update.
  return (
    <time key={at} className="just-now" dateTime={new Date(at).toISOString()}>
      {clock.format(at)}
    </time>
  );
}
