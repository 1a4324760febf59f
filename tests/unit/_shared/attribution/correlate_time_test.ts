import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { correlate } from "../../../../supabase/functions/_shared/attribution/correlate.ts";
import {
  type Attribution,
  createContext,
  type Evidence,
  type IdentifierFacts,
  type LedgerFacts,
} from "../../../../supabase/functions/_shared/attribution/evidence.ts";
import { identifiersToRegister } from "../../../../supabase/functions/_shared/attribution/identifiers_to_register.ts";
import {
  at,
  CAMPAIGN,
  evidence,
  identifier,
  ledger,
  ledgerIdOf,
  OTHER_CAMPAIGN,
} from "../../../support/facts.ts";

function judge(
  given: Evidence,
  ledgers: readonly LedgerFacts[],
  identifiers: readonly IdentifierFacts[] = [],
): Attribution {
  return correlate(given, createContext(ledgers, identifiers), [CAMPAIGN]);
}

/** At exactly 14:00:00, so that a schedule's time shows its distance. */
const sharp = evidence({ sentAt: at("14:00:00") });

for (
  const [what, times, method, matchId] of [
    ["two minutes before its send", ["14:02:00"], "time_exact", 1],
    ["a moment more than two minutes before", ["14:02:00.001"], "no_candidate", null],
    ["two minutes after its send", ["13:58:00"], "time_exact", 1],
    ["a moment more than two minutes after", ["13:57:59.999"], "no_candidate", null],
    ["beside another send ten minutes away", ["14:00:00", "14:10:00"], "time_window", 1],
    [
      "beside another send a moment more than ten minutes away",
      ["14:00:00", "14:10:00.001"],
      "time_exact",
      1,
    ],
    ["ten minutes after another send", ["14:00:00", "13:50:00"], "time_window", 1],
    ["with a lead of exactly a minute", ["14:00:30", "13:58:30"], "time_window", 1],
    ["with a lead of a moment less than a minute", ["14:00:30", "13:58:30.001"], "tie", null],
    ["just as far from two sends", ["14:01:00", "13:59:00"], "tie", null],
    ["near two sends, and in the window of none", ["14:03:00", "13:51:00"], "no_candidate", null],
  ] as const
) {
  Deno.test(`correlate() judges an event ${what}: ${method}`, () => {
    const ledgers = times.map((time, index) => ledger(index + 1, { sendAt: at(time) }));
    const attribution = judge(sharp, ledgers);
    strictEqual(attribution.method, method);
    strictEqual(attribution.matchId, matchId);
    // Neither the order of the matches nor the names of the ids may matter.
    strictEqual(judge(sharp, ledgers.toReversed()).method, method);
  });
}

Deno.test("correlate() returns both candidates of a tie, even one outside the window", () => {
  const ledgers = [ledger(1, { sendAt: at("14:01:50") }), ledger(2, { sendAt: at("13:57:50") })];
  const attribution = judge(sharp, ledgers);
  strictEqual(attribution.method, "tie");
  deepStrictEqual(attribution.candidateMatchIds, [1, 2]);
});

Deno.test("correlate() returns low for time_window and medium for time_exact", () => {
  strictEqual(
    judge(sharp, [ledger(1, {}), ledger(2, { sendAt: at("14:05:00") })]).confidence,
    "low",
  );
  strictEqual(judge(sharp, [ledger(1, {})]).confidence, "medium");
});

Deno.test("correlate() returns every candidate of time_window, the closest first", () => {
  const attribution = judge(sharp, [
    ledger(3, { sendAt: at("14:09:00") }),
    ledger(2, { sendAt: at("13:55:00") }),
    ledger(7, { sendAt: at("14:00:10") }),
  ]);
  strictEqual(attribution.matchId, 7);
  strictEqual(attribution.candidateCount, 3);
  deepStrictEqual(attribution.candidateMatchIds, [7, 2, 3]);
});

Deno.test("correlate() returns no candidates if the time decides", () => {
  const attribution = judge(sharp, [ledger(1, {})]);
  strictEqual(attribution.candidateCount, 1);
  deepStrictEqual(attribution.candidateMatchIds, []);
});

for (const state of ["creating", "live", "unknown", "deleting", "deleted", "completed"] as const) {
  Deno.test(`correlate() counts a schedule that is ${state} as a candidate`, () => {
    strictEqual(judge(sharp, [ledger(1, { state })]).matchId, 1);
    strictEqual(judge(sharp, [ledger(1, {}), ledger(2, { state })]).method, "tie");
  });
}

Deno.test("correlate() does not count a schedule that Braze refused", () => {
  strictEqual(judge(sharp, [ledger(1, { state: "failed" })]).method, "no_candidate");
  const beside = judge(sharp, [ledger(1, {}), ledger(2, { state: "failed" })]);
  strictEqual(beside.method, "time_exact");
});

Deno.test("correlate() does not count the schedules of another campaign", () => {
  const beside = judge(sharp, [ledger(1, {}), ledger(2, { campaignId: OTHER_CAMPAIGN })]);
  strictEqual(beside.method, "time_exact");
  strictEqual(beside.matchId, 1);
});

Deno.test("correlate() counts both times of a schedule whose move is not confirmed", () => {
  const moving = ledger(1, { sendAt: at("16:00:00"), movingTo: at("14:00:00") });
  strictEqual(judge(sharp, [moving]).matchId, 1);
  strictEqual(judge(sharp, [ledger(2, {}), moving]).method, "tie");
});

Deno.test("correlate() counts two schedules of one match as one candidate", () => {
  const attribution = judge(sharp, [ledger(1, {}, { sendAt: at("14:01:00") })]);
  strictEqual(attribution.method, "time_exact");
  strictEqual(attribution.candidateCount, 1);
});

// Saturday, 7 December 2024: three matches at 15:00, so three sends at 14:00:00.
const saturday = [1001, 1002, 1003].map((matchId) => ledger(matchId, {}));
const xyz = evidence({ sentAt: at("14:00:23"), sendId: "xyz-789" });

Deno.test("correlate() attributes an event with an unknown send id to none of three matches at its time", () => {
  const attribution = judge(xyz, saturday);
  strictEqual(attribution.method, "tie");
  strictEqual(attribution.confidence, "none");
  strictEqual(attribution.matchId, null);
  strictEqual(attribution.candidateCount, 3);
  deepStrictEqual(attribution.candidateMatchIds, [1001, 1002, 1003]);
});

Deno.test("correlate() attributes the event of three matches once its dispatch id is registered", () => {
  const open = { ...xyz, dispatchId: "dispatch-1002" };
  strictEqual(judge(open, saturday).method, "tie");

  const echoing = evidence({
    dispatchId: "dispatch-1002",
    ledgerId: ledgerIdOf(1002),
    generation: 1,
  });
  const newIdentifiers = identifiersToRegister(echoing, judge(echoing, saturday))
    .map((registered) => ({ ...registered, ambiguous: false }));
  const attributed = judge(open, saturday, newIdentifiers);
  strictEqual(attributed.method, "dispatch_id");
  strictEqual(attributed.confidence, "high");
  strictEqual(attributed.matchId, 1002);
  strictEqual(attributed.generation, 1);
  strictEqual(attributed.timeDiffMs, 23_000);
});

Deno.test("correlate() attributes the event of three matches once its send id is known", () => {
  const attributed = judge(xyz, saturday, [identifier("send_id", "xyz-789", 1002)]);
  strictEqual(attributed.matchId, 1002);
  strictEqual(attributed.confidence, "high");
});

for (
  const [state, confidence] of [
    ["live", "medium"],
    ["completed", "medium"],
    ["creating", "low"],
    ["unknown", "low"],
    ["deleting", "low"],
    ["deleted", "low"],
  ] as const
) {
  Deno.test(`correlate() returns ${confidence} for the time alone if the schedule is ${state}`, () => {
    const context = createContext([ledger(1, { state, sendAt: at("14:00:00") })], []);
    const judgement = correlate(evidence({ sentAt: at("14:00:23") }), context, [CAMPAIGN]);
    strictEqual(judgement.matchId, 1);
    strictEqual(judgement.confidence, confidence);
  });
}
