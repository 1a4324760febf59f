import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { correlate } from "../../../../supabase/functions/_shared/attribution/correlate.ts";
import {
  createContext,
  type Evidence,
} from "../../../../supabase/functions/_shared/attribution/evidence.ts";
import {
  at,
  CAMPAIGN,
  evidence,
  identifier,
  ledger,
  ledgerIdOf,
  OTHER_CAMPAIGN,
} from "../../../support/facts.ts";

// Each kind of evidence names another match, and the time yet another one.
const context = createContext(
  [
    ledger(1, { sendAt: at("08:00:00") }),
    ledger(2, { sendAt: at("08:00:00") }),
    ledger(3, { sendAt: at("08:00:00") }),
    ledger(4, { sendAt: at("08:00:00") }),
    ledger(5, { sendAt: at("08:00:00") }),
    ledger(6, { sendAt: at("14:00:00") }),
  ],
  [
    identifier("schedule_id", "schedule-3", 3),
    identifier("send_id", "send-4", 4),
    identifier("dispatch_id", "dispatch-5", 5),
  ],
);
const everything = evidence({
  ledgerId: ledgerIdOf(1),
  matchId: 2,
  scheduleId: "schedule-3",
  sendId: "send-4",
  dispatchId: "dispatch-5",
});
const strongestFirst = [
  ["ledger_id", 1, "high", {}],
  ["match_id", 2, "high", { ledgerId: null }],
  ["schedule_id", 3, "high", { matchId: null }],
  ["send_id", 4, "high", { scheduleId: null }],
  ["dispatch_id", 5, "high", { sendId: null }],
  ["time_exact", 6, "medium", { dispatchId: null }],
] as const;

let said: Evidence = everything;
for (const [index, [method, matchId, confidence, withoutTheFormer]] of strongestFirst.entries()) {
  const given = { ...said, ...withoutTheFormer };
  said = given;
  const weaker = strongestFirst.slice(index + 1, -1);

  Deno.test(`correlate() uses ${method} if there is no stronger evidence`, () => {
    const attribution = correlate(given, context, [CAMPAIGN]);
    strictEqual(attribution.method, method);
    strictEqual(attribution.confidence, confidence);
    strictEqual(attribution.matchId, matchId);
    strictEqual(attribution.ledgerId, ledgerIdOf(matchId));
  });

  Deno.test(`correlate() reports every evidence that contradicts ${method}`, () => {
    deepStrictEqual(
      correlate(given, context, [CAMPAIGN]).contradictions,
      weaker.map(([method, matchId]) => ({ method, matchId })),
    );
  });
}

for (
  const [what, ownSendId, sendId, method] of [
    ["with another send id than the match's own", "match-1", "send-of-another", "no_candidate"],
    ["with the match's own send id", "match-1", "match-1", "dispatch_id"],
    ["without a send id", "match-1", null, "dispatch_id"],
    // Braze makes a new one for each schedule that was made without.
    [
      "with another send id, if the match has no own send id",
      "braze-made",
      "send-2",
      "dispatch_id",
    ],
    ["with a send id, if the match has none", null, "send-2", "dispatch_id"],
  ] as const
) {
  Deno.test(`correlate() returns for a dispatch id ${what}: ${method}`, () => {
    const sharing = createContext(
      [{ ...ledger(1, { sendAt: at("08:00:00") }), sendId: ownSendId }],
      [identifier("dispatch_id", "dispatch-1", 1)],
    );
    const given = evidence({ dispatchId: "dispatch-1", sendId });
    strictEqual(correlate(given, sharing, [CAMPAIGN]).method, method);
  });
}

Deno.test("correlate() attributes no event without identifiers far from any send", () => {
  deepStrictEqual(correlate(evidence({ sentAt: at("20:00:00") }), context, [CAMPAIGN]), {
    method: "no_candidate",
    confidence: "none",
    matchId: null,
    ledgerId: null,
    generation: null,
    timeDiffMs: null,
    candidateCount: 0,
    candidateMatchIds: [],
    contradictions: [],
  });
});

Deno.test("correlate() reports no contradiction if all evidence names one match", () => {
  const agreeing = createContext([ledger(4, {})], [identifier("dispatch_id", "dispatch-4", 4)]);
  const given = evidence({ ledgerId: ledgerIdOf(4), matchId: 4, dispatchId: "dispatch-4" });
  deepStrictEqual(correlate(given, agreeing, [CAMPAIGN]).contradictions, []);
});

Deno.test("correlate() returns the delay of the event", () => {
  const { timeDiffMs } = correlate(evidence({ matchId: 6 }), context, [CAMPAIGN]);
  strictEqual(timeDiffMs, 23_000);
  const early = evidence({ matchId: 6, sentAt: at("13:59:50") });
  strictEqual(correlate(early, context, [CAMPAIGN]).timeDiffMs, -10_000);
});

for (const kind of ["schedule_id", "dispatch_id", "send_id"] as const) {
  const name = { schedule_id: "scheduleId", dispatch_id: "dispatchId", send_id: "sendId" } as const;

  Deno.test(`correlate() attributes nothing by an ambiguous ${kind}`, () => {
    const known = createContext([ledger(4, { sendAt: at("08:00:00") })], [
      identifier(kind, "shared", 4, { ambiguous: true }),
    ]);
    const given = evidence({ [name[kind]]: "shared" });
    strictEqual(correlate(given, known, [CAMPAIGN]).confidence, "none");
  });

  Deno.test(`correlate() does not look up a ${kind} as an identifier of another kind`, () => {
    const known = createContext([ledger(4, { sendAt: at("08:00:00") })], [
      identifier(kind, "value", 4),
    ]);
    const given = evidence({ scheduleId: "value", dispatchId: "value", sendId: "value" });
    strictEqual(
      correlate({ ...given, [name[kind]]: null }, known, [CAMPAIGN]).confidence,
      "none",
    );
  });
}

Deno.test("correlate() skips an ambiguous identifier, and uses the next one", () => {
  const known = createContext([ledger(4, {}), ledger(5, {})], [
    identifier("dispatch_id", "shared", 4, { ambiguous: true }),
    identifier("send_id", "send-5", 5),
  ]);
  const attribution = correlate(
    evidence({ dispatchId: "shared", sendId: "send-5" }),
    known,
    [CAMPAIGN],
  );
  strictEqual(attribution.method, "send_id");
  strictEqual(attribution.matchId, 5);
  deepStrictEqual(attribution.contradictions, []);
});

Deno.test("correlate() falls back to the match if the echoed ledger row is unknown", () => {
  const given = evidence({ ledgerId: ledgerIdOf(99), matchId: 6 });
  strictEqual(correlate(given, context, [CAMPAIGN]).method, "match_id");
});

Deno.test("correlate() attributes no test send, regardless of its echo", () => {
  const attribution = correlate({ ...everything, isTest: true }, context, [CAMPAIGN]);
  strictEqual(attribution.method, "test_send");
  strictEqual(attribution.ledgerId, null);
  deepStrictEqual(attribution.contradictions, []);
});

Deno.test("correlate() attributes no events of another campaign", () => {
  const given = evidence({ campaignId: OTHER_CAMPAIGN });
  strictEqual(correlate(given, context, [CAMPAIGN]).method, "other_campaign");
});

Deno.test("correlate() accepts an echo even from an unknown campaign", () => {
  const given = evidence({ campaignId: OTHER_CAMPAIGN, ledgerId: ledgerIdOf(6) });
  strictEqual(correlate(given, context, [CAMPAIGN]).matchId, 6);
});

Deno.test("correlate() recognises a campaign that only an older schedule had", () => {
  const old = createContext([ledger(6, { campaignId: OTHER_CAMPAIGN })], []);
  const given = evidence({ campaignId: OTHER_CAMPAIGN });
  strictEqual(correlate(given, old, [CAMPAIGN]).method, "time_exact");
});

Deno.test("correlate() does not use the time of an event without a campaign", () => {
  const given = evidence({ campaignId: null });
  strictEqual(correlate(given, context, [CAMPAIGN]).method, "no_evidence");
});

Deno.test("correlate() never attributes an event by time that does not state its send time", () => {
  const opened = evidence({ eventType: "open", timeIsSendTime: false });
  strictEqual(correlate(opened, context, [CAMPAIGN]).method, "no_evidence");
});

for (
  const [what, named, method] of [
    ["an unknown match", { matchId: 9_999 }, "unknown_match"],
    ["an unknown ledger row", { ledgerId: ledgerIdOf(9_999) }, "unknown_match"],
    ["an unknown schedule", { scheduleId: "unknown" }, "no_evidence"],
  ] as const
) {
  for (
    const [weaker, more] of [["its dispatch id", { dispatchId: "dispatch-1" }], [
      "the time",
      {},
    ]] as const
  ) {
    Deno.test(`correlate() attributes an event that names ${what} to no other match by ${weaker}`, () => {
      const context = createContext([ledger(1, {})], [identifier("dispatch_id", "dispatch-1", 1)]);
      const { confidence, method: judgedBy } = correlate(
        evidence({ ...named, ...more }),
        context,
        [CAMPAIGN],
      );
      deepStrictEqual([confidence, judgedBy], ["none", method]);
    });
  }
}
