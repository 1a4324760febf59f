/** The appearance and accessibility: axe in light and dark mode, three widths, and screenshots for review. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { DESKTOP, open, PHONE, TABLET, tooWide, violationsOf, withPage } from "./browser.ts";
import { VIEWS } from "./behaviour.ts";
import type { World } from "./world.ts";

const LOOKS = {
  light: { colorScheme: "light", viewport: DESKTOP },
  dark: { colorScheme: "dark", viewport: DESKTOP },
  tablet: { colorScheme: "light", viewport: TABLET },
  dark_tablet: { colorScheme: "dark", viewport: TABLET },
  phone: { colorScheme: "light", viewport: PHONE },
  dark_phone: { colorScheme: "dark", viewport: PHONE },
} as const;
const NARROW = ["target-size", "aria-required-children", "aria-required-parent"];
/** All axe rules once; then only the rules that another appearance can break. */
const RULES: Readonly<Record<Look, readonly string[] | undefined>> = {
  light: undefined,
  dark: ["color-contrast"],
  tablet: NARROW,
  dark_tablet: [],
  phone: NARROW,
  dark_phone: [],
};
export type Look = keyof typeof LOOKS;
export const ALL_LOOKS = Object.keys(LOOKS) as readonly Look[];

/** `TEST_PICTURES` names a folder for a screenshot of each view. */
export async function compareView(
  browser: Browser,
  { pages }: World,
  look: Look,
): Promise<void> {
  await withPage(browser, LOOKS[look], async (page) => {
    const grounds = new Set<string>();
    for (const view of VIEWS) {
      await open(page, pages.operator, view);
      const rules = RULES[look];
      if (rules?.length !== 0) {
        deepStrictEqual(await violationsOf(page, rules), [], `${view}, ${look}`);
      }
      const wide = await tooWide(page);
      ok(wide <= 0, `${view} is ${wide} px wider than a ${look}`);
      grounds.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
      await keepPicture(page, `${look}_${view.replaceAll(/\W/g, "_")}`, true);
    }
    const [ground = ""] = grounds;
    const isDark = Number(/\d+/.exec(ground)?.[0]) < 80;
    ok(grounds.size === 1 && isDark === look.startsWith("dark"), `${look} on ${ground}`);
  });
}

export async function keepPicture(page: Page, name: string, fullPage: boolean): Promise<void> {
  const pictures = Deno.env.get("TEST_PICTURES");
  if (pictures === undefined) return;
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage });
}
