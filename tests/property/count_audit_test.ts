/** The counts and the sets of an audit, over arbitrary ledgers and lists. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import type { ListedSchedule } from "../../supabase/functions/_shared/braze/listing.ts";
import type { AuditInput } from "../../supabase/functions/_shared/store/audits.ts";
import { compare } from "../../supabase/functions/braze-count-audit/compare.ts";
import { at, CAMPAIGN, ledgerIdOf } from "../support/facts.ts";

const NOW = at("06:00:00");
const UNTIL = at("18:00:00");
const MATCHES = 6;

const scheduleId = fc.integer({ min: 1, max: 8 }).map((number) => `schedule-${number}`);
const moment = fc.constantFrom("05:50:00", "05:58:00", "14:00:00", "19:00:00").map(at);

const pendingRow = fc.record({
  matchId: fc.integer({ min: 1, max: MATCHES }),
  generation: fc.integer({ min: 1, max: 2 }),
  brazeScheduleId: fc.option(scheduleId),
  sendAt: fc.constantFrom("06:00:01", "14:00:00", "19:00:00").map(at),
  askedAt: fc.constantFrom("05:00:00", "05:58:00").map(at),
}).map((row) => ({ ...row, ledgerId: ledgerIdOf(row.matchId) }));

const pendingRows = fc.uniqueArray(pendingRow, { selector: ({ matchId }) => matchId })
  // An id belongs to one row: it is unique in the ledger.
  .map((rows) =>
    rows.filter((row, index) =>
      row.brazeScheduleId === null ||
      rows.findIndex(({ brazeScheduleId }) => brazeScheduleId === row.brazeScheduleId) === index
    )
  );

const entry = fc.record({
  scheduleId,
  sendAt: fc.option(moment),
  echo: fc.option(fc.record({
    matchId: fc.integer({ min: 1, max: MATCHES }),
    generation: fc.integer({ min: 1, max: 2 }),
  })),
}).map(({ echo, ...listed }): ListedSchedule => ({
  ...listed,
  campaignId: CAMPAIGN,
  triggerProperties: echo === null ? null : {
    match_id: String(echo.matchId),
    ledger_id: ledgerIdOf(echo.matchId),
    generation: echo.generation,
  },
  dispatchId: null,
  sendId: null,
}));

const known = fc.record({
  brazeScheduleId: scheduleId,
  matchId: fc.integer({ min: 1, max: MATCHES }),
  isDeleted: fc.boolean(),
  changedAt: moment,
});

function held(
  pending: AuditInput["pending"],
  schedules: ListedSchedule[],
  more: AuditInput["known"],
) {
  return compare(
    { mode: "per_schedule", schedules, beganAt: NOW },
    { pending, known: more },
    UNTIL,
    NOW,
  );
}

Deno.test("compare(): delta is the number of extra minus missing schedules, and in sync means neither", () => {
  fc.assert(fc.property(pendingRows, fc.array(entry), fc.array(known), (rows, entries, more) => {
    const { ledgerPending, brazeActual, missingInBraze, extraInBraze, status, tooYoung } = held(
      rows,
      entries,
      more,
    );
    const missing = missingInBraze?.length ?? 0;
    const extra = extraInBraze?.length ?? 0;
    strictEqual((brazeActual ?? 0) - ledgerPending, extra - missing);
    strictEqual(status === "in_sync", missing === 0 && extra === 0);
    const expected = rows.filter(({ sendAt }) => sendAt <= UNTIL).length;
    strictEqual(ledgerPending + tooYoung, expected, "each row is counted, missing or too young");
  }));
});

Deno.test("compare(): nothing is missing or extra twice, and nothing is both", () => {
  fc.assert(fc.property(pendingRows, fc.array(entry), fc.array(known), (rows, entries, more) => {
    const { missingInBraze, extraInBraze } = held(rows, entries, more);
    const matches = missingInBraze?.map(({ matchId }) => matchId) ?? [];
    const extra = extraInBraze?.map((schedule) => schedule.scheduleId) ?? [];
    strictEqual(new Set(matches).size, matches.length);
    strictEqual(new Set(extra).size, extra.length);
    deepStrictEqual(
      missingInBraze?.filter((row) => entries.some((one) => one.scheduleId === row.scheduleId)),
      [],
      "a listed schedule is not missing",
    );
    const own = new Set(rows.map(({ brazeScheduleId }) => brazeScheduleId));
    deepStrictEqual(extra.filter((id) => own.has(id)), [], "what a row expects is not extra");
  }));
});
