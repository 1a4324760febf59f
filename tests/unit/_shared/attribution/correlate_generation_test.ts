import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { correlate } from "../../../../supabase/functions/_shared/attribution/correlate.ts";
import { at, contextOf, evidence, identifier, ledger, ledgerIdOf } from "../../../support/facts.ts";

const later = { sendAt: at("16:00:00") };

Deno.test("correlate() uses the generation that an identifier was registered with", () => {
  const context = contextOf([ledger(1, {}, {})], [
    identifier("dispatch_id", "dispatch-1", 1, { generation: 1 }),
    identifier("schedule_id", "schedule-1", 1, { generation: 2 }),
  ]);
  strictEqual(correlate(evidence({ dispatchId: "dispatch-1" }), context).generation, 1);
  strictEqual(correlate(evidence({ scheduleId: "schedule-1" }), context).generation, 2);
});

Deno.test("correlate() finds the generation by time if the identifier belongs to several", () => {
  const context = contextOf([ledger(1, {}, later)], [identifier("send_id", "send-1", 1)]);
  strictEqual(correlate(evidence({ sendId: "send-1" }), context).generation, 1);
  strictEqual(correlate(evidence({ sendId: "match-1" }), context).generation, 1);
});

Deno.test("correlate() lets the echoed generation decide, not that of an identifier", () => {
  const context = contextOf([ledger(1, {}, {})], [
    identifier("schedule_id", "schedule-1", 1, { generation: 1 }),
  ]);
  const given = evidence({
    echoedLedgerId: ledgerIdOf(1),
    echoedGeneration: "2",
    scheduleId: "schedule-1",
  });
  strictEqual(correlate(given, context).generation, 2);
});

Deno.test("correlate() returns no time difference, and no proof, for a generation that was never made", () => {
  const context = contextOf([ledger(1, {}, {})]);
  const given = evidence({ echoedLedgerId: ledgerIdOf(1), echoedGeneration: "9" });
  const { matchId, generation, timing, timeDiffMs, proof } = correlate(given, context);
  deepStrictEqual([matchId, generation, timing, timeDiffMs, proof], [1, null, null, null, null]);
});

Deno.test("correlate() proves the match by the send id alone after a text-only supersede at the same minute", () => {
  const superseded = ledger(1, { state: "live" }, { state: "live" });
  const found = correlate(evidence({ sendId: "match-1" }), contextOf([superseded]));
  deepStrictEqual([found.matchId, found.generation, found.timing, found.proof], [
    1,
    null,
    "in_window",
    "push",
  ]);
});

Deno.test("correlate() attributes a send outside all times, without a generation or a proof", () => {
  const context = contextOf([ledger(1, {}, later)]);
  for (
    const [sentAt, timing] of [
      [at("13:57:59"), "early"],
      [new Date("2024-12-08T16:00:01Z"), "late"],
    ] as const
  ) {
    const found = correlate(evidence({ sendId: "match-1", sentAt, receivedAt: sentAt }), context);
    deepStrictEqual(
      [found.matchId, found.confidence, found.generation, found.timing, found.proof],
      [1, "high", null, timing, null],
    );
  }
});

Deno.test("correlate() takes an open three days later as a proof that is not late", () => {
  const given = evidence({
    eventType: "open",
    timeKind: "occurrence",
    sendId: "match-1",
    sentAt: new Date("2024-12-10T14:00:00Z"),
    receivedAt: new Date("2024-12-10T14:05:00Z"),
  });
  const { generation, timing, proof } = correlate(given, contextOf([ledger(1, {})]));
  deepStrictEqual([generation, timing, proof], [1, "in_window", "push"]);
});

Deno.test("correlate() takes a send at a time that was moved away as a proof", () => {
  const moved = ledger(1, {
    ...later,
    times: [{ at: at("14:00:00"), leftAt: at("10:00:00") }, { at: at("16:00:00"), leftAt: null }],
  });
  for (const named of [{ echoedMatchId: "1", echoedGeneration: "1" }, { sendId: "match-1" }]) {
    const { generation, timing, proof } = correlate(evidence(named), contextOf([moved]));
    deepStrictEqual([generation, timing, proof], [1, "moved_away", "push"]);
  }
});
