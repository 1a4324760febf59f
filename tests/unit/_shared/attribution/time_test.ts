import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type {
  Evidence,
  LedgerFacts,
  ScheduleFacts,
  UnmanagedFacts,
} from "../../../../supabase/functions/_shared/attribution/evidence.ts";
import { attributeByTime } from "../../../../supabase/functions/_shared/attribution/time.ts";
import {
  at,
  CAMPAIGN,
  contextOf,
  evidence,
  ledger,
  OTHER_CAMPAIGN,
} from "../../../support/facts.ts";

/** `exact` and `window` for a match, else the reason; and the candidates. */
function found(
  ledgers: readonly LedgerFacts[],
  given: Partial<Evidence> = {},
  unmanaged: readonly UnmanagedFacts[] = [],
): readonly [string, number | null, readonly number[]] {
  const sharp = evidence({ sentAt: at("14:00:00"), ...given });
  const result = attributeByTime(sharp, contextOf(ledgers, [], { unmanaged }));
  return "reason" in result
    ? [result.reason, null, result.matchIds]
    : [result.isCertain ? "exact" : "window", result.ledger.matchId, result.matchIds];
}

for (
  const [what, times, method, matchId] of [
    ["two minutes before its send", ["14:02:00"], "exact", 1],
    ["a moment more than two minutes before", ["14:02:00.001"], "no_candidate", null],
    ["two minutes after its send", ["13:58:00"], "exact", 1],
    ["a moment more than two minutes after", ["13:57:59.999"], "no_candidate", null],
    ["beside another send ten minutes away", ["14:00:00", "14:10:00"], "window", 1],
    [
      "beside another send a moment more than ten minutes away",
      ["14:00:00", "14:10:00.001"],
      "exact",
      1,
    ],
    ["ten minutes after another send", ["14:00:00", "13:50:00"], "window", 1],
    ["with a lead of exactly a minute", ["14:00:30", "13:58:30"], "window", 1],
    ["with a lead of a moment less than a minute", ["14:00:30", "13:58:30.001"], "tie", null],
    ["just as far from two sends", ["14:01:00", "13:59:00"], "tie", null],
    ["near two sends, and in the window of none", ["14:03:00", "13:51:00"], "no_candidate", null],
  ] as const
) {
  Deno.test(`attributeByTime() judges an event ${what}: ${method}`, () => {
    const ledgers = times.map((time, index) => ledger(index + 1, { sendAt: at(time) }));
    deepStrictEqual(found(ledgers).slice(0, 2), [method, matchId]);
    // Neither the order of the matches nor the names of the ids may matter.
    strictEqual(found(ledgers.toReversed())[0], method);
  });
}

Deno.test("attributeByTime() returns both candidates of a tie, even one outside the window", () => {
  const ledgers = [ledger(1, { sendAt: at("14:01:50") }), ledger(2, { sendAt: at("13:57:50") })];
  deepStrictEqual(found(ledgers), ["tie", null, [1, 2]]);
});

Deno.test("attributeByTime() returns every candidate, the closest first", () => {
  const ledgers = [
    ledger(3, { sendAt: at("14:09:00") }),
    ledger(2, { sendAt: at("13:55:00") }),
    ledger(7, { sendAt: at("14:00:10") }),
  ];
  deepStrictEqual(found(ledgers), ["window", 7, [7, 2, 3]]);
});

for (
  const [state, how] of [
    ["live", "exact"],
    ["completed", "exact"],
    ["creating", "window"],
    ["unknown", "window"],
    ["deleting", "window"],
    ["deleted", "window"],
  ] as const
) {
  Deno.test(`attributeByTime() takes a schedule that is ${state} for a candidate: ${how}`, () => {
    deepStrictEqual(found([ledger(1, { state })]), [how, 1, [1]]);
    deepStrictEqual(found([ledger(1, {}), ledger(2, { state })]), ["tie", null, [1, 2]]);
  });
}

const gone = { state: "completed", deletedAt: at("13:00:00") } as const;
const moving = { sendAt: at("14:00:00"), movingTo: at("16:00:00") };
const left: Partial<ScheduleFacts> = {
  sendAt: at("16:00:00"),
  times: [{ at: at("14:00:00"), leftAt: at("09:00:00") }, { at: at("16:00:00"), leftAt: null }],
};
for (
  const [what, schedules] of [
    ["was completed although it was deleted", [gone]],
    ["may have been moved away", [moving]],
    ["may have been moved here", [{ sendAt: at("16:00:00"), movingTo: at("14:00:00") }]],
    ["was moved away", [left]],
    ["has a deleted one of its match beside it", [{}, { state: "deleted" }]],
    ["is due, but was moved away from a time nearby", [{
      times: [{ at: at("14:08:00"), leftAt: at("09:00:00") }, { at: at("14:00:00"), leftAt: null }],
    }, left]],
  ] as const
) {
  Deno.test(`attributeByTime() is not certain of a schedule that ${what}`, () => {
    deepStrictEqual(found([ledger(1, ...schedules)]), ["window", 1, [1]]);
  });

  Deno.test(`attributeByTime() takes a schedule that ${what} for a candidate beside another`, () => {
    deepStrictEqual(found([ledger(2, {}), ledger(1, ...schedules)]), ["tie", null, [1, 2]]);
  });
}

Deno.test("attributeByTime() takes two schedules of one match for one candidate", () => {
  deepStrictEqual(found([ledger(1, {}, { sendAt: at("14:01:00") })]), ["exact", 1, [1]]);
});

Deno.test("attributeByTime() does not count the schedules of another campaign", () => {
  const ledgers = [ledger(1, {}), ledger(2, { campaignId: OTHER_CAMPAIGN })];
  deepStrictEqual(found(ledgers), ["exact", 1, [1]]);
  deepStrictEqual(found(ledgers, { campaignId: OTHER_CAMPAIGN }), ["exact", 2, [2]]);
});

Deno.test("attributeByTime() counts the schedules of all campaigns for an event without one", () => {
  const ledgers = [ledger(1, {}), ledger(2, { campaignId: OTHER_CAMPAIGN })];
  deepStrictEqual(found(ledgers, { campaignId: null }), ["tie", null, [1, 2]]);
  deepStrictEqual(found([ledger(1, {})], { campaignId: null }), ["window", 1, [1]]);
});

Deno.test("attributeByTime() is not certain of an event whose extras are not ours", () => {
  deepStrictEqual(found([ledger(1, {})], { hasForeignExtras: true }), ["window", 1, [1]]);
});

for (
  const [what, campaignId, time, how] of [
    ["ten minutes away", CAMPAIGN, "14:10:00", "window"],
    ["more than ten minutes away", CAMPAIGN, "14:10:00.001", "exact"],
    ["of another campaign", OTHER_CAMPAIGN, "14:00:00", "exact"],
  ] as const
) {
  Deno.test(`attributeByTime() beside an unmanaged schedule ${what}: ${how}`, () => {
    const unmanaged = [{ campaignId, sendAt: at(time) }];
    deepStrictEqual(found([ledger(1, {})], {}, unmanaged), [how, 1, [1]]);
  });
}
