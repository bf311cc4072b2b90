/** How the page looks and reads in each of its states; the pictures go to `screenshots/`. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import type { Browser, BrowserContextOptions, Page, WebSocketRoute } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fleet } from "./support/fleet.js";
import { clementine, ervin, leanne, patricia } from "./support/people.js";
import { startBrowser, Window } from "./support/window.js";

const views: [string, BrowserContextOptions][] = [1280, 390].flatMap((width) =>
  (["light", "dark"] as const).map((colorScheme): [string, BrowserContextOptions] => [
    `${width}-${colorScheme}`,
    // What fades would be caught anywhere on its way; without motion it stays as it is.
    { viewport: { width, height: 860 }, colorScheme, reducedMotion: "reduce" },
  ]),
);

const require = createRequire(import.meta.url);
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

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

describe.each(views)("at %s", (view, options) => {
  const shoot = async (window: Window, state: string) => {
    const path = resolve(import.meta.dirname, "screenshots", `${state}-${view}.png`);
    await window.page.screenshot({ path, fullPage: true });
    expect(await accessibilityFaults(window.page)).toEqual([]);
    expect(await overflow(window.page)).toBe(0);
    expect(window.problems).toEqual([]);
  };

  test("live, with marks on what changed", async () => {
    const window = await Window.open(browser, fleet.url, options);
    await window.connectionIs("Live");
    await fleet.publish([leanne, ervin]);
    await window.shows([leanne.name, ervin.name]);
    const changed = {
      ...ervin,
      bio: "Proactive didactic contingency, and a sentence that runs on",
    };
    await fleet.publish([leanne, changed, clementine, patricia]);
    await window.shows([leanne.name, patricia.name, ervin.name, clementine.name]);
    await shoot(window, "live");
    await window.close();
  });

  test("empty", async () => {
    const window = await Window.open(browser, fleet.url, options);
    await window.connectionIs("Live");
    await fleet.publish([]);
    await window.shows([]);
    await shoot(window, "empty");
    await window.close();
  });

  test("loading, while the server says nothing", async () => {
    const window = await Window.open(browser, fleet.url, options, (page) =>
      // It opens and stays silent.
      page.routeWebSocket(/\/rpc$/, () => {}),
    );
    await window.connectionIs("Subscribing…");
    await window.page.getByText("Loading…").first().waitFor({ state: "attached" });
    await shoot(window, "loading");
    await window.close();
  });

  test("reconnecting, while the server cannot be reached", async () => {
    const window = await Window.open(browser, fleet.url, options, (page) =>
      page.routeWebSocket(/\/rpc$/, (route) => route.close({ code: 1012, reason: "" })),
    );
    await window.connectionIs("Reconnecting…");
    await shoot(window, "reconnecting");
    await window.close();
  });

  test("failed, and loaded after all by the button", async () => {
    let broken = true;
    const window = await Window.open(browser, fleet.url, options, (page) =>
      page.routeWebSocket(/\/rpc$/, (route) => {
        const server = route.connectToServer();
        route.onMessage((message) => {
          if (broken && String(message).includes('"allUsers"')) refuse(route, String(message));
          else server.send(message);
        });
      }),
    );
    const alert = window.page.getByRole("alert");
    await alert.getByText("The users could not be loaded.").waitFor();
    await window.connectionIs("Live");
    await shoot(window, "failed");
    broken = false;
    await alert.getByRole("button", { name: "Try again" }).click();
    await window.page.getByTestId("user-card").nth(9).waitFor();
    expect(await alert.count()).toBe(0);
    await window.close();
  });
});

function refuse(route: WebSocketRoute, call: string): void {
  const error = {
    code: -32603,
    message: "The server failed.",
    data: { name: "internalError", retryable: false },
  };
  route.send(JSON.stringify({ jsonrpc: "2.0", id: JSON.parse(call).id, error }));
}

/** What axe finds against WCAG 2.2 A and AA: the rule, and where. */
async function accessibilityFaults(page: Page): Promise<string[]> {
  // Evaluated and not added as a script: the page's Content-Security-Policy rightly forbids that.
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await axe.run({ runOnly: tags });
    return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target}`));
  });
}

/** By how many pixels the page is wider than its window. */
function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}
