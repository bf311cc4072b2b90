import type { Browser } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Fleet } from "./support/fleet.js";
import { ervin, leanne } from "./support/people.js";
import { openOnTwoReplicas, startBrowser } from "./support/window.js";

let fleet: Fleet;
let browser: Browser;

beforeEach(async () => {
  fleet = await Fleet.start();
  browser = await startBrowser();
});

afterEach(async () => {
  await browser?.close();
  await fleet?.stop();
});

test.each(["SIGKILL", "SIGTERM"] as const)(
  "a replica that leaves by %s takes no window along: it moves to another without a reload or a gap",
  async (signal) => {
    const [moving, staying] = await openOnTwoReplicas(browser, fleet.url);
    await fleet.publish([leanne]);
    await moving.shows([leanne.name]);
    // A reload would wipe this.
    await moving.page.evaluate(() => Object.assign(globalThis, { loadedOnce: true }));
    const [left, kept] = [await moving.instance(), await staying.instance()];

    const [continuity, names] = [await moving.watchContinuity(), await moving.watchNames()];
    const lists = Array.from({ length: 12 }, (_, n) => ({ ...leanne, name: `Leanne ${n}` }));
    const publishing = (async () => {
      for (const user of lists) await fleet.publish([user]);
    })();
    fleet.kill(left, signal);
    await publishing;
    const others = fleet.instances.filter((instance) => instance !== left);
    await moving.servedBy(new RegExp(others.join("|")));
    await moving.connectionIs("Live");

    await moving.shows(["Leanne 11"]);
    await moving.continuityIs(/^live/);
    // Published before, during and after the move: every list was shown, once and in order.
    expect(await names()).toEqual([leanne, ...lists].map(({ name }) => name));
    expect(await continuity()).not.toContain("gap");

    await fleet.publish([ervin]);
    for (const window of [moving, staying]) await window.shows([ervin.name]);
    expect(others).toContain(await moving.instance());
    expect(await staying.instance()).toBe(kept);
    expect(await moving.page.evaluate(() => "loadedOnce" in globalThis)).toBe(true);
    expect([...moving.problems, ...staying.problems]).toEqual([]);
  },
);
