/** The dashboard in a real browser, over the real stack, on the demo's Saturday. */
import { withBrowser, withPage } from "./browser.ts";
import { checkButtons } from "./acts.ts";
import * as conduct from "./behaviour.ts";
import { compareView } from "./visual.ts";
import * as numbers from "./data.ts";
import { withWorld } from "./world.ts";

/** The order matters: the last tests change the data. */
const CHECKS: readonly (readonly [string, numbers.Check])[] = [
  ["Matchday shows the numbers that SQL gives", numbers.matchday],
  ["a match shows the numbers that SQL gives", numbers.oneMatch],
  ["Counts shows the numbers that SQL gives", numbers.counts],
  ["Health shows the numbers that SQL gives", numbers.health],
  ["Duplicates shows the numbers that SQL gives", numbers.duplicates],
  ["Alerts shows the rows that SQL gives", numbers.alerts],
  ["Jobs shows the rows that SQL gives", numbers.jobs],
  ["a user without the operator role sees no data", conduct.checkUserWithoutRole],
  ["a signed-out user sees the sign-in page and can sign in", conduct.checkSignIn],
  ["the page can be used with the keyboard alone", conduct.checkKeyboard],
  ["a link contains the day and the zone", conduct.checkLink],
  ["a fault is shown, and the old data stays", conduct.checkFault],
];
const CHANGES: readonly (readonly [string, numbers.Check])[] = [
  ["the page updates without input", conduct.checkUpdates],
  ["each button performs its action", checkButtons],
];

Deno.test("the dashboard in a browser", (test) =>
  withBrowser((browser) =>
    withWorld(async (world) => {
      const all = async (checks: typeof CHECKS) => {
        for (const [name, check] of checks) {
          await test.step(name, () => withPage(browser, {}, (page) => check(page, world)));
        }
      };
      await all(CHECKS);
      for (const look of ["light", "dark", "phone"] as const) {
        await test.step(`every view renders correctly: ${look}`, () =>
          compareView(browser, world, look));
      }
      await all(CHANGES);
    })
  ));
