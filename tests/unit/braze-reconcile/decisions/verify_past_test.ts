/** Findings about pushes that were due: events, staleness, Braze's numbers and the remainder. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  attributeByElimination,
  clustersOf,
} from "../../../../supabase/functions/braze-reconcile/decisions/elimination.ts";
import { countPushes } from "../../../../supabase/functions/braze-reconcile/decisions/pushes.ts";
import { findStale } from "../../../../supabase/functions/braze-reconcile/decisions/stale.ts";
import { verify } from "../../../../supabase/functions/braze-reconcile/decisions/verify.ts";
import type {
  ScheduleAround,
  UnattributedSends,
} from "../../../../supabase/functions/_shared/store/unattributed_events.ts";
import type { KnownMatch } from "../../../../supabase/functions/_shared/store/reconciliation.ts";
import { at, ledgerIdOf } from "../../../support/facts.ts";
import { knownMatch } from "../../../support/known.ts";

function findings(match: KnownMatch, now: Date, presence: "present" | "absent" | "unknown") {
  const { found, toConfirm } = verify([match], () => presence, now);
  return [
    ...Object.entries(found).flatMap(([name, matches]) => matches.length > 0 ? [name] : []),
    ...toConfirm.map(() => "to confirm"),
  ];
}

for (
  const [what, match, time, presence, expected] of [
    ["a pending one that is listed", knownMatch(1), "06:00", "present", ["future_ok"]],
    ["a pending one that is missing", knownMatch(1), "06:00", "absent", ["future_missing"]],
    ["a pending one, unseen", knownMatch(1), "06:00", "unknown", ["future_unknown"]],
    ["a cancelled one", knownMatch(1, { status: "cancelled" }), "06:00", "present", []],
    ["one due just now", knownMatch(1), "14:29", "unknown", ["past_awaiting"]],
    ["one due for 30 minutes", knownMatch(1), "14:30", "unknown", [
      "past_no_webhook",
      "stale_pending",
    ]],
    [
      "one that may have been moved to 16:30",
      knownMatch(1, {}, { movingTo: at("16:30:00") }),
      "14:40",
      "unknown",
      ["past_awaiting"],
    ],
    [
      "one sent by what Braze counts",
      knownMatch(1, { status: "sent" }),
      "15:00",
      "unknown",
      ["past_no_webhook"],
    ],
    [
      "one sent, with events",
      knownMatch(1, { status: "sent", hasEvents: true }),
      "15:00",
      "unknown",
      ["past_with_webhook"],
    ],
    [
      "one pending, with events",
      knownMatch(1, { hasEvents: true }),
      "14:05",
      "unknown",
      ["past_with_webhook", "to confirm"],
    ],
    [
      "one cancelled, with events",
      knownMatch(1, { status: "cancelled", hasEvents: true }),
      "14:05",
      "unknown",
      ["to confirm"],
    ],
  ] as const
) {
  Deno.test(`verify() of ${what}: ${expected.join(", ") || "nothing"}`, () => {
    deepStrictEqual(findings(match, at(`${time}:00`), presence), expected);
  });
}

for (
  const [what, match, now, expected] of [
    ["not yet", knownMatch(1), at("14:29:00"), null],
    ["with events", knownMatch(1, { hasEvents: true }), at("15:00:00"), null],
    ["sent", knownMatch(1, { status: "sent" }), at("15:00:00"), null],
    ["soft", knownMatch(1), at("14:30:00"), [false, null]],
    ["hard", knownMatch(1), new Date("2024-12-08T14:00:00Z"), [true, null]],
    ["without a send id", knownMatch(1, { sendId: null }), at("15:00:00"), [false, "no_send_id"]],
    [
      "longer ago than Braze remembers",
      knownMatch(1),
      new Date("2024-12-22T15:00:00Z"),
      [true, "statistics_gone"],
    ],
    [
      "beside an older schedule that was sent",
      knownMatch(1, {}, { state: "completed", firstEventAt: at("12:00:00") }, {}),
      at("15:00:00"),
      [false, "another_schedule_may_have_gone_out"],
    ],
    [
      "beside an older schedule that may be live",
      knownMatch(1, {}, { state: "unknown" }, {}),
      at("15:00:00"),
      [false, "another_schedule_may_have_gone_out"],
    ],
    [
      "beside an older schedule that was deleted 20 minutes before its send",
      knownMatch(1, {}, { state: "deleted", updatedAt: at("13:40:00") }, {}),
      at("15:00:00"),
      [false, "another_schedule_may_have_gone_out"],
    ],
    [
      "beside an older schedule that a person called not there",
      knownMatch(1, {}, { state: "deleted", brazeScheduleId: null }, {}),
      at("15:00:00"),
      [false, "another_schedule_may_have_gone_out"],
    ],
    [
      "beside an older schedule that was deleted the day before",
      knownMatch(1, {}, { state: "deleted" }, {}),
      at("15:00:00"),
      [false, null],
    ],
  ] as const
) {
  Deno.test(
    `findStale() of a push ${what}: ${
      expected === null
        ? "none"
        : `${expected[0] ? "for good" : "open"}, ${expected[1] ?? "Braze may confirm"}`
    }`,
    () => {
      deepStrictEqual(
        findStale([match], now).map((stale) => [stale.isForGood, stale.unconfirmable]),
        expected === null ? [] : [expected],
      );
    },
  );
}

function day(channels: Record<string, (number | null)[]>) {
  return {
    day: "2024-12-07",
    uniqueRecipients: null,
    channels: Object.fromEntries(
      Object.entries(channels).map(([channel, counts]) => [
        channel,
        counts.map((sent) => ({
          sent,
          delivered: null,
          bounces: null,
          directOpens: null,
          totalOpens: null,
          uniqueRecipients: null,
          errors: null,
        })),
      ]),
    ),
  };
}

Deno.test("countPushes() sums every push channel, variation and day, and nothing else", () => {
  strictEqual(
    countPushes([
      day({ ios_push: [3, 4], android_push: [10], webhook: [500], email: [7] }),
      day({ web_push: [1] }),
    ]),
    18,
  );
});

Deno.test("countPushes() distinguishes zero from unknown", () => {
  strictEqual(countPushes([day({})]), 0);
  strictEqual(countPushes([]), null);
  strictEqual(countPushes([day({ ios_push: [3, null] })]), null);
});

function around(matchId: number, changes: Partial<ScheduleAround> = {}): ScheduleAround {
  return {
    ledgerId: ledgerIdOf(matchId),
    matchId,
    generation: 1,
    state: "live",
    sendAt: at("14:00:00"),
    movingTo: null,
    sendId: `match-${matchId}`,
    attributed: 10,
    ...changes,
  };
}

const THREE = [around(1), around(2), around(3, { attributed: 0 })];
const OPEN: UnattributedSends = {
  seconds: [{ sentAt: at("14:00:10"), events: 4 }, { sentAt: at("14:01:00"), events: 6 }],
  schedules: THREE,
};
const LATER = at("15:00:00");
const BALANCED = new Map([["match-1", 10], ["match-2", 10], ["match-3", 10]]);

function eliminated(open: UnattributedSends, sent: ReadonlyMap<string, number | null>) {
  return clustersOf(open, LATER).map((cluster) => attributeByElimination(cluster, sent));
}

Deno.test("attributeByElimination() attributes the remainder to the one match that lacks exactly that number", () => {
  deepStrictEqual(eliminated(OPEN, BALANCED), [{
    first: at("14:00:10"),
    last: at("14:01:00"),
    events: 10,
    ledgerId: ledgerIdOf(3),
    matchId: 3,
    generation: 1,
    sendAt: at("14:00:00"),
    candidateCount: 3,
  }]);
});

for (
  const [what, sent] of [
    ["one more than is left over is missing", [["match-3", 11]]],
    ["one less than is left over is missing", [["match-3", 9]]],
    ["two matches lack events", [["match-1", 20], ["match-3", 1]]],
    ["a neighbour has more events than Braze counts", [["match-2", 9]]],
    ["a neighbour's number is not known", [["match-2", null]]],
  ] as const
) {
  Deno.test(`attributeByElimination() attributes nothing if ${what}`, () => {
    deepStrictEqual(eliminated(OPEN, new Map([...BALANCED, ...sent])), [null]);
  });
}

Deno.test("attributeByElimination() requires a distinct send id for each candidate", () => {
  const schedules = [around(1, { sendId: null }), ...THREE.slice(1)];
  deepStrictEqual(eliminated({ ...OPEN, schedules }, BALANCED), [null]);
});

Deno.test("attributeByElimination() does not choose between two schedules of the match", () => {
  const schedules = [...THREE, around(3, { attributed: 0, generation: 2 })];
  strictEqual(eliminated({ ...OPEN, schedules }, BALANCED)[0]?.generation, null);
  const deleted = [...THREE.slice(0, 2), around(3, { attributed: 0, state: "deleted" })];
  const two = [...deleted, around(3, { attributed: 0, generation: 2 })];
  strictEqual(eliminated({ ...OPEN, schedules: two }, BALANCED)[0]?.generation, 2);
});

Deno.test("clustersOf() waits until events and numbers are complete", () => {
  deepStrictEqual(clustersOf(OPEN, at("14:20:00")), []);
  const late = [...THREE, around(4, { sendAt: at("14:09:00") })];
  deepStrictEqual(clustersOf({ ...OPEN, schedules: late }, at("14:35:00")), []);
  strictEqual(clustersOf({ ...OPEN, schedules: late }, at("14:45:00")).length, 1);
});

Deno.test("clustersOf() separates sends that share no candidate", () => {
  const evening = around(9, { sendAt: at("19:00:00"), attributed: 0 });
  const open: UnattributedSends = {
    seconds: [...OPEN.seconds, { sentAt: at("19:00:30"), events: 5 }],
    schedules: [...THREE, evening],
  };
  const clusters = clustersOf(open, at("20:00:00"));
  deepStrictEqual(
    clusters.map(({ events, candidates }) => [events, candidates.map(({ matchId }) => matchId)]),
    [[10, [1, 2, 3]], [5, [9]]],
  );
});
