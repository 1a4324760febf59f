/** The installed Chromium, and helpers for pages. */
/// <reference lib="dom" />
import axe from "axe-core";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { findChromium } from "./chromium.ts";

export const DESKTOP = { width: 1440, height: 900 };
export const TABLET = { width: 1024, height: 768 };
export const PHONE = { width: 390, height: 844 };

export async function withBrowser(run: (browser: Browser) => Promise<void>): Promise<void> {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    throw new Error(
      "Cannot test the dashboard: Chromium must be installed or named by TEST_CHROMIUM, got none",
    );
  }
  // Chromium's sandbox does not work as root, for example in a container.
  const browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  try {
    await run(browser);
  } finally {
    await browser.close();
  }
}

/** A new page, in London's time zone; its errors fail the test. */
export async function withPage(
  browser: Browser,
  options: BrowserContextOptions,
  run: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({
    locale: "en-GB",
    timezoneId: "Europe/London",
    viewport: DESKTOP,
    reducedMotion: "reduce",
    ...options,
  });
  const faults: string[] = [];
  try {
    const page = await context.newPage();
    page.on("pageerror", (error) => faults.push(`${error.stack}`));
    await run(page);
  } finally {
    await context.close();
  }
  if (faults.length > 0) throw new Error(`The page failed: ${faults.join("\n")}`);
}

/** Opens a view and waits until it shows its data. */
export async function open(page: Page, base: string, route: string): Promise<void> {
  await page.goto(`${base}/#/${route}`);
  const [view = "", date] = route.split(/[/?]|date=|&/);
  // The page of another day is named after it.
  const name = date === "" ? /\d{4}$/ : new RegExp(`^${view}`, "i");
  await page.locator("#content h1", { hasText: name }).waitFor();
  await page.locator(".loading").waitFor({ state: "detached" });
}

/** How far the page, or an element on it, reaches beyond the width, in pixels: a table may overflow without widening the page. */
export async function tooWide(page: Page): Promise<number> {
  return await page.evaluate(() => {
    const edge = Math.ceil(document.querySelector("main")!.getBoundingClientRect().right);
    return Math.max(
      document.documentElement.scrollWidth - innerWidth,
      ...[...document.querySelectorAll("main > *, main table, main tbody td, main tbody th")].map((
        each,
      ) => Math.ceil(each.getBoundingClientRect().right) - edge),
    );
  });
}

/** A table's cells as text, by column header; `sub` lines follow after a space. */
export async function rowsOf(page: Page, caption: string): Promise<Record<string, string>[]> {
  const table = page.getByRole("table", { name: caption });
  await table.waitFor();
  return await table.evaluate((element) =>
    [...element.querySelectorAll("tbody tr")].map((row) =>
      Object.fromEntries(
        [...row.children].map((cell) => [
          cell.getAttribute("data-label") ?? "",
          (cell as HTMLElement).innerText.replaceAll(/\s+/g, " ").trim(),
        ]),
      )
    )
  );
}

/** The violations of WCAG 2.2 A and AA that axe finds, one per line; `rules` limits the check to these. */
export async function violationsOf(page: Page, rules?: readonly string[]): Promise<string[]> {
  await page.evaluate(axe.source);
  return await page.evaluate(async (rules) => {
    const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
    const { violations } = await axe.run(document, {
      runOnly: rules === undefined
        ? ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        : { type: "rule", values: [...rules] },
    });
    return violations.map(({ id, nodes }) =>
      `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary}`)}`
    );
  }, rules);
}
