/** The dashboard in a real browser, over the real stack, on the demo's Saturday. */
import { withBrowser, withPage } from "./browser.ts";
import { theButtonsDoWhatTheySay } from "./acts.ts";
import * as conduct from "./behaviour.ts";
import { everyViewLooksRight } from "./visual.ts";
import * as numbers from "./data.ts";
import { withWorld } from "./world.ts";

/** The order matters: the last tests change the data. */
const CHECKS: readonly (readonly [string, numbers.Check])[] = [
  ["Matchday shows the numbers that SQL gives", numbers.matchday],
  ["a match shows them too", numbers.oneMatch],
  ["so does Counts", numbers.counts],
  ["so does Health", numbers.health],
  ["so does Duplicates", numbers.duplicates],
  ["so does Alerts", numbers.alerts],
  ["so does Jobs", numbers.jobs],
  ["who is no operator sees nothing", conduct.noOperatorSeesNothing],
  ["who is signed out sees the door, and can come in", conduct.whoIsSignedOutSeesTheDoor],
  ["the keyboard is enough", conduct.theKeyboardIsEnough],
  ["a link names day and zone", conduct.aLinkNamesDayAndZone],
  ["a fault is told, and what was read stays", conduct.aFaultIsShownAndOldDataStays],
];
const CHANGES: readonly (readonly [string, numbers.Check])[] = [
  ["it follows what happens, untouched", conduct.itFollowsWhatHappens],
  ["the buttons do what they say", theButtonsDoWhatTheySay],
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
        await test.step(`every view looks right: ${look}`, () =>
          everyViewLooksRight(browser, world, look));
      }
      await all(CHANGES);
    })
  ));
