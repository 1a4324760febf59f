import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ListedSchedule } from "../../../supabase/functions/_shared/braze/listing.ts";
import type { AuditInput } from "../../../supabase/functions/_shared/store/audits.ts";
import { compare } from "../../../supabase/functions/braze-count-audit/compare.ts";
import { at, CAMPAIGN, ledgerIdOf } from "../../support/facts.ts";

const NOW = at("06:00:00");
const UNTIL = at("18:00:00");
const LONG_AGO = at("05:00:00");

type Pending = AuditInput["pending"][number];
type Known = AuditInput["known"][number];

function pending(matchId: number, changes: Partial<Pending> = {}): Pending {
  return {
    matchId,
    ledgerId: ledgerIdOf(matchId),
    generation: 1,
    brazeScheduleId: `schedule-${matchId}`,
    sendAt: at("14:00:00"),
    askedAt: LONG_AGO,
    ...changes,
  };
}

function listed(scheduleId: string, changes: Partial<ListedSchedule> = {}): ListedSchedule {
  return {
    scheduleId,
    campaignId: CAMPAIGN,
    sendAt: at("14:00:00"),
    triggerProperties: null,
    dispatchId: null,
    sendId: null,
    ...changes,
  };
}

function held(
  rows: readonly Pending[],
  entries: readonly ListedSchedule[],
  known: readonly Known[] = [],
) {
  return compare(
    { mode: "per_schedule", schedules: entries, beganAt: NOW },
    { pending: [...rows], known: [...known] },
    UNTIL,
    NOW,
  );
}

function inShort(comparison: ReturnType<typeof compare>) {
  const { status, ledgerPending, brazeActual, missingInBraze, extraInBraze } = comparison;
  return {
    status,
    counts: [ledgerPending, brazeActual],
    missing: missingInBraze?.map(({ matchId }) => matchId),
    extra: extraInBraze?.map(({ scheduleId }) => scheduleId),
  };
}

const one = pending(1);
const two = pending(2);

for (
  const [what, rows, entries, wanted] of [
    ["the same", [one, two], [listed("schedule-2"), listed("schedule-1")], {
      status: "in_sync",
      counts: [2, 2],
      missing: [],
      extra: [],
    }],
    ["one missing", [one, two], [listed("schedule-1")], {
      status: "mismatch",
      counts: [2, 1],
      missing: [2],
      extra: [],
    }],
    ["one extra", [one], [listed("schedule-1"), listed("other")], {
      status: "mismatch",
      counts: [1, 2],
      missing: [],
      extra: ["other"],
    }],
    ["one missing and one extra", [one], [listed("other")], {
      status: "mismatch",
      counts: [1, 1],
      missing: [1],
      extra: ["other"],
    }],
    ["one schedule listed twice", [one], [listed("schedule-1"), listed("schedule-1")], {
      status: "in_sync",
      counts: [1, 1],
      missing: [],
      extra: [],
    }],
    ["a row that was just asked for", [one, pending(2, { askedAt: at("05:56:00") })], [
      listed("schedule-1"),
    ], { status: "in_sync", counts: [1, 1], missing: [], extra: [] }],
    ["a row that was asked for 5 minutes ago", [pending(1, { askedAt: at("05:54:59") })], [], {
      status: "mismatch",
      counts: [1, 0],
      missing: [1],
      extra: [],
    }],
    ["a row that was just asked for and is listed", [pending(1, { askedAt: at("05:59:00") })], [
      listed("schedule-1"),
    ], { status: "in_sync", counts: [1, 1], missing: [], extra: [] }],
    ["a row beyond the horizon", [pending(1, { sendAt: at("18:00:01") })], [], {
      status: "in_sync",
      counts: [0, 0],
      missing: [],
      extra: [],
    }],
    ["a row at the horizon", [pending(1, { sendAt: UNTIL })], [], {
      status: "mismatch",
      counts: [1, 0],
      missing: [1],
      extra: [],
    }],
    ["entries beyond the horizon, and past", [], [
      listed("later", { sendAt: at("18:00:01") }),
      listed("past", { sendAt: NOW }),
    ], { status: "in_sync", counts: [0, 0], missing: [], extra: [] }],
    ["an entry without a time", [], [listed("timeless", { sendAt: null })], {
      status: "mismatch",
      counts: [0, 1],
      missing: [],
      extra: ["timeless"],
    }],
    // Braze means to send it at another time, which is not a matter of counts.
    ["a row that Braze lists beyond the horizon", [one], [
      listed("schedule-1", { sendAt: at("19:00:00") }),
    ], { status: "in_sync", counts: [1, 1], missing: [], extra: [] }],
    ["a row without an id", [pending(1, { brazeScheduleId: null })], [], {
      status: "mismatch",
      counts: [1, 0],
      missing: [1],
      extra: [],
    }],
    ["a row without an id that an entry echoes", [pending(1, { brazeScheduleId: null })], [
      listed("found", { triggerProperties: { ledger_id: ledgerIdOf(1), generation: 1 } }),
    ], { status: "in_sync", counts: [1, 1], missing: [], extra: [] }],
    [
      "a row without an id that an entry of another generation echoes",
      [
        pending(1, { brazeScheduleId: null, generation: 2 }),
      ],
      [listed("found", { triggerProperties: { ledger_id: ledgerIdOf(1), generation: 1 } })],
      {
        status: "mismatch",
        counts: [1, 1],
        missing: [1],
        extra: ["found"],
      },
    ],
    ["a row without an id that two entries echo", [pending(1, { brazeScheduleId: null })], [
      listed("first", { triggerProperties: { ledger_id: ledgerIdOf(1), generation: 1 } }),
      listed("second", { triggerProperties: { ledger_id: ledgerIdOf(1), generation: 1 } }),
    ], { status: "mismatch", counts: [1, 2], missing: [], extra: ["second"] }],
    ["a second schedule with the echo of the first", [one], [
      listed("schedule-1"),
      listed("second", { triggerProperties: { ledger_id: ledgerIdOf(1), generation: 1 } }),
    ], { status: "mismatch", counts: [1, 2], missing: [], extra: ["second"] }],
    // Its own schedule is missing, regardless of another schedule's echo.
    ["another schedule with the echo of the missing one", [one], [
      listed("second", { triggerProperties: { ledger_id: ledgerIdOf(1), generation: 1 } }),
    ], { status: "mismatch", counts: [1, 1], missing: [1], extra: ["second"] }],
  ] as const
) {
  Deno.test(`compare() of ${what} is ${wanted.status}`, () => {
    deepStrictEqual(inShort(held(rows, entries)), wanted);
  });
}

for (
  const [what, known, extra] of [
    ["deleted 4 minutes ago", { isDeleted: true, changedAt: at("05:56:00") }, []],
    ["deleted 6 minutes ago", { isDeleted: true, changedAt: at("05:54:00") }, ["old"]],
    ["an old generation that is live still", { isDeleted: false, changedAt: at("05:59:00") }, [
      "old",
    ]],
  ] as const
) {
  Deno.test(`compare() ${extra.length === 0 ? "ignores" : "reports"} a listed schedule that was ${what}`, () => {
    const known_ = [{ brazeScheduleId: "old", matchId: 1, ...known }];
    const { extraInBraze } = held([one], [listed("schedule-1"), listed("old")], known_);
    deepStrictEqual(extraInBraze?.map(({ scheduleId }) => scheduleId), extra);
  });
}

for (
  const [what, entry, known, matchId] of [
    ["its echo", listed("x", { triggerProperties: { match_id: "7" } }), [], 7],
    ["a number that it echoes", listed("x", { triggerProperties: { match_id: 7 } }), [], 7],
    [
      "our own record, in preference to its echo",
      listed("x", { triggerProperties: { match_id: "7" } }),
      [
        { brazeScheduleId: "x", matchId: 8, isDeleted: false, changedAt: LONG_AGO },
      ],
      8,
    ],
    ["nothing", listed("x"), [], null],
    [
      "nothing that is a number",
      listed("x", { triggerProperties: { match_id: "seven" } }),
      [],
      null,
    ],
  ] as const
) {
  Deno.test(`compare() identifies the match of an extra schedule by ${what}`, () => {
    deepStrictEqual(held([], [entry], known).extraInBraze, [{ matchId, scheduleId: "x" }]);
  });
}

for (const mode of ["per_campaign", "empty", "unavailable"] as const) {
  Deno.test(`compare() returns unknown for a listing that is ${mode}, regardless of its entries`, () => {
    const comparison = compare(
      { mode, schedules: [listed("schedule-1"), listed("other")], beganAt: NOW },
      { pending: [one, two], known: [] },
      UNTIL,
      NOW,
    );
    deepStrictEqual(comparison, {
      listingMode: mode,
      ledgerPending: 2,
      status: "unknown",
      brazeActual: null,
      missingInBraze: null,
      extraInBraze: null,
      tooYoung: 0,
    });
  });
}

Deno.test("compare() counts schedules separately that are too young to be missing", () => {
  const young = pending(2, { askedAt: at("05:59:00") });
  strictEqual(held([one, young], [listed("schedule-1")]).tooYoung, 1);
});

Deno.test("compare() judges youth by the time of the look at Braze, which may be minutes old", () => {
  const row = pending(2, { askedAt: at("05:52:00") });
  const held = (beganAt: Date) =>
    compare(
      { mode: "per_schedule", schedules: [], beganAt },
      { pending: [row], known: [] },
      UNTIL,
      NOW,
    ).missingInBraze?.length;
  strictEqual(held(at("05:58:00")), 1);
  strictEqual(held(at("05:56:00")), 0);
});
