import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Starts the system's Chromium, with a profile of its own. */
export async function startBrowser(): Promise<Browser> {
  if (!existsSync(executablePath)) {
    throw new Error(`there is no ${executablePath}: run \`.ci/install\`, or set CHROMIUM`);
  }
  return chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-background-networking"],
  });
}

/** One window that shows the page, as a person reads it. Waits end with Playwright's error after 30 s. */
export class Window {
  readonly page: Page;
  readonly #problems: string[];

  private constructor(page: Page, problems: string[]) {
    this.page = page;
    this.#problems = problems;
  }

  /** @param prepare what must be in place before the page is loaded */
  static async open(
    browser: Browser,
    url: string,
    options: BrowserContextOptions = {},
    prepare: (page: Page) => Promise<void> = async () => {},
  ): Promise<Window> {
    const page = await browser.newPage(options);
    const problems: string[] = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      // The browser itself reports each failed connection.
      if (message.type() === "error" && !message.text().includes("WebSocket connection to")) {
        problems.push(message.text());
      }
    });
    await prepare(page);
    await page.goto(url);
    return new Window(page, problems);
  }

  /** Waits until the header shows this state of the connection. */
  async connectionIs(state: string | RegExp): Promise<void> {
    await this.page.getByTestId("connection").filter({ hasText: state }).waitFor();
  }

  /** Waits until the list is said to be whole, or not, in these words. */
  async continuityIs(words: string | RegExp): Promise<void> {
    await this.page.getByTestId("continuity").filter({ hasText: words }).waitFor();
  }

  /** Every word for the list's continuity that is shown from now on, the one of now first. */
  async watchContinuity(): Promise<() => Promise<string[]>> {
    await this.page.evaluate(() => {
      const word = () => document.querySelector("[data-testid=continuity] strong")?.textContent;
      const seen = [word()];
      new MutationObserver(() => {
        if (word() !== seen.at(-1)) seen.push(word());
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
      Object.assign(globalThis, { continuitySeen: seen });
    });
    return () =>
      this.page.evaluate(
        () => (globalThis as unknown as { continuitySeen: string[] }).continuitySeen,
      );
  }

  /** Every list of names that is shown from now on, the one of now first. */
  async watchNames(): Promise<() => Promise<string[]>> {
    await this.page.evaluate(() => {
      const names = () =>
        [...document.querySelectorAll("[data-testid=user-card] h3")]
          .map(({ textContent }) => textContent)
          .join();
      const seen = [names()];
      new MutationObserver(() => {
        if (names() !== seen.at(-1)) seen.push(names());
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
      Object.assign(globalThis, { namesSeen: seen });
    });
    return () =>
      this.page.evaluate(() => (globalThis as unknown as { namesSeen: string[] }).namesSeen);
  }

  /** Waits until exactly these replicas are shown. */
  async showsReplicas(names: string[]): Promise<void> {
    await this.page.waitForFunction((expected) => {
      const shown = [...document.querySelectorAll("[data-testid=replica] h3")];
      return JSON.stringify(shown.map((each) => each.textContent)) === expected;
    }, JSON.stringify(names));
  }

  /** The replica that served the newest event. */
  async instance(): Promise<string> {
    return (await this.page.getByTestId("instance").textContent()) ?? "";
  }

  /** Waits until the header shows this replica. */
  async servedBy(instance: string | RegExp): Promise<void> {
    await this.page.getByTestId("instance").filter({ hasText: instance }).waitFor();
  }

  /** Waits until the cards are exactly these people, in the page's order. */
  async shows(names: string[]): Promise<void> {
    await this.page.waitForFunction((expected) => {
      const shown = [...document.querySelectorAll("[data-testid=user-card] h3")];
      return JSON.stringify(shown.map((each) => each.textContent)) === expected;
    }, JSON.stringify(names));
  }

  /** What the page complained about. */
  get problems(): string[] {
    return this.#problems;
  }

  close(): Promise<void> {
    return this.page.context().close();
  }
}

/** Opens windows until two of them are served by different replicas. */
export async function openOnTwoReplicas(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  prepareFirst?: (page: Page) => Promise<void>,
): Promise<[Window, Window]> {
  const first = await Window.open(browser, url, options, prepareFirst);
  await first.connectionIs("Live");
  // nginx hands connections out in turn; another client may take a turn in between, but not each time.
  for (let tries = 0; tries < 10; tries += 1) {
    const second = await Window.open(browser, url, options);
    await second.connectionIs("Live");
    if ((await second.instance()) !== (await first.instance())) return [first, second];
    await second.close();
  }
  throw new Error("ten windows in a row were served by the same replica");
}
