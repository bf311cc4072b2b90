import type { SubscriptionResult } from "@tidings/client";
import { useState } from "react";
import { useConnectionState } from "./hooks.js";
import { describeConnection } from "./masthead.js";

/** The least time between announcements of updates, which come every few seconds: milliseconds. */
const QUIET_MS = 60_000;

/**
 * Announces to screen readers, politely, that the page is live or no longer live, that updates may have
 * been missed and, about once a minute, that the lists have changed.
 */
export function Announcer({ live }: { live: SubscriptionResult<unknown> }) {
  const { mood } = describeConnection(useConnectionState(), live);
  const news = mood === "good" && live.continuity === "gap" ? "gap" : mood;
  const [said, setSaid] = useState({ news: "waiting" as typeof news, at: 0, text: "" });
  if (news !== said.news) {
    const text = {
      good: "Live updates are on.",
      gap: "Updates may have been missed. The lists are being fetched anew.",
      waiting: "Live updates are interrupted.",
      bad: "Live updates have stopped.",
    };
    setSaid({ ...said, news, text: text[news] });
  } else if (live.receivedAt !== undefined && live.receivedAt - said.at >= QUIET_MS) {
    setSaid({ news, at: live.receivedAt, text: "The lists have changed." });
  }
  return (
    <p role="status" className="visually-hidden">
      {said.text}
    </p>
  );
}
