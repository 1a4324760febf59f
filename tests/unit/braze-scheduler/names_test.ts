import { strictEqual } from "node:assert/strict";
import {
  foldName,
  hasWordsOf,
  nearestName,
} from "../../../supabase/functions/braze-scheduler/names.ts";

const KNOWN = [
  "Atlético Madrid",
  "København",
  "1. FC Köln",
  "Manchester City",
  "Manchester United",
  "Newcastle United",
  "Wolves",
];

for (
  const [name, nearest] of [
    ["Atletico Madrid", "Atlético Madrid"],
    ["Atle\u0301tico Madrid", "Atlético Madrid"],
    ["KOBENHAVN", "København"],
    ["1.\u00a0FC Köln", "1. FC Köln"],
    ["Newcastle", "Newcastle United"],
    ["Manchester Untied", "Manchester United"],
    ["Wolves FC", "Wolves"],
    ["Real Sociedad", null],
    ["", null],
  ] as const
) {
  Deno.test(`nearestName() of "${name}" is ${nearest}`, () => {
    strictEqual(nearestName(name, KNOWN), nearest);
    strictEqual(nearestName(name, KNOWN.toReversed()), nearest);
  });
}

Deno.test("nearestName() of no known names is null", () => {
  strictEqual(nearestName("Arsenal", []), null);
});

Deno.test("foldName() removes what people do not read", () => {
  strictEqual(foldName("  Łódź  \u2013 1.\u00a0FC  STRAßE "), "lodz 1 fc strasse");
});

Deno.test("hasWordsOf() needs a word, and all words of the shorter name", () => {
  strictEqual(hasWordsOf("Premier League", "English Premier League"), true);
  strictEqual(hasWordsOf("Premier League", "FA Cup"), false);
  strictEqual(hasWordsOf("FC", "FC Porto"), false);
  strictEqual(hasWordsOf("", ""), false);
});
