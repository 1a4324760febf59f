/** The dashboard in a real browser, over the real stack, on the demo's Saturday. */
import { withBrowser, withPage } from "./browser.ts";
import { checkButtons } from "./acts.ts";
import * as conduct from "./behaviour.ts";
import { checkFullDay, checkSearch } from "./full_day.ts";
import { checkSentence } from "./sentence.ts";
import { ALL_LOOKS, compareView } from "./visual.ts";
import * as numbers from "./data.ts";
import { withWorld } from "./world.ts";

/** The order matters: the last tests change the data. */
const CHECKS: readonly (readonly [string, numbers.Check])[] = [
  ["Tonight shows the numbers that SQL gives", numbers.tonight],
  ["a match shows the numbers that SQL gives", numbers.oneMatch],
  ["what is still to come stands apart", numbers.future],
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
  ["what does not run is said on each view", conduct.checkSilence],
  ["the sentence of the night fits its state", checkSentence],
  ["150 matches with long names fit each width in both themes", checkFullDay],
  ["matches are found by id, team, verdict and alert", checkSearch],
];
const CHANGES: readonly (readonly [string, numbers.Check])[] = [
  ["the page updates without input", conduct.checkUpdates],
  ["each button of a job runs it", checkButtons],
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
      for (const look of ALL_LOOKS) {
        await test.step(`every view renders correctly: ${look}`, () =>
          compareView(browser, world, look));
      }
      await all(CHANGES);
    })
  ));
