import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Verdict, VerdictName } from "../../../../dashboard/src/rows.ts";
import {
  isFound,
  nextPush,
  sentenceOf,
  textOf,
  VERDICTS,
  wordingOfVerdict,
  worstFirst,
} from "../../../../dashboard/src/verdict.ts";
import { madeAlert, madeVerdict } from "../../../browser/made_verdicts.ts";
import { STATES } from "../../../browser/sentence.ts";
import { NOW } from "../../../browser/now.ts";

const made = (...names: VerdictName[]) =>
  names.map((verdict, index) => madeVerdict({ verdict }, index));
const ids = (verdicts: readonly Verdict[]) => verdicts.map(({ match_id }) => match_id);
const short = { answer: "short", by: 477, reached: 953, expected_min: 1_430, expected_max: 1_430 };

Deno.test("no two verdicts look alike: word, and sign with tone", () => {
  const looks = Object.values(VERDICTS);
  strictEqual(new Set(looks.map(({ label }) => label)).size, looks.length);
  const told = (name: VerdictName) => `${VERDICTS[name].sign} ${VERDICTS[name].tone}`;
  const apart: VerdictName[] = [
    "went_out",
    "confirmed_manually",
    "scheduled",
    "in_doubt",
    "going_out",
  ];
  strictEqual(new Set(apart.map(told)).size, apart.length);
});

Deno.test("what went out to too few does not look like what is well", () => {
  const harmed = madeVerdict({
    verdict: "went_out",
    changes: { to_everyone: short as never },
  }, 0);
  strictEqual(wordingOfVerdict(harmed).tone, "warn");
  strictEqual(wordingOfVerdict(madeVerdict({ verdict: "went_out" }, 0)).tone, "good");
});

Deno.test("the worst is first; among equals the soonest, then the lower id", () => {
  const verdicts = [
    ...made("went_out", "scheduled", "called_off", "in_doubt", "will_not_go", "did_not_go"),
    madeVerdict({ verdict: "went_out", changes: { to_everyone: short as never } }, 6),
    madeVerdict({ verdict: "in_doubt", minutes: 5 }, 7),
    madeVerdict({ verdict: "in_doubt", minutes: 5 }, 8),
  ];
  deepStrictEqual(ids(worstFirst(verdicts)), [
    1006,
    1005,
    1008,
    1009,
    1004,
    1007,
    1002,
    1001,
    1003,
  ]);
  deepStrictEqual(ids(worstFirst(verdicts.toReversed())), ids(worstFirst(verdicts)));
});

Deno.test("the sentence of the night, and its colour, in each state of the world", () => {
  for (const [name, { made, sentence, tone }] of Object.entries(STATES)) {
    const said = sentenceOf(made.map(madeVerdict));
    deepStrictEqual([textOf(said), said.tone], [sentence, tone], name);
  }
});

Deno.test("reasons are told while they are few", () => {
  const failed = ["The campaign is stopped.", "Braze refused it", "It was deleted."].map((
    why,
    index,
  ) => madeVerdict({ verdict: "will_not_go", changes: { why } }, index));
  strictEqual(
    textOf(sentenceOf(failed.slice(0, 2))),
    "0 of 2 went out · 2 will not: the campaign is stopped; Braze refused it",
  );
  strictEqual(
    textOf(sentenceOf(failed)),
    "0 of 3 went out · 3 will not, for different reasons",
  );
});

Deno.test("a push that did not go out does not count as one that reached too few", () => {
  const verdict = madeVerdict({
    verdict: "did_not_go",
    changes: { why: "It was missed", to_everyone: short as never },
  }, 0);
  strictEqual(textOf(sentenceOf([verdict])), "0 of 1 went out · 1 did not: it was missed");
});

Deno.test("the next push is the soonest that is wanted; the worst at that time decides whether it is in trouble", () => {
  const [calm, stopped] = [
    madeVerdict({ verdict: "scheduled" }, 0),
    madeVerdict({ verdict: "will_not_go" }, 1),
  ];
  strictEqual(nextPush([calm], NOW)?.trouble, null);
  deepStrictEqual(nextPush([calm, stopped], NOW)?.trouble, stopped);
  strictEqual(
    nextPush([calm, madeVerdict({ verdict: "will_not_go", minutes: 60 }, 2)], NOW)?.trouble,
    null,
  );
  const warned = madeVerdict({
    verdict: "scheduled",
    changes: { alerts: [madeAlert("unmanaged_schedule", "critical", "A second one")] },
  }, 3);
  deepStrictEqual(nextPush([calm, warned], NOW)?.trouble, warned);
  strictEqual(nextPush(made("went_out", "called_off", "not_wanted"), NOW), null);
});

Deno.test("a search finds each of its words in any part, without accents and capitals", () => {
  const verdict = madeVerdict({
    verdict: "confirmed_manually",
    home: "1. FC Köln",
    changes: { alerts: [madeAlert("double_push", "critical", "Twice to 12 users")] },
  }, 0);
  for (
    const search of [
      "",
      "1001",
      "KOLN",
      "chelsea köln",
      "confirmed person",
      "double push",
      "12 users",
    ]
  ) {
    strictEqual(isFound(verdict, search), true, search);
  }
  for (const search of ["1002", "koln arsenal", "went out"]) {
    strictEqual(isFound(verdict, search), false, search);
  }
});
