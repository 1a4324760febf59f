/** What the page shows: whoever looks for three seconds must not be misled. */
import type { Mutation } from "../mutation.ts";

const VERDICT = "dashboard/src/verdict.ts";
const VERDICTS = ["tests/unit/dashboard/src/verdict_test.ts"];

export const PAGE: readonly Mutation[] = [
  {
    name: "sentence-of-a-bad-night",
    rule: "The sentence of the night is red when one push does not go out",
    file: VERDICT,
    find: "    tone: failed.length > 0\n",
    replace: "    tone: failed.length > wanted.length\n",
    tests: VERDICTS,
  },
  {
    name: "sentence-tells-the-doubt",
    rule: "The sentence of the night tells of a push in doubt, and why",
    file: VERDICT,
    find: "    ...told(doubted, (n) => `${n} in doubt${reason(doubted)}`),\n",
    replace: "",
    tests: VERDICTS,
  },
  {
    name: "confirmed-looks-confirmed",
    rule: "What a person confirmed does not look like what is proved",
    file: VERDICT,
    find: 'label: "Confirmed by a person", tone: "person", sign: "✎"',
    replace: 'label: "Confirmed by a person", tone: "good", sign: "✓"',
    tests: VERDICTS,
  },
  {
    name: "a-verb-is-tried-first",
    rule: "A button tries the verb, and says what it will do, before it does it",
    file: "dashboard/src/parts/verb_button.tsx",
    find: "carryOut(client, verb, subject, asked, !isReady)",
    replace: "carryOut(client, verb, subject, asked, false)",
    tests: ["tests/browser/verbs_test.ts"],
    filter: "schedules that are not the suite's",
    // The page never says that nothing is changed yet.
    shownBy: /TimeoutError: locator\.waitFor/,
  },
  {
    name: "not-known-is-not-amber",
    rule: "What cannot be known is not painted as something to look at",
    file: "dashboard/src/views/counts.tsx",
    find: 'unknown: ["off", "Not known"]',
    replace: 'unknown: ["warn", "Not known"]',
    tests: ["tests/unit/dashboard/src/views/counts_test.ts"],
  },
];
