import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  correlate,
  isSend,
  proofOf,
} from "../../../../supabase/functions/_shared/attribution/correlate.ts";
import {
  type Evidence,
  TEST_DISPATCH_ID,
} from "../../../../supabase/functions/_shared/attribution/evidence.ts";
import {
  at,
  CAMPAIGN,
  contextOf,
  evidence,
  identifier,
  ledger,
  ledgerIdOf,
  OTHER_CAMPAIGN,
} from "../../../support/facts.ts";

// Matches 1 to 5 are due with the event, match 6 is due alone at another time.
const context = contextOf(
  [
    ...[1, 2, 3, 4, 5].map((matchId) => ledger(matchId, {})),
    ledger(6, { sendAt: at("18:00:00") }),
  ],
  [
    identifier("schedule_id", "schedule-4", 4),
    identifier("send_id", "send-5", 5),
    identifier("dispatch_id", "dispatch-3", 3),
  ],
  { campaignIds: [CAMPAIGN] },
);

/** The explicit ids, each of which names another match. */
const NAMES = [
  ["ledger_id", 1, { echoedLedgerId: ledgerIdOf(1) }],
  ["match_id", 2, { echoedMatchId: "2" }],
  ["send_id", 3, { sendId: "match-3" }],
  ["schedule_id", 4, { scheduleId: "schedule-4" }],
  ["send_id", 5, { sendId: "send-5" }],
] as const;

for (const [method, matchId, named] of NAMES) {
  Deno.test(`correlate() attributes by ${method} alone: ${Object.values(named)[0]}`, () => {
    const { candidateCount, candidateMatchIds, ...attribution } = correlate(
      evidence(named),
      context,
    );
    deepStrictEqual(attribution, {
      method,
      confidence: "high",
      matchId,
      ledgerId: ledgerIdOf(matchId),
      generation: 1,
      timing: "in_window",
      proof: "push",
      timeDiffMs: 23_000,
    });
    deepStrictEqual([candidateCount, candidateMatchIds], [1, []]);
  });

  for (const [otherMethod, otherId, other] of NAMES) {
    const given: Partial<Evidence> = { ...named, ...other };
    if (matchId >= otherId || Object.keys(given).length === 1) continue;

    Deno.test(`correlate() attributes nothing where ${method} and ${otherMethod} disagree: ${matchId}, ${otherId}`, () => {
      deepStrictEqual(correlate(evidence(given), context), {
        method: "contradiction",
        confidence: "none",
        matchId: null,
        ledgerId: null,
        generation: null,
        timing: null,
        proof: null,
        timeDiffMs: null,
        candidateCount: 2,
        candidateMatchIds: [matchId, otherId],
      });
    });
  }
}

Deno.test("correlate() uses the strongest of the ids that agree", () => {
  const agreeing = contextOf([ledger(1, {})], [
    identifier("schedule_id", "schedule-1", 1),
    identifier("dispatch_id", "dispatch-1", 1),
  ]);
  let given = evidence({
    echoedLedgerId: ledgerIdOf(1),
    echoedMatchId: "1",
    sendId: "match-1",
    scheduleId: "schedule-1",
    dispatchId: "dispatch-1",
  });
  for (
    const [method, withoutTheFormer] of [
      ["ledger_id", {}],
      ["match_id", { echoedLedgerId: null }],
      ["send_id", { echoedMatchId: null }],
      ["schedule_id", { sendId: null }],
      ["dispatch_id", { scheduleId: null }],
      ["time_exact", { dispatchId: null }],
    ] as const
  ) {
    given = { ...given, ...withoutTheFormer };
    strictEqual(correlate(given, agreeing).method, method);
  }
});

// What comes first in the policy decides, whatever else the event carries.
const EVERYTHING: Partial<Evidence> = {
  echoedLedgerId: ledgerIdOf(1),
  echoedMatchId: "1",
  echoedGeneration: "1",
  sendId: "match-1",
  scheduleId: "schedule-4",
};
for (
  const [what, given, method] of [
    ["a test send, even of a Canvas", {
      ...EVERYTHING,
      dispatchId: TEST_DISPATCH_ID,
      canvasId: "canvas-1",
    }, "test_send"],
    ["an event of a Canvas", { ...EVERYTHING, canvasId: "canvas-1" }, "other_campaign"],
    ["an event of a Canvas without a campaign", {
      ...EVERYTHING,
      canvasId: "canvas-1",
      campaignId: null,
    }, "other_campaign"],
    [
      "an event of another campaign",
      { ...EVERYTHING, campaignId: OTHER_CAMPAIGN },
      "other_campaign",
    ],
    ["an invalid echo in another campaign", {
      echoedMatchId: "x",
      campaignId: OTHER_CAMPAIGN,
    }, "other_campaign"],
    ["an unknown echo beside ids that disagree", {
      ...EVERYTHING,
      echoedLedgerId: ledgerIdOf(9),
    }, "unknown_match"],
    ["ids that disagree beside a dispatch id", {
      ...EVERYTHING,
      dispatchId: "dispatch-3",
    }, "contradiction"],
  ] as const
) {
  Deno.test(`correlate() puts first what the policy puts first: ${what} is ${method}`, () => {
    const { confidence, matchId, proof, ...found } = correlate(evidence(given), context);
    strictEqual(found.method, method);
    deepStrictEqual([confidence, matchId, proof], ["none", null, null]);
  });
}

Deno.test("correlate() takes a campaign that a schedule ever used for our own", () => {
  const old = contextOf([ledger(1, { campaignId: OTHER_CAMPAIGN })], [], {
    campaignIds: [OTHER_CAMPAIGN],
  });
  const given = evidence({ campaignId: OTHER_CAMPAIGN, sendId: "match-1" });
  strictEqual(correlate(given, old).matchId, 1);
  strictEqual(correlate({ ...given, sendId: null }, old).method, "time_exact");
});

for (
  const [what, given] of [
    ["its echoed ledger id and generation", {
      echoedLedgerId: ledgerIdOf(1),
      echoedGeneration: "1",
    }],
    ["its send id", { sendId: "match-1" }],
    ["its schedule id", { scheduleId: "schedule-1" }],
  ] as const
) {
  Deno.test(`correlate() attributes no event whose campaign the match did not use, by ${what}`, () => {
    const moved = contextOf(
      [ledger(1, { campaignId: OTHER_CAMPAIGN })],
      [identifier("schedule_id", "schedule-1", 1, { generation: 1 })],
    );
    const { method, candidateMatchIds } = correlate(evidence(given), moved);
    deepStrictEqual([method, candidateMatchIds], ["contradiction", [1]]);
  });
}

Deno.test("correlate() compares the campaign with that of the echoed generation, not of another one", () => {
  const replaced = contextOf([ledger(1, { campaignId: OTHER_CAMPAIGN }, {})], [], {
    campaignIds: [OTHER_CAMPAIGN],
  });
  const given = { echoedLedgerId: ledgerIdOf(1), echoedGeneration: "1" };
  strictEqual(correlate(evidence(given), replaced).method, "contradiction");
  const matching = correlate(evidence({ ...given, campaignId: OTHER_CAMPAIGN }), replaced);
  deepStrictEqual([matching.matchId, matching.generation], [1, 1]);
  strictEqual(correlate(evidence({ ...given, echoedGeneration: null }), replaced).generation, 2);
});

for (const kind of ["schedule_id", "send_id", "dispatch_id"] as const) {
  const name = { schedule_id: "scheduleId", dispatch_id: "dispatchId", send_id: "sendId" } as const;

  Deno.test(`correlate() uses an ambiguous ${kind} neither for nor against a match`, () => {
    const shared = identifier(kind, "shared", 2, { ambiguous: true });
    const two = contextOf([ledger(1, {}), ledger(2, {})], [shared]);
    strictEqual(correlate(evidence({ [name[kind]]: "shared" }), two).method, "tie");
    const named = evidence({ [name[kind]]: "shared", echoedLedgerId: ledgerIdOf(1) });
    strictEqual(correlate(named, two).matchId, 1);
    const alone = contextOf([ledger(1, {})], [shared]);
    strictEqual(correlate(evidence({ [name[kind]]: "shared" }), alone).method, "time_exact");
  });

  Deno.test(`correlate() does not look up a ${kind} as an identifier of another kind`, () => {
    const known = contextOf([ledger(4, { sendAt: at("08:00:00") })], [
      identifier(kind, "value", 4),
    ]);
    const given = evidence({ scheduleId: "value", dispatchId: "value", sendId: "value" });
    strictEqual(correlate({ ...given, [name[kind]]: null }, known).confidence, "none");
  });
}

for (
  const [what, given] of [
    ["schedule id", { scheduleId: "unknown" }],
    ["send id", { sendId: "unknown" }],
  ] as const
) {
  Deno.test(`correlate() attributes no event with an unknown ${what} by weaker evidence`, () => {
    const known = contextOf([ledger(1, {})], [identifier("dispatch_id", "dispatch-1", 1)]);
    for (const dispatchId of [null, "dispatch-1"]) {
      strictEqual(correlate(evidence({ ...given, dispatchId }), known).method, "no_evidence");
    }
  });
}

const lent = [identifier("dispatch_id", "lent", 1, { generation: 1 })];

Deno.test("correlate() leaves B's perfect echo to B, beside a dispatch id of A", () => {
  const both = contextOf([ledger(1, {}), ledger(2, {})], lent);
  const given = evidence({
    echoedLedgerId: ledgerIdOf(2),
    echoedMatchId: "2",
    echoedGeneration: "1",
    dispatchId: "lent",
  });
  const { method, confidence, matchId, generation, proof } = correlate(given, both);
  deepStrictEqual([method, confidence, matchId, generation, proof], [
    "ledger_id",
    "high",
    2,
    1,
    "push",
  ]);
  strictEqual(correlate(evidence({ sendId: "match-2", dispatchId: "lent" }), both).matchId, 2);
});

for (
  const [what, given, method] of [
    ["whose campaign is another one that is ours", { campaignId: OTHER_CAMPAIGN }, "no_candidate"],
    ["before the time of the match", { sentAt: at("12:00:00") }, "no_candidate"],
    [
      "a day after the time of the match",
      { sentAt: new Date("2024-12-08T14:00:01Z"), receivedAt: new Date("2024-12-08T14:05:00Z") },
      "no_candidate",
    ],
    ["at the time of another match", { sentAt: at("11:00:00") }, "time_exact"],
    ["of an open before the time of the match", {
      eventType: "open",
      timeKind: "occurrence",
      sentAt: at("12:00:00"),
    }, "no_evidence"],
  ] as const
) {
  Deno.test(`correlate() ignores a dispatch id on an event ${what}: ${method}`, () => {
    const ours = contextOf([ledger(1, {}), ledger(2, { sendAt: at("11:00:00") })], lent, {
      campaignIds: [OTHER_CAMPAIGN],
    });
    const found = correlate(evidence({ dispatchId: "lent", ...given }), ours);
    deepStrictEqual([found.method, found.matchId === 1], [method, false]);
  });
}

// Finding 1 of the attack: each of these made its match `sent`.
for (
  const [what, given, expected] of [
    ["an event of another campaign, 2 hours early, with a known dispatch id", {
      campaignId: OTHER_CAMPAIGN,
      dispatchId: "lent",
      sentAt: at("12:00:00"),
    }, ["other_campaign", null, null]],
    ["an event of a Canvas, 26 hours early, with a known dispatch id", {
      canvasId: "canvas-1",
      dispatchId: "lent",
      sentAt: new Date("2024-12-06T12:00:00Z"),
    }, ["other_campaign", null, null]],
    ["the echo of a staging copy, whose ledger rows are others", {
      echoedLedgerId: ledgerIdOf(9_001),
      echoedMatchId: "1",
      echoedGeneration: "1",
    }, ["unknown_match", null, null]],
    ["the echo of a restored copy, whose attempts are others", {
      echoedLedgerId: ledgerIdOf(1),
      echoedMatchId: "1",
      echoedGeneration: "1",
      echoedAttemptId: "0b9f6f6e-0000-4d6c-9a51-000000000009",
    }, ["unknown_match", null, null]],
    ["an echo 4 hours 42 minutes early", {
      echoedLedgerId: ledgerIdOf(1),
      echoedMatchId: "1",
      echoedGeneration: "1",
      sentAt: at("09:18:00"),
    }, ["ledger_id", "early", null]],
  ] as const
) {
  Deno.test(`correlate() takes no proof from ${what}`, () => {
    const { method, timing, proof, generation } = correlate(
      evidence(given),
      contextOf([ledger(1, {})], lent),
    );
    deepStrictEqual([method, timing, proof], expected);
    strictEqual(generation, null);
  });
}

// Finding 4 of the attack.
for (
  const [what, more] of [
    ["a known foreign send id", { sendId: "send-5" }],
    ["an own send id", { sendId: "match-1" }],
    ["a known schedule id", { scheduleId: "schedule-4" }],
    ["a known dispatch id", { dispatchId: "dispatch-3" }],
    ["the time", {}],
  ] as const
) {
  for (
    const [echoes, given] of [
      ["an unknown match", { echoedMatchId: "9999" }],
      ["an unknown ledger row", { echoedLedgerId: ledgerIdOf(9_999), echoedMatchId: "1" }],
      ["an unknown match beside a known ledger row", {
        echoedLedgerId: ledgerIdOf(1),
        echoedMatchId: "9999",
      }],
      ["blanks", { echoedMatchId: "" }],
    ] as const
  ) {
    Deno.test(`correlate() lets ${what} not overrule the echo of ${echoes}`, () => {
      strictEqual(correlate(evidence({ ...given, ...more }), context).method, "unknown_match");
    });
  }
}

Deno.test("correlate() waits for the match of an own send id that is unknown", () => {
  const given = evidence({ sendId: "match-9", dispatchId: "dispatch-3" });
  strictEqual(correlate(given, context).method, "unknown_match");
});

for (
  const [what, given, method] of [
    ["its echo", { echoedMatchId: "1" }, "match_id"],
    ["its own send id", { sendId: "match-1" }, "send_id"],
    ["a known foreign send id", { sendId: "send-1" }, "send_id"],
    ["a known dispatch id", { dispatchId: "lent" }, "dispatch_id"],
  ] as const
) {
  Deno.test(`correlate() attributes a flat body without a campaign by ${what}`, () => {
    const known = contextOf([ledger(1, {}), ledger(2, {})], [
      ...lent,
      identifier("send_id", "send-1", 1),
    ]);
    const found = correlate(evidence({ campaignId: null, ...given }), known);
    deepStrictEqual([found.method, found.confidence, found.matchId, found.proof], [
      method,
      "high",
      1,
      "push",
    ]);
  });
}

Deno.test("correlate() leaves an own send id its weight where the extras are cut off", () => {
  const found = correlate(evidence({ hasForeignExtras: true, sendId: "match-1" }), context);
  deepStrictEqual([found.method, found.confidence, found.matchId, found.proof], [
    "send_id",
    "high",
    1,
    "push",
  ]);
});

Deno.test("correlate() attributes an own send id of a later intent of the match", () => {
  strictEqual(correlate(evidence({ sendId: "match-1-2" }), context).matchId, 1);
});

Deno.test("correlate() returns how late the event is", () => {
  const given = evidence({ echoedMatchId: "1" });
  strictEqual(correlate(given, context).timeDiffMs, 23_000);
  const early = { ...given, sentAt: at("13:59:50") };
  strictEqual(correlate(early, context).timeDiffMs, -10_000);
});

for (
  const [channel, eventType, proof, sends] of [
    ["push", "send", "push", true],
    ["push", "open", "push", false],
    ["push", "abort", null, false],
    ["push", "bounce", null, false],
    ["push", "iosforeground", null, false],
    ["push", "unknown", null, false],
    ["webhook", "send", "webhook", true],
    ["webhook", "abort", null, false],
    ["webhook", "failure", null, false],
    ["webhook", "retry", null, false],
    ["email", "send", null, false],
    ["other", "send", null, false],
  ] as const
) {
  Deno.test(`proofOf() accepts ${channel} ${eventType} as a proof of ${proof ?? "nothing"}`, () => {
    strictEqual(proofOf({ channel, eventType }), proof);
    strictEqual(isSend({ channel, eventType }), sends);
    const given = evidence({ channel, eventType, sendId: "match-1" });
    strictEqual(correlate(given, context).proof, proof);
  });
}
