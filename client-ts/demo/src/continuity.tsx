import type { UseQueryResult } from "@tanstack/react-query";
import type { SubscriptionResult } from "@tidings/client";
import type { UseSubscriptionOptions } from "@tidings/client/react";
import { useRef, useState } from "react";
import { clock } from "./masthead.js";
import type { User } from "./tidings.js";

/** The result of the last interruption in which events were published. */
export type Interruption =
  | { outcome: "replayed"; events: number; at: number }
  | { outcome: "gap"; at: number };

type Handlers = UseSubscriptionOptions<User[]>;

/** The last interruption in which events were missed, and `handlers` extended to record it. */
export function useInterruption(handlers: Handlers): [Interruption | undefined, Handlers] {
  const [last, setLast] = useState<Interruption>();
  const missed = useRef(0);
  const noting: Handlers = {
    ...handlers,
    onReplaying() {
      missed.current = 0;
    },
    onData(users, event) {
      missed.current += 1;
      handlers.onData?.(users, event);
    },
    onCaughtUp() {
      setLast({ outcome: "replayed", events: missed.current, at: Date.now() });
    },
    onGap(gap) {
      setLast({ outcome: "gap", at: Date.now() });
      return handlers.onGap?.(gap);
    },
  };
  return [last, noting];
}

interface ContinuityProps {
  live: SubscriptionResult<unknown>;
  users: UseQueryResult<unknown>;
  last: Interruption | undefined;
}

/** Shows whether the list is complete, and explains it. */
export function Continuity({ live, users, last }: ContinuityProps) {
  const { word, meaning } = describe(live, users);
  return (
    <p className={`continuity ${word}`} data-testid="continuity">
      <strong>{word}</strong>
      <span>
        {meaning}
        {word === "live" && last && (
          <>
            {" "}
            <span className="interruption">
              {tell(last)}{" "}
              <time dateTime={new Date(last.at).toISOString()}>{clock.format(last.at)}</time>.
            </span>
          </>
        )}
      </span>
    </p>
  );
}

function describe(
  { status, continuity, broker, receivedAt }: SubscriptionResult<unknown>,
  users: UseQueryResult<unknown>,
): { word: string; meaning: string } {
  if (continuity === "gap") {
    const remedy = users.isError
      ? "The list could not be fetched anew yet."
      : "The list is being fetched anew.";
    return { word: "gap", meaning: `Updates may have been missed. ${remedy}` };
  }
  if (continuity === "replaying") {
    return {
      word: "replaying",
      meaning: "Updates from the time of the interruption are coming in.",
    };
  }
  if (status === "pending" && broker === "up") {
    const whole = users.data !== undefined;
    return {
      word: "live",
      meaning: whole ? "No update is missing." : "The next update will show.",
    };
  }
  if (status === "error") return { word: "stopped", meaning: "Nothing more follows." };
  if (receivedAt === undefined) return { word: "waiting", meaning: "Updates are about to begin." };
  return { word: "waiting", meaning: "What is published meanwhile will follow." };
}

function tell(last: Interruption): string {
  if (last.outcome === "gap") return "The list was fetched anew after a gap at";
  return last.events === 1
    ? "The one published during an interruption came in at"
    : `The ${last.events} published during an interruption came in at`;
}
