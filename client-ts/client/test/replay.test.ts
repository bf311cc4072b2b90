import { beforeEach, describe, expect, test, vi } from "vitest";
import { Replay } from "../src/replay.js";

/** A replay that logs what it tells, and whose pings the test answers. */
function setUp() {
  const log: string[] = [];
  const pings: (() => void)[] = [];
  const replay = new Replay({
    onReplaying: () => void log.push("replaying"),
    onCaughtUp: () => void log.push("caught up"),
  });
  const resumed = () => replay.resumed((onAnswer) => void pings.push(onAnswer));
  const see = (publishedAt?: number) =>
    replay.see(publishedAt === undefined ? {} : { publishedAt });
  return { log, pings, replay, resumed, see };
}

/** The publishers' clock is a day ahead of this device's. */
const AHEAD = 86_400_000;
const publisherNow = () => Date.now() + AHEAD;

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000_000 });
  return () => vi.useRealTimers();
});

describe("after a resume", () => {
  test("without missed events nothing is told and nothing asked", () => {
    const { log, pings, resumed, see } = setUp();
    see(publisherNow());
    vi.advanceTimersByTime(10_000);
    resumed();
    vi.advanceTimersByTime(5);
    see(publisherNow());
    see(publisherNow());
    expect([log, pings]).toEqual([[], []]);
  });

  test("missed events are told from new ones, whatever the device's clock says", () => {
    const { log, resumed, see } = setUp();
    see(publisherNow());
    vi.advanceTimersByTime(10_000);
    resumed();
    see(publisherNow() - 4_000);
    see(publisherNow() - 3_000);
    expect(log).toEqual(["replaying"]);
    vi.advanceTimersByTime(5);
    see(publisherNow());
    expect(log).toEqual(["replaying", "caught up"]);
  });

  test("a quiet channel has caught up when a ping is answered with no missed event before it", () => {
    const { log, pings, resumed, see } = setUp();
    see(publisherNow());
    vi.advanceTimersByTime(10_000);
    resumed();
    see(publisherNow() - 4_000);
    see(publisherNow() - 3_000);
    expect(pings).toHaveLength(1);
    pings[0]?.();
    expect(log).toEqual(["replaying"]);
    expect(pings).toHaveLength(2);
    pings[1]?.();
    expect(log).toEqual(["replaying", "caught up"]);
    expect(pings).toHaveLength(2);
  });

  test("an event without an id says nothing of what was missed", () => {
    const { log, resumed, see } = setUp();
    resumed();
    see();
    see(publisherNow() - AHEAD - 1);
    see();
    expect(log).toEqual(["replaying"]);
  });
});

test("a replay that was interrupted goes on after the next resume, or is found to be over", () => {
  const { log, pings, resumed, see } = setUp();
  resumed();
  see(Date.now() - 1);
  resumed();
  expect(pings).toHaveLength(2);
  // Of the connection that was lost.
  pings[0]?.();
  expect(log).toEqual(["replaying"]);
  pings[1]?.();
  expect(log).toEqual(["replaying", "caught up"]);
});

test("an abandoned replay tells nothing more", () => {
  const { log, pings, replay, resumed, see } = setUp();
  resumed();
  see(Date.now() - 1);
  replay.abandon();
  expect(replay.running).toBe(false);
  pings[0]?.();
  see(Date.now() - 1);
  expect(log).toEqual(["replaying"]);
});
