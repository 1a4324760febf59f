import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { correlate } from "../../../../supabase/functions/_shared/attribution/correlate.ts";
import type {
  Attribution,
  Evidence,
  Facts,
  LedgerFacts,
} from "../../../../supabase/functions/_shared/attribution/evidence.ts";
import { identifiersToRegister } from "../../../../supabase/functions/_shared/attribution/identifiers_to_register.ts";
import {
  at,
  CAMPAIGN,
  contextOf,
  evidence,
  identifier,
  ledger,
  ledgerIdOf,
} from "../../../support/facts.ts";

function judge(
  given: Evidence,
  ledgers: readonly LedgerFacts[],
  changes: Partial<Facts> = {},
): Attribution {
  return correlate(given, contextOf(ledgers, changes.identifiers, changes));
}

/** At exactly 14:00:00, so that a schedule's time shows its distance. */
const sharp = evidence({ sentAt: at("14:00:00") });

Deno.test("correlate() returns medium for time_exact, with a proof, and without candidates", () => {
  const { method, confidence, matchId, generation, proof, ...rest } = judge(sharp, [ledger(1, {})]);
  deepStrictEqual([method, confidence, matchId, generation, proof], [
    "time_exact",
    "medium",
    1,
    1,
    "push",
  ]);
  deepStrictEqual([rest.candidateCount, rest.candidateMatchIds], [1, []]);
});

Deno.test("correlate() returns low for time_window, without a proof, and with its candidates", () => {
  const found = judge(sharp, [ledger(1, {}), ledger(2, { sendAt: at("14:05:00") })]);
  deepStrictEqual([found.method, found.confidence, found.matchId, found.proof], [
    "time_window",
    "low",
    1,
    null,
  ]);
  deepStrictEqual([found.candidateCount, found.candidateMatchIds], [2, [1, 2]]);
});

Deno.test("correlate() takes a time-only medium back when a second match with that time appears", () => {
  const alone = [ledger(1, {})];
  strictEqual(judge(sharp, alone).confidence, "medium");
  const { method, matchId, proof } = judge(sharp, [...alone, ledger(2, {})]);
  deepStrictEqual([method, matchId, proof], ["tie", null, null]);
  const near = judge(sharp, [...alone, ledger(2, { sendAt: at("14:03:00") })]);
  deepStrictEqual([near.confidence, near.proof], ["low", null]);
});

Deno.test("correlate() returns at most low for an event beside an unmanaged schedule", () => {
  const unmanaged = [{ campaignId: CAMPAIGN, sendAt: at("14:04:00") }];
  const found = judge(sharp, [ledger(1, {})], { unmanaged });
  deepStrictEqual([found.method, found.confidence, found.matchId, found.proof], [
    "time_window",
    "low",
    1,
    null,
  ]);
});

for (
  const [what, given] of [
    ["no campaign", { campaignId: null }],
    ["extras that are not ours", { hasForeignExtras: true }],
  ] as const
) {
  Deno.test(`correlate() returns at most low by time for an event with ${what}`, () => {
    const found = judge({ ...sharp, ...given }, [ledger(1, {})]);
    deepStrictEqual([found.method, found.matchId, found.proof], ["time_window", 1, null]);
  });
}

// Finding 6 of the attack: each of these was time_exact at medium, and proved `sent`.
const ofAnother = ledger(2, { sendAt: at("20:00:00") });
const moving = { state: "live", sendAt: at("14:00:00"), movingTo: at("16:00:00") } as const;
const movedAway = ledger(2, {
  sendAt: at("16:00:00"),
  times: [{ at: at("14:00:00"), leftAt: at("13:59:00") }, { at: at("16:00:00"), leftAt: null }],
});
for (
  const [what, given, ledgers, method, matchId] of [
    [
      "another match's own send id",
      { sendId: "match-2" },
      [ledger(1, {}), ofAnother],
      "send_id",
      2,
    ],
    [
      "an unknown match's own send id",
      { sendId: "match-7" },
      [ledger(1, {})],
      "unknown_match",
      null,
    ],
    ["a malformed match id", { echoedMatchId: "12a" }, [ledger(1, {})], "unknown_match", null],
    ["a malformed generation", { echoedGeneration: "one" }, [ledger(1, {})], "unknown_match", null],
    ["a generation alone", { echoedGeneration: "1" }, [ledger(1, {})], "unknown_match", null],
    [
      "a webhook.Failure",
      { channel: "webhook", eventType: "failure" },
      [ledger(1, {})],
      "no_evidence",
      null,
    ],
    [
      "a webhook.Retry",
      { channel: "webhook", eventType: "retry" },
      [ledger(1, {})],
      "no_evidence",
      null,
    ],
    [
      "an Abort",
      { eventType: "abort", timeKind: "occurrence" },
      [ledger(1, {})],
      "no_evidence",
      null,
    ],
    ["an Abort that poses as a send", { eventType: "abort" }, [ledger(1, {})], "no_evidence", null],
    [
      "a Bounce",
      { eventType: "bounce", timeKind: "occurrence" },
      [ledger(1, {})],
      "no_evidence",
      null,
    ],
    [
      "an Open",
      { eventType: "open", timeKind: "occurrence" },
      [ledger(1, {})],
      "no_evidence",
      null,
    ],
    [
      "an event of unknown kind",
      { eventType: "unknown", timeKind: "occurrence" },
      [ledger(1, {})],
      "no_evidence",
      null,
    ],
    [
      "a message without a time",
      { channel: "webhook", timeKind: "receipt" },
      [ledger(1, {})],
      "no_evidence",
      null,
    ],
    [
      "a date four hours ahead",
      { receivedAt: at("10:00:00") },
      [ledger(1, {})],
      "no_evidence",
      null,
    ],
    ["the old time of an unknown move", {}, [ledger(1, moving)], "time_window", 1],
    [
      "the new time of an unknown move",
      { sentAt: at("16:00:00"), receivedAt: at("16:00:10") },
      [ledger(1, moving)],
      "time_window",
      1,
    ],
    [
      "the neighbour of a match that was just moved away",
      {},
      [ledger(1, {}), movedAway],
      "tie",
      null,
    ],
  ] as const
) {
  Deno.test(`correlate() proves nothing by time from ${what}: ${method}`, () => {
    const found = judge(evidence(given), ledgers);
    deepStrictEqual([found.method, found.matchId, found.proof], [method, matchId, null]);
  });
}

Deno.test("correlate() finds the schedule by time as well, if time found the match", () => {
  const given = evidence({ sentAt: at("14:00:23") });
  const found = judge(given, [ledger(1, { sendAt: at("08:00:00") }, {})]);
  // At 14:00 the schedule of 08:00 may still be sending.
  deepStrictEqual([found.method, found.generation, found.proof], ["time_exact", null, "push"]);
  const next = judge(given, [ledger(1, {}, { sendAt: at("20:00:00") })]);
  deepStrictEqual([next.method, next.generation], ["time_exact", 1]);
});

// Saturday, 7 December 2024: three matches at 15:00, so three sends at 14:00:00.
const saturday = [1001, 1002, 1003].map((matchId) => ledger(matchId, {}));
const open = evidence({ dispatchId: "dispatch-1002" });

Deno.test("correlate() attributes an event to none of three matches at its time", () => {
  const { method, confidence, matchId, candidateCount, candidateMatchIds } = judge(open, saturday);
  deepStrictEqual([method, confidence, matchId, candidateCount], ["tie", "none", null, 3]);
  deepStrictEqual(candidateMatchIds, [1001, 1002, 1003]);
});

Deno.test("correlate() attributes the event of three matches once its dispatch id is registered", () => {
  const echoing = { ...open, echoedLedgerId: ledgerIdOf(1002), echoedGeneration: "1" };
  const identifiers = identifiersToRegister(echoing, contextOf(saturday))
    .map((registered) => ({ ...registered, ambiguous: false }));
  const { method, confidence, matchId, generation, timeDiffMs } = judge(open, saturday, {
    identifiers,
  });
  deepStrictEqual([method, confidence, matchId, generation, timeDiffMs], [
    "dispatch_id",
    "high",
    1002,
    1,
    23_000,
  ]);
});

Deno.test("correlate() attributes the event of three matches once its send id is known", () => {
  const given = evidence({ sendId: "xyz-789" });
  strictEqual(judge(given, saturday).method, "no_evidence");
  const identifiers = [identifier("send_id", "xyz-789", 1002)];
  const { matchId, confidence } = judge(given, saturday, { identifiers });
  deepStrictEqual([matchId, confidence], [1002, "high"]);
});
