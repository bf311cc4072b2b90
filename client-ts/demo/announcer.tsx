import type { SubscriptionResult } from "@tidings/client";
import { useConnectionState } from "@tidings/client/react";
import { useState } from "react";
import { describeConnection } from "./masthead.js";

/** Updates come every few seconds; to hear of each would be to hear nothing else. Milliseconds. */
const QUIET_MS = 60_000;

/**
 * Tells screen readers, when they have nothing else to say, that the page went live or ceased to be, and
 * about once a minute that the lists have changed.
 */
export function Announcer({ live }: { live: SubscriptionResult<unknown> }) {
  const { mood } = describeConnection(useConnectionState(), live);
  const [said, setSaid] = useState({ mood: "waiting" as typeof mood, at: 0, text: "" });
  if (mood !== said.mood) {
    const text = {
      good: "Live updates are on.",
      waiting: "Live updates are interrupted.",
      bad: "Live updates have stopped.",
    };
    setSaid({ ...said, mood, text: text[mood] });
  } else if (live.receivedAt !== undefined && live.receivedAt - said.at >= QUIET_MS) {
    setSaid({ mood, at: live.receivedAt, text: "The lists have changed." });
  }
  return (
    <p role="status" className="visually-hidden">
      {said.text}
    </p>
  );
}
