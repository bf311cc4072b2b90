/** How the page looks and reads in each of its states; the pictures go to `screenshots/`. */
import type { Browser, WebSocketRoute } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fleet } from "./support/fleet.js";
import { clementine, ervin, leanne, patricia } from "./support/people.js";
import { shoot, views } from "./support/pictures.js";
import { startBrowser, Window } from "./support/window.js";

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
    await window.showsReplicas(fleet.instances);
    // Replicas report every other second: the next report knows of this window.
    const serving = window.page.locator("[data-testid=replica][data-serves]");
    await serving.filter({ hasText: /Connections[1-9]/ }).waitFor();
    await shoot(window, "live", view);
    await window.close();
  });

  test("empty", async () => {
    const window = await Window.open(browser, fleet.url, options);
    await window.connectionIs("Live");
    await fleet.publish([]);
    await window.shows([]);
    await shoot(window, "empty", view);
    await window.close();
  });

  test("loading, while the server says nothing", async () => {
    const window = await Window.open(browser, fleet.url, options, (page) =>
      // It opens and stays silent.
      page.routeWebSocket(/\/rpc$/, () => {}),
    );
    await window.connectionIs("Subscribing…");
    await window.page.getByText("Loading…").first().waitFor({ state: "attached" });
    await shoot(window, "loading", view);
    await window.close();
  });

  test("reconnecting, while the server cannot be reached", async () => {
    const window = await Window.open(browser, fleet.url, options, (page) =>
      page.routeWebSocket(/\/rpc$/, (route) => route.close({ code: 1012, reason: "" })),
    );
    await window.connectionIs("Reconnecting…");
    await shoot(window, "reconnecting", view);
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
    await shoot(window, "failed", view);
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
