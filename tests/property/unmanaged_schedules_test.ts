/** For any ledger and any list of Braze: the current schedule of a match is never unmanaged. */
import { ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { sortListing } from "../../supabase/functions/braze-reconcile/decisions/unmanaged_schedules.ts";
import type {
  KnownMatch,
  KnownSchedule,
} from "../../supabase/functions/_shared/store/reconciliation.ts";
import { at, ledgerIdOf } from "../support/facts.ts";
import { knownMatch, listed } from "../support/known.ts";

const NOW = at("06:00:00");
const MATCHES = [1, 2, 3];

const schedule: fc.Arbitrary<Partial<KnownSchedule>> = fc.record({
  state: fc.constantFrom(
    "creating",
    "live",
    "unknown",
    "failed",
    "deleting",
    "deleted",
    "completed",
  ),
  hasOpenAttempt: fc.boolean(),
  updatedAt: fc.constantFrom(at("05:59:00"), at("04:00:00")),
});

const match = (matchId: number): fc.Arbitrary<KnownMatch> =>
  fc.tuple(
    fc.constantFrom("pending", "sent", "cancelled"),
    fc.constantFrom("plan", "dashboard", "operator"),
    fc.array(fc.tuple(schedule, fc.boolean()), { minLength: 1, maxLength: 3 }),
  ).map(([status, cancelReason, schedules]) =>
    knownMatch(
      matchId,
      { status, cancelReason: status === "cancelled" ? cancelReason : null },
      ...schedules.map(([one, isHeard], index) => ({
        ...one,
        brazeScheduleId: isHeard ? `schedule-${matchId}-${index + 1}` : null,
      })),
    )
  );

const scheduleId: fc.Arbitrary<string> = fc.constantFrom(
  "schedule-1-1",
  "schedule-1-2",
  "schedule-2-1",
  "schedule-3-1",
  "a",
  "b",
  "c",
);

const ids = fc.record({
  supersededScheduleIds: fc.array(scheduleId, { maxLength: 4 }),
  keptScheduleIds: fc.array(scheduleId, { maxLength: 4 }),
});

const entry = fc.tuple(
  fc.constantFrom(...MATCHES, 9),
  fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  scheduleId,
).map(([matchId, generation, id]) =>
  listed(id, { matchId, ...(generation === undefined ? {} : { generation }) })
);

Deno.test("sortListing() never classifies the current schedule of a match as unmanaged, unless the match is cancelled", () => {
  fc.assert(
    fc.property(
      fc.tuple(...MATCHES.map(match)),
      fc.array(entry, { maxLength: 12 }),
      ids,
      (matches, entries, ids) => {
        const sorted = sortListing(entries, matches, ids, NOW, NOW);
        const wanted = matches.filter(({ status }) => status !== "cancelled");
        for (const { entry, mayCancel } of [...sorted.duplicates, ...sorted.orphans]) {
          strictEqual(mayCancel, ids.supersededScheduleIds.includes(entry.scheduleId));
          for (const { schedules, generation } of wanted) {
            const current = schedules.find((one) => one.generation === generation);
            ok(current?.brazeScheduleId !== entry.scheduleId, `${entry.scheduleId} is wanted`);
          }
        }
      },
    ),
    { numRuns: 1_000 },
  );
});

Deno.test("sortListing() never classifies both an adopted schedule and its duplicate as unmanaged, and sorts each entry once", () => {
  fc.assert(
    fc.property(
      fc.tuple(...MATCHES.map(match)),
      fc.array(entry, { maxLength: 12 }),
      ids,
      (matches, entries, ids) => {
        const sorted = sortListing(entries, matches, ids, NOW, NOW);
        const unmanaged = new Set(
          [...sorted.duplicates, ...sorted.orphans].map(({ entry }) => entry.scheduleId),
        );
        const wantedAdoptions = sorted.adoptions.filter(({ match, generation }) =>
          match.status !== "cancelled" && match.generation === generation
        );
        for (const { entry } of wantedAdoptions) ok(!unmanaged.has(entry.scheduleId));
        const keys = sorted.adoptions.map(({ match, generation }) =>
          `${match.ledgerId}:${generation}`
        );
        strictEqual(new Set(keys).size, keys.length, "each generation is adopted once");
        const all = new Set(entries.map(({ scheduleId }) => scheduleId));
        const placed = [
          ...[...sorted.owned, ...sorted.undecided, ...sorted.held, ...sorted.kept].map((one) =>
            one.scheduleId
          ),
          ...sorted.adoptions.map(({ entry }) => entry.scheduleId),
          ...unmanaged,
        ];
        strictEqual(new Set(placed).size, all.size);
        ok(matches.every(({ matchId, ledgerId }) => ledgerId === ledgerIdOf(matchId)));
      },
    ),
    { numRuns: 1_000 },
  );
});
