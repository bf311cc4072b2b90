import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Fleet } from "./support/fleet.js";
import { clementine, ervin, leanne, patricia } from "./support/people.js";
import { openOnTwoReplicas, startBrowser, Window } from "./support/window.js";

let fleet: Fleet;
let browser: Browser;

beforeAll(async () => {
  fleet = await Fleet.start();
  browser = await startBrowser();
});

afterAll(async () => {
  await browser?.close();
  await fleet?.stop();
});

test("two windows on different replicas show the same update, each with its replica's name", async () => {
  const [first, second] = await openOnTwoReplicas(browser, fleet.url);
  await fleet.publish([leanne, ervin]);
  for (const window of [first, second]) {
    await window.shows([leanne.name, ervin.name]);
    expect(fleet.instances).toContain(await window.instance());
  }
  expect(await first.instance()).not.toBe(await second.instance());
  await fleet.publish([clementine]);
  for (const window of [first, second]) {
    await window.shows([clementine.name]);
    expect(window.problems).toEqual([]);
    await window.close();
  }
});

test("what changed is marked, what stayed is not, and a column can be empty", async () => {
  const window = await Window.open(browser, fleet.url, { reducedMotion: "reduce" });
  await window.connectionIs("Live");
  await fleet.publish([leanne, ervin]);
  await window.shows([leanne.name, ervin.name]);
  await fleet.publish([{ ...leanne, bio: "Something else" }, patricia, ervin]);
  await window.shows([leanne.name, patricia.name, ervin.name]);
  const marks = window.page.locator("[data-testid=user-card]");
  const changes = await marks.evaluateAll((cards) =>
    cards.map((card) => (card as HTMLElement).dataset["change"] ?? null),
  );
  expect(changes).toEqual(["changed", "new", null]);
  // With reduced motion the words stay.
  expect(await window.page.getByText("Changed", { exact: true }).isVisible()).toBe(true);
  await window.page.getByText("No names with C or K.").waitFor();
  expect(window.problems).toEqual([]);
  await window.close();
});

test("a screen reader is told that the page is live and that lists changed, and not of every change", async () => {
  const window = await Window.open(browser, fleet.url);
  const status = window.page.getByRole("status");
  await status.getByText("Live updates are on.").waitFor({ state: "attached" });
  await fleet.publish([leanne]);
  await status.getByText("The lists have changed").waitFor({ state: "attached" });
  const said = await status.textContent();
  await fleet.publish([leanne, ervin, patricia]);
  await window.shows([leanne.name, patricia.name, ervin.name]);
  expect(await status.textContent()).toBe(said);
  await window.close();
});

test("everything is within reach of the keyboard", async () => {
  const window = await Window.open(browser, fleet.url);
  await window.connectionIs("Live");
  await window.page.keyboard.press("Tab");
  expect(await window.page.evaluate(() => document.activeElement?.textContent)).toBe(
    "Skip to the lists",
  );
  await window.page.keyboard.press("Enter");
  expect(await window.page.evaluate(() => document.activeElement?.id)).toBe("lists");
  await window.close();
});
