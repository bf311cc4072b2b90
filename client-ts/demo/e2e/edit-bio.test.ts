/** Editing a bio in place: it is shown at once in every window, or refused and rolled back. */
import type { Browser, WebSocketRoute } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Fleet } from "./support/fleet.js";
import { ervin, leanne } from "./support/people.js";
import { shoot, views } from "./support/pictures.js";
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

const cardOf = (window: Window, name: string) =>
  window.page.getByTestId("user-card").filter({ hasText: name });
const bioOf = (window: Window, name: string) => cardOf(window, name).locator(".bio");
const buttonOf = (window: Window, name: string) =>
  window.page.getByRole("button", { name: `Edit bio of ${name}` });
const editorOf = (window: Window, name: string) =>
  window.page.getByRole("textbox", { name: `Bio of ${name}` });

test("on one replica is shown by a window on another", async () => {
  const [here, there] = await openOnTwoReplicas(browser, fleet.url);
  await buttonOf(here, leanne.name).click();
  await editorOf(here, leanne.name).fill("Written in the first window");
  await here.page.getByRole("button", { name: "Save" }).click();
  for (const window of [here, there]) {
    await bioOf(window, leanne.name).getByText("Written in the first window").waitFor();
    expect(window.problems).toEqual([]);
  }
  expect(await here.instance()).not.toBe(await there.instance());
  await there.page.reload();
  await bioOf(there, leanne.name).getByText("Written in the first window").waitFor();
});

test("by the keyboard alone: Enter saves, Escape cancels, and the focus returns", async () => {
  const window = await Window.open(browser, fleet.url);
  await window.connectionIs("Live");
  const button = buttonOf(window, ervin.name);
  const editor = editorOf(window, ervin.name);
  const hasFocus = (text: string) =>
    window.page.waitForFunction(
      (expected) => document.activeElement?.textContent?.includes(expected),
      text,
    );
  await button.focus();
  await window.page.keyboard.press("Enter");
  await editor.waitFor();
  await window.page.keyboard.type(" that nobody will see");
  await window.page.keyboard.press("Escape");
  await hasFocus(`Edit bio of ${ervin.name}`);
  expect(await cardOf(window, ervin.name).textContent()).not.toContain("nobody will see");

  await window.page.keyboard.press("Enter");
  await editor.waitFor();
  await window.page.keyboard.press("Control+A");
  await window.page.keyboard.type("Typed and saved");
  await window.page.keyboard.press("Enter");
  await bioOf(window, ervin.name).getByText("Typed and saved").waitFor();
  await hasFocus(`Edit bio of ${ervin.name}`);
  expect(await editor.count()).toBe(0);
  expect(window.problems).toEqual([]);
});

test("is shown before the server has answered, and stays when it has", async () => {
  const held: (() => void)[] = [];
  const window = await Window.open(browser, fleet.url, {}, (page) =>
    page.routeWebSocket(/\/rpc$/, (route) =>
      passThrough(route, (message, send) => {
        if (message.includes('"setBio"')) held.push(send);
        else send();
      }),
    ),
  );
  await buttonOf(window, leanne.name).click();
  await editorOf(window, leanne.name).fill("Ahead of the server");
  await window.page.keyboard.press("Enter");
  await bioOf(window, leanne.name).getByText("Ahead of the server").waitFor();
  expect(held).toHaveLength(1);
  held[0]?.();
  await window.page.locator("[data-testid=last-update] time").waitFor();
  expect(await bioOf(window, leanne.name).textContent()).toBe("Ahead of the server");
  expect(window.problems).toEqual([]);
});

test.each(views)(
  "that is too long is refused with the reason, rolled back, and kept in the editor (%s)",
  async (view, options) => {
    const window = await Window.open(browser, fleet.url, options);
    const before = await bioOf(window, ervin.name).textContent();
    await buttonOf(window, ervin.name).click();
    await shoot(window, "bio-editor", view);
    await editorOf(window, ervin.name).fill("x".repeat(163));
    await window.page.keyboard.press("Enter");
    const alert = cardOf(window, ervin.name).getByRole("alert");
    await alert.getByText("A bio has at most 140 characters. This one has 163.").waitFor();
    await window.page.getByText("163 / 140").waitFor();
    expect(await editorOf(window, ervin.name).inputValue()).toHaveLength(163);
    expect(await window.page.evaluate(() => document.activeElement?.tagName)).toBe("TEXTAREA");
    await shoot(window, "bio-too-long", view);
    await window.page.keyboard.press("Escape");
    expect(await bioOf(window, ervin.name).textContent()).toBe(before);
    await window.close();
  },
);

test("keeps its card while the list changes under it", async () => {
  const window = await Window.open(browser, fleet.url);
  await window.connectionIs("Live");
  await buttonOf(window, ervin.name).click();
  await editorOf(window, ervin.name).fill("Half written");
  await fleet.publish([leanne]);
  await window.shows([leanne.name, ervin.name]);
  expect(await editorOf(window, ervin.name).inputValue()).toBe("Half written");
  await window.page.keyboard.press("Escape");
  await window.shows([leanne.name]);
  expect(window.problems).toEqual([]);
});

function passThrough(
  route: WebSocketRoute,
  onMessage: (message: string, send: () => void) => void,
): void {
  const server = route.connectToServer();
  route.onMessage((message) => onMessage(String(message), () => server.send(message)));
}
