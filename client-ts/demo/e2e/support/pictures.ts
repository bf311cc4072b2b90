/** Pictures of the page, with what must be true of the page in each of them. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import type { BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";
import type { Window } from "./window.js";

/** Wide and narrow, light and dark: by name, with the browser's options. */
export const views: [string, BrowserContextOptions][] = [1280, 390].flatMap((width) =>
  (["light", "dark"] as const).map((colorScheme): [string, BrowserContextOptions] => [
    `${width}-${colorScheme}`,
    // What fades would be caught anywhere on its way; without motion it stays as it is.
    { viewport: { width, height: 860 }, colorScheme, reducedMotion: "reduce" },
  ]),
);

const require = createRequire(import.meta.url);
const axeSource = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/** Takes a picture to `screenshots/`. The page must be accessible, no wider than its window, and without complaints. */
export async function shoot(window: Window, state: string, view: string): Promise<void> {
  const path = resolve(import.meta.dirname, "../screenshots", `${state}-${view}.png`);
  await window.page.screenshot({ path, fullPage: true });
  expect(await accessibilityFaults(window.page)).toEqual([]);
  expect(await overflow(window.page)).toBe(0);
  expect(window.problems).toEqual([]);
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
