/** What the page shows of interruptions: nothing is lost, or it says so. */
import type { Browser, BrowserContextOptions, WebSocketRoute } from "playwright-core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Fleet } from "./support/fleet.js";
import { clementine, ervin, leanne, patricia } from "./support/people.js";
import { shoot, views } from "./support/pictures.js";
import { openOnTwoReplicas, startBrowser, Window } from "./support/window.js";

/** Without what fades: it would be caught anywhere on its way. */
const still: BrowserContextOptions = { reducedMotion: "reduce" };

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

test("a killed replica costs a window nothing: what was published meanwhile follows, every one", async () => {
  // The window must not be back before everything is published.
  let refused = false;
  const [moving, staying] = await openOnTwoReplicas(browser, fleet.url, still, (page) =>
    page.routeWebSocket(/\/rpc$/, (route) => {
      if (refused) void route.close({ code: 1012, reason: "" });
      else route.connectToServer();
    }),
  );
  await fleet.publish([leanne]);
  for (const window of [moving, staying]) await window.shows([leanne.name]);
  const [continuity, names] = [await moving.watchContinuity(), await moving.watchNames()];
  const left = await moving.instance();

  refused = true;
  fleet.kill(left, "SIGKILL");
  await moving.connectionIs("Reconnecting…");
  await shoot(moving, "replica-killed", "during");
  for (const users of [[ervin], [clementine], [patricia]]) await fleet.publish(users);
  refused = false;
  await moving.shows([patricia.name]);
  await moving.continuityIs(/^live/);
  await moving.continuityIs(/published during an interruption came in at/);

  expect(await names()).toEqual([leanne, ervin, clementine, patricia].map(({ name }) => name));
  expect(await continuity()).not.toContain("gap");
  const others = fleet.instances.filter((instance) => instance !== left);
  expect(others).toContain(await moving.instance());
  await moving.showsReplicas(others);
  await shoot(moving, "replica-killed", "after");
  await shoot(staying, "replica-killed", "elsewhere");
  expect([...moving.problems, ...staying.problems]).toEqual([]);
});

test("a page that opens while updates are published shows the newest", async () => {
  const opening = Window.open(browser, fleet.url);
  for (const users of [[leanne], [leanne, ervin]]) await fleet.publish(users);
  const window = await opening;
  await window.connectionIs("Live");
  await fleet.publish([clementine]);
  await window.shows([clementine.name]);
  expect(window.problems).toEqual([]);
});

test("an offline device says so, and is back with what was published meanwhile", async () => {
  const window = await Window.open(browser, fleet.url);
  await window.connectionIs("Live");
  await fleet.publish([leanne]);
  await window.shows([leanne.name]);
  await window.page.context().setOffline(true);
  await window.connectionIs("Offline");
  await fleet.publish([ervin]);
  await window.page.context().setOffline(false);
  await window.connectionIs("Live");
  await window.shows([ervin.name]);
  expect(window.problems).toEqual([]);
});

test("a Valkey that comes back empty is a gap until the list has been fetched anew", async () => {
  const windows = await Promise.all(
    views.map(async ([view, options]) => {
      const snapshots = new Snapshots();
      const window = await Window.open(browser, fleet.url, options, (page) =>
        page.routeWebSocket(/\/rpc$/, (route) => snapshots.passThrough(route)),
      );
      return { view, window, snapshots };
    }),
  );
  for (const { window } of windows) await window.continuityIs("No update is missing.");
  await fleet.publish([leanne, ervin]);
  for (const { window } of windows) await window.shows([leanne.name, ervin.name]);
  const seen = await Promise.all(windows.map(({ window }) => window.watchContinuity()));
  for (const { snapshots } of windows) snapshots.hold();

  fleet.killValkey();
  for (const { view, window } of windows) {
    await window.connectionIs("Live updates paused");
    await shoot(window, "valkey-away", view);
  }
  await fleet.startEmptyValkey();
  for (const { view, window, snapshots } of windows) {
    await window.continuityIs("Updates may have been missed.");
    await snapshots.asked();
    await window.connectionIs("Live");
    await shoot(window, "gap", view);
    snapshots.release();
    await window.page.getByTestId("user-card").nth(9).waitFor();
    await window.continuityIs("The list was fetched anew after a gap at");
    expect(snapshots.count).toBe(1);
  }
  for (const [n, { view, window }] of windows.entries()) {
    expect((await seen[n]?.())?.filter((word) => word === "gap")).toHaveLength(1);
    // Replicas report again within seconds.
    await window.showsReplicas(fleet.instances);
    await shoot(window, "after-gap", view);
    expect(window.problems).toEqual([]);
  }
});

/** Stands between a window and the server, to hold calls of `allUsers` back. */
class Snapshots {
  /** How many were asked for since they are held back. */
  count = 0;
  #held: (() => void)[] | undefined;
  #onAsked = () => {};
  readonly #asked = new Promise<void>((resolve) => {
    this.#onAsked = resolve;
  });

  passThrough(route: WebSocketRoute): void {
    const server = route.connectToServer();
    route.onMessage((message) => {
      if (this.#held === undefined || !String(message).includes('"allUsers"')) {
        server.send(message);
        return;
      }
      this.count += 1;
      this.#held.push(() => server.send(message));
      this.#onAsked();
    });
  }

  hold(): void {
    this.#held = [];
  }

  /** Waits until one was asked for. The test's own timeout is the limit. */
  asked(): Promise<void> {
    return this.#asked;
  }

  release(): void {
    for (const send of this.#held ?? []) send();
    this.#held = undefined;
  }
}
