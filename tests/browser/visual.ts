/** The appearance and accessibility: axe in light and dark mode, a phone's width, and screenshots for review. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { DESKTOP, open, PHONE, violationsOf, withPage } from "./browser.ts";
import { VIEWS } from "./behaviour.ts";
import type { World } from "./world.ts";

const LOOKS = {
  light: { colorScheme: "light", viewport: DESKTOP },
  dark: { colorScheme: "dark", viewport: DESKTOP },
  phone: { colorScheme: "light", viewport: PHONE },
} as const;
/** All axe rules once; then only the rules that another appearance can break. */
const RULES: Readonly<Record<Look, readonly string[] | undefined>> = {
  light: undefined,
  dark: ["color-contrast"],
  phone: ["target-size", "aria-required-children", "aria-required-parent"],
};
export type Look = keyof typeof LOOKS;

/** `TEST_PICTURES` names a folder for a screenshot of each view. */
export async function compareView(
  browser: Browser,
  { pages }: World,
  look: Look,
): Promise<void> {
  const pictures = Deno.env.get("TEST_PICTURES");
  await withPage(browser, LOOKS[look], async (page) => {
    const grounds = new Set<string>();
    for (const view of VIEWS) {
      await open(page, pages.operator, view);
      deepStrictEqual(await violationsOf(page, RULES[look]), [], `${view}, ${look}`);
      const { wide, ground } = await page.evaluate(() => ({
        // Checks the page and its elements: a table may overflow without widening the page.
        wide: Math.max(
          document.documentElement.scrollWidth - innerWidth,
          ...[...document.querySelectorAll("main > *")].map((each) =>
            Math.ceil(each.getBoundingClientRect().right) -
            Math.ceil(document.querySelector("main")!.getBoundingClientRect().right)
          ),
        ),
        ground: getComputedStyle(document.body).backgroundColor,
      }));
      ok(wide <= 0, `${view} is ${wide} px wider than a ${look}`);
      grounds.add(ground);
      if (pictures === undefined) continue;
      const name = `${look}_${view.replace("/", "_")}.png`;
      await page.screenshot({ path: join(pictures, name), fullPage: true });
    }
    const [ground = ""] = grounds;
    const isDark = Number(/\d+/.exec(ground)?.[0]) < 80;
    ok(grounds.size === 1 && isDark === (look === "dark"), `${look} on ${ground}`);
  });
}
