/** The sentence of the night, and the bar of the next push, in ten states of the world. */
import { match, ok, strictEqual } from "node:assert/strict";
import { open } from "./browser.ts";
import type { Check } from "./data.ts";
import { answerVerdicts, type Made, madeAlert, madeVerdict } from "./made_verdicts.ts";

interface State {
  readonly made: readonly Made[];
  readonly sentence: string;
  readonly tone: "good" | "bad" | "warn" | "wait" | "off";
  /** Of the next push; null: there is none. */
  readonly bar: "calm" | "bad" | null;
}

const several = (count: number, made: Made): Made[] => Array.from({ length: count }, () => made);
const reached = (
  answer: "short" | "more",
  by: number,
) => ({ answer, by, reached: 953, expected_min: 1_430, expected_max: 1_430 });

export const STATES: Readonly<Record<string, State>> = {
  "no match": { made: [], sentence: "No match on this day", tone: "off", bar: null },
  "before the first push": {
    made: several(5, { verdict: "scheduled" }),
    sentence: "All 5 pushes are scheduled",
    tone: "wait",
    bar: "calm",
  },
  "one is going out": {
    made: [...several(2, { verdict: "went_out" }), { verdict: "going_out" }],
    sentence: "2 of 3 went out · 1 going out now",
    tone: "wait",
    bar: null,
  },
  "all is well": {
    made: several(5, { verdict: "went_out" }),
    sentence: "All 5 went out, once, to everyone",
    tone: "good",
    bar: null,
  },
  "the campaign is stopped": {
    made: [...several(4, { verdict: "went_out" }), { verdict: "will_not_go" }],
    sentence: "4 of 5 went out · 1 will not: the campaign is stopped",
    tone: "bad",
    bar: "bad",
  },
  "all were aborted": {
    made: [
      { verdict: "scheduled", minutes: 90 },
      { verdict: "did_not_go" },
      { verdict: "went_out" },
    ],
    sentence:
      "1 of 3 went out · 1 did not: nobody was pushed: 3,276 aborts, frequency_capped · 1 still to come",
    tone: "bad",
    bar: "calm",
  },
  "Braze may have dropped one": {
    made: [{ verdict: "in_doubt" }, { verdict: "went_out" }],
    sentence:
      "1 of 2 went out · 1 in doubt: Braze may have dropped it when the campaign was stopped",
    tone: "warn",
    bar: "bad",
  },
  "a person confirmed one": {
    made: [{ verdict: "confirmed_manually" }, ...several(2, { verdict: "went_out" })],
    sentence: "2 of 3 went out · 1 confirmed by a person, not proved",
    tone: "wait",
    bar: null,
  },
  "one reached too few and one went out twice": {
    made: [
      { verdict: "went_out", changes: { to_everyone: reached("short", 477) } },
      { verdict: "went_out", changes: { once: { answer: "no", users: 12 } } },
      { verdict: "called_off" },
    ],
    sentence:
      "Both went out · 1 went out twice to 12 users · 1 reached 477 users too few · 1 without a push, as intended",
    tone: "bad",
    bar: null,
  },
  "all is called off": {
    made: several(2, { verdict: "called_off" }),
    sentence: "No push is to go out · 2 without a push, as intended",
    tone: "off",
    bar: null,
  },
  "the next push has a critical alert": {
    made: [{
      verdict: "scheduled",
      changes: {
        alerts: [madeAlert("unmanaged_schedule", "critical", "Braze holds a second one")],
      },
    }],
    sentence: "1 push is scheduled",
    tone: "wait",
    bar: "bad",
  },
};

export const checkSentence: Check = async (page, { pages }) => {
  for (const [name, { made, sentence, tone, bar }] of Object.entries(STATES)) {
    await page.unrouteAll();
    await answerVerdicts(page, made.map(madeVerdict));
    await page.goto("about:blank");
    await open(page, pages.operator, "tonight");
    const shown = page.locator(".sentence");
    strictEqual(await shown.innerText(), sentence, name);
    ok((await shown.getAttribute("class"))?.includes(tone), `${name} is ${tone}`);
    const classes = await page.locator(".bar").last().getAttribute("class");
    strictEqual(
      /calm|bad/.exec(classes ?? "")?.[0] ?? null,
      bar,
      `${name}: the bar of the next push`,
    );
  }
  match(await page.locator(".bar").innerText(), /in trouble[\s\S]*Braze holds a second one/);
};
