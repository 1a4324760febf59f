import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { correlate } from "../../../../supabase/functions/_shared/attribution/correlate.ts";
import {
  createContext,
  type Evidence,
  type ScheduleFacts,
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

/** Which of the schedules 1, 2, … of match 1 is taken for the origin of an event that names the match. */
function generationOf(given: Partial<Evidence>, ...schedules: Partial<ScheduleFacts>[]) {
  const context = createContext([ledger(1, ...schedules)], []);
  return correlate(evidence({ matchId: 1, ...given }), context, [CAMPAIGN]).generation;
}

const live = { state: "live" } as const;
const deleted = { state: "deleted" } as const;
const failed = { state: "failed" } as const;
const later = { sendAt: at("16:00:00") };
const earlier = { sendAt: at("08:00:00") };
const opened = { timeIsSendTime: false, sentAt: at("15:30:00") };

for (
  const [what, given, schedules, generation] of [
    ["the echoed one", { generation: 1 }, [live, live], 1],
    ["the echoed one, though it is deleted", { generation: 1 }, [deleted, live], 1],
    ["none, where an unknown one is echoed", { generation: 9 }, [live], null],
    ["the only one", {}, [live], 1],
    ["the only one, regardless of its time", { sentAt: at("19:00:00") }, [live], 1],
    ["the only one that Braze did not refuse", {}, [failed, live], 2],
    ["none, where Braze refused all", {}, [failed], null],
    ["none, where two go out at that time", {}, [live, live], null],
    ["the one of two at that time that is not deleted", {}, [deleted, live], 2],
    ["none, where both at that time are deleted", {}, [deleted, deleted], null],
    ["the one at that time", {}, [live, { ...live, ...later }], 1],
    ["a deleted one, where only that is at that time", {}, [deleted, { ...live, ...later }], 1],
    [
      "the only one that is not deleted, where none is at that time",
      {},
      [{ ...deleted, ...earlier }, { ...live, ...earlier }],
      2,
    ],
    [
      "none, where none is at that time and two are not deleted",
      {},
      [{ ...live, ...earlier }, { ...live, ...earlier }],
      null,
    ],
    [
      "the one that was due, even a deleted one",
      {},
      [{ ...deleted, ...earlier }, { ...live, ...later }],
      1,
    ],
    ["the only one, for an event without a send time", opened, [live], 1],
    ["the one that is not deleted, for an event without a send time", opened, [deleted, live], 2],
    [
      "the one that was due, for an event without a send time",
      { ...opened, sentAt: at("14:00:23") },
      [live, { ...live, ...later }],
      1,
    ],
    [
      "none of two that were due, for an event without a send time",
      { ...opened, sentAt: at("14:00:23") },
      [{ ...live, ...earlier }, live],
      null,
    ],
    [
      "the one in the event's own campaign",
      {},
      [{ ...deleted, campaignId: CAMPAIGN }, { ...live, campaignId: OTHER_CAMPAIGN }],
      1,
    ],
    ["the only one, for an event that names no campaign", { campaignId: null }, [live], 1],
    [
      "none, where all are of other campaigns",
      {},
      [{ ...live, campaignId: OTHER_CAMPAIGN }],
      null,
    ],
  ] as const
) {
  Deno.test(`correlate() chooses from a match's schedules ${what}`, () => {
    strictEqual(generationOf(given, ...schedules), generation);
  });
}

Deno.test("correlate() finds the schedule by time as well, if time found the match", () => {
  const context = createContext([ledger(1, deleted, live)], []);
  const attribution = correlate(evidence(), context, [CAMPAIGN]);
  strictEqual(attribution.method, "time_exact");
  strictEqual(attribution.generation, 2);
});

Deno.test("correlate() does not use a generation for a ledger row other than its own", () => {
  const context = createContext([ledger(1, live), ledger(2, live, live)], []);
  const given = evidence({ ledgerId: ledgerIdOf(99), matchId: 2, generation: 1 });
  const attribution = correlate(given, context, [CAMPAIGN]);
  strictEqual(attribution.matchId, 2);
  strictEqual(attribution.generation, null);
});

Deno.test("correlate() uses the generation that an identifier was registered with", () => {
  const context = createContext([ledger(1, live, live)], [
    identifier("dispatch_id", "dispatch-1", 1, { generation: 1 }),
  ]);
  const attribution = correlate(evidence({ dispatchId: "dispatch-1" }), context, [CAMPAIGN]);
  strictEqual(attribution.generation, 1);
});

Deno.test("correlate() finds the generation if the identifier is registered for all of them", () => {
  const context = createContext([ledger(1, live, { ...live, ...later })], [
    identifier("send_id", "match-1", 1, { generation: null }),
  ]);
  const attribution = correlate(evidence({ sendId: "match-1" }), context, [CAMPAIGN]);
  strictEqual(attribution.generation, 1);
});

Deno.test("correlate() returns no time difference for an unknown schedule", () => {
  const context = createContext([ledger(1, live, live)], []);
  strictEqual(correlate(evidence({ matchId: 1 }), context, [CAMPAIGN]).timeDiffMs, null);
});

Deno.test("correlate() chooses no schedule that was due after the event", () => {
  const later = createContext([ledger(1, { sendAt: at("19:15:00") })], []);
  const sent = evidence({ matchId: 1, sentAt: at("17:18:30") });
  const { matchId, generation } = correlate(sent, later, [CAMPAIGN]);
  deepStrictEqual([matchId, generation], [1, null]);
  const late = { ...sent, sentAt: at("19:50:00") };
  strictEqual(correlate(late, later, [CAMPAIGN]).generation, 1);
  // When it was sent is not known, but that it was by then.
  for (const [event, generation] of [[sent, null], [late, 1]] as const) {
    const receivedLate = { ...event, timeIsSendTime: false };
    strictEqual(correlate(receivedLate, later, [CAMPAIGN]).generation, generation);
  }
});
