/** Which listed schedules are owned, adopted or unmanaged, and how many of them one run may cancel. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { cancelsAllowed } from "../../../../supabase/functions/braze-reconcile/decisions/cap.ts";
import { streakUntil } from "../../../../supabase/functions/braze-reconcile/decisions/streak.ts";
import {
  scheduleIdsByMatch,
  type Sorted,
  sortListing,
} from "../../../../supabase/functions/braze-reconcile/decisions/unmanaged_schedules.ts";
import type { ListedSchedule } from "../../../../supabase/functions/_shared/braze/listing.ts";
import type { KnownMatch } from "../../../../supabase/functions/_shared/store/reconciliation.ts";
import { at } from "../../../support/facts.ts";
import { knownMatch, listed, NO_IDS } from "../../../support/known.ts";

const NOW = at("06:00:00");

/** `owned`, `adopt`, `held`, `undecided`, or the reason and the cause of an unmanaged schedule. */
function verdictsOn(sorted: Sorted, scheduleId: string): string[] {
  const isIt = (entry: ListedSchedule) => entry.scheduleId === scheduleId;
  return [
    ...(sorted.owned.some(isIt) ? ["owned"] : []),
    ...(sorted.adoptions.some(({ entry }) => isIt(entry)) ? ["adopt"] : []),
    ...(sorted.undecided.some(isIt) ? ["undecided"] : []),
    ...(sorted.held.some(isIt) ? ["held"] : []),
    ...(sorted.kept.some(isIt) ? ["kept"] : []),
    ...[...sorted.duplicates, ...sorted.orphans]
      .filter(({ entry }) => isIt(entry))
      .map(({ reason, why }) => `${reason} ${why}`),
  ];
}

interface Row {
  readonly what: string;
  readonly match: KnownMatch;
  readonly entry: ListedSchedule;
  readonly verdicts: readonly string[];
}

const withoutAnswer = { brazeScheduleId: null, state: "unknown" } as const;
const unknownEntry = listed("unmanaged-1", { matchId: 1 });

const rows: readonly Row[] = [
  {
    what: "the current schedule of a pending match",
    match: knownMatch(1),
    entry: listed("schedule-1-1", { matchId: 1, generation: 1 }),
    verdicts: ["owned"],
  },
  {
    what: "the current schedule of a match that counts as sent",
    match: knownMatch(1, { status: "sent" }),
    entry: listed("schedule-1-1", { matchId: 1, generation: 1 }),
    verdicts: ["owned"],
  },
  {
    what: "the current schedule, regardless of its echo",
    match: knownMatch(1),
    entry: listed("schedule-1-1", { matchId: 2 }),
    verdicts: ["owned"],
  },
  {
    what: "a second schedule beside a live one",
    match: knownMatch(1),
    entry: unknownEntry,
    verdicts: ["duplicate second_schedule"],
  },
  {
    what: "a second schedule of a match that was sent",
    match: knownMatch(1, { status: "sent" }),
    entry: unknownEntry,
    verdicts: ["duplicate second_schedule"],
  },
  {
    what: "a schedule that names no match",
    match: knownMatch(1),
    entry: listed("unmanaged-1"),
    verdicts: ["orphan unknown_match"],
  },
  {
    what: "a schedule of a match that the ledger does not know",
    match: knownMatch(1),
    entry: listed("unmanaged-1", { matchId: 9 }),
    verdicts: ["orphan unknown_match"],
  },
  {
    what: "the schedule of a cancelled match",
    match: knownMatch(1, { status: "cancelled" }),
    entry: listed("schedule-1-1", { matchId: 1, generation: 1 }),
    verdicts: ["orphan not_wanted"],
  },
  {
    what: "an unknown schedule of a cancelled match",
    match: knownMatch(1, { status: "cancelled" }),
    entry: unknownEntry,
    verdicts: ["orphan not_wanted"],
  },
  {
    what: "a schedule that was missed and is listed again",
    match: knownMatch(1, { status: "cancelled", cancelReason: "dashboard" }),
    entry: listed("schedule-1-1", { matchId: 1, generation: 1 }),
    verdicts: ["held"],
  },
  {
    what: "an old generation beside the live current one",
    match: knownMatch(1, {}, { state: "deleted" }, {}),
    entry: listed("schedule-1-1", { matchId: 1, generation: 1 }),
    verdicts: ["duplicate old_generation"],
  },
  {
    what: "an old generation whose delete is under way",
    match: knownMatch(1, {}, { state: "deleting", hasOpenAttempt: true }, {}),
    entry: listed("schedule-1-1", { matchId: 1, generation: 1 }),
    verdicts: ["undecided"],
  },
  {
    what: "an old generation deleted so lately that the list may be behind",
    match: knownMatch(1, {}, { state: "deleted", updatedAt: at("05:57:00") }, {}),
    entry: listed("schedule-1-1", { matchId: 1, generation: 1 }),
    verdicts: ["undecided"],
  },
  {
    what: "a schedule that is due now",
    match: knownMatch(1),
    entry: listed("unmanaged-1", { matchId: 1 }, { sendAt: NOW }),
    verdicts: ["undecided"],
  },
  {
    what: "a schedule without a time, which is judged by its echo",
    match: knownMatch(1),
    entry: listed("unmanaged-1", { matchId: 1 }, { sendAt: null }),
    verdicts: ["duplicate second_schedule"],
  },
  {
    what: "a schedule whose create has no answer",
    match: knownMatch(1, {}, withoutAnswer),
    entry: listed("made", { matchId: 1, generation: 1 }),
    verdicts: ["adopt"],
  },
  {
    what: "a schedule whose create failed according to the journal",
    match: knownMatch(1, {}, { ...withoutAnswer, state: "failed" }),
    entry: listed("made", { matchId: 1, generation: 1 }),
    verdicts: ["adopt"],
  },
  {
    what: "a schedule whose create is under way",
    match: knownMatch(1, {}, { ...withoutAnswer, state: "creating", hasOpenAttempt: true }),
    entry: listed("made", { matchId: 1, generation: 1 }),
    verdicts: ["undecided"],
  },
  {
    what: "a schedule of a generation that was never made",
    match: knownMatch(1),
    entry: listed("made", { matchId: 1, generation: 7 }),
    verdicts: ["duplicate second_schedule"],
  },
  {
    what: "an old generation whose create has no answer, beside the live current one",
    match: knownMatch(1, {}, withoutAnswer, {}),
    entry: listed("made", { matchId: 1, generation: 1 }),
    verdicts: ["adopt", "duplicate old_generation"],
  },
  {
    what: "a schedule without an answer, of a match that is now cancelled",
    match: knownMatch(1, { status: "cancelled" }, withoutAnswer),
    entry: listed("made", { matchId: 1, generation: 1 }),
    verdicts: ["adopt", "orphan not_wanted"],
  },
  ...(["unknown", "failed", "creating"] as const).map((state): Row => ({
    what: `an unknown schedule beside a current one that is ${state} and without an id`,
    match: knownMatch(1, {}, { ...withoutAnswer, state }),
    entry: unknownEntry,
    verdicts: ["held"],
  })),
  ...(["unknown", "deleting", "deleted"] as const).map((state): Row => ({
    what: `an unknown schedule beside a current one that is ${state}`,
    match: knownMatch(1, {}, { state }),
    entry: unknownEntry,
    verdicts: ["held"],
  })),
];

for (const { what, match, entry, verdicts } of rows) {
  Deno.test(`sortListing() of ${what}: ${verdicts.join(", ")}`, () => {
    deepStrictEqual(
      verdictsOn(sortListing([entry], [match], NO_IDS, NOW, NOW), entry.scheduleId),
      verdicts,
    );
  });
}

Deno.test("sortListing() adopts one of two schedules with the same echo, and classifies the other as a duplicate", () => {
  const entries = ["a", "b"].map((id) => listed(id, { matchId: 1, generation: 1 }));
  const sorted = sortListing(entries, [knownMatch(1, {}, withoutAnswer)], NO_IDS, NOW, NOW);
  deepStrictEqual(
    ["a", "b"].map((id) => verdictsOn(sorted, id)),
    [["adopt"], ["duplicate second_schedule"]],
  );
});

Deno.test("sortListing() adopts first in any order, so that an unknown schedule beside the adopted one is a duplicate", () => {
  const made = listed("made", { matchId: 1, generation: 1 });
  for (const entries of [[unknownEntry, made], [made, unknownEntry]]) {
    const sorted = sortListing(entries, [knownMatch(1, {}, withoutAnswer)], NO_IDS, NOW, NOW);
    deepStrictEqual(verdictsOn(sorted, "made"), ["adopt"]);
    deepStrictEqual(verdictsOn(sorted, "unmanaged-1"), ["duplicate second_schedule"]);
  }
});

Deno.test("sortListing() judges an entry once, even if it is listed twice", () => {
  const sorted = sortListing([unknownEntry, unknownEntry], [knownMatch(1)], NO_IDS, NOW, NOW);
  strictEqual(sorted.duplicates.length, 1);
});

Deno.test("sortListing() lets an unmanaged schedule be cancelled only if its id is that of a superseded one", () => {
  const old = listed("schedule-1-1", { matchId: 1, generation: 1 });
  const entries = [old, unknownEntry, listed("nameless"), listed("other", { matchId: 9 })];
  const matches = [knownMatch(1, {}, { state: "deleted" }, {})];
  const cancelled = (supersededScheduleIds: readonly string[]) => {
    const ids = { supersededScheduleIds: [...supersededScheduleIds], keptScheduleIds: [] };
    const { duplicates, orphans } = sortListing(entries, matches, ids, NOW, NOW);
    strictEqual(duplicates.length + orphans.length, 4);
    return [...duplicates, ...orphans].filter(({ mayCancel }) => mayCancel)
      .map(({ entry }) => entry.scheduleId);
  };
  deepStrictEqual(cancelled([]), []);
  deepStrictEqual(cancelled(["schedule-1-1", "schedule-1-2"]), ["schedule-1-1"]);
});

Deno.test("sortListing() leaves out what a person kept, but not the suite's own schedule under that id", () => {
  const ids = { supersededScheduleIds: [], keptScheduleIds: ["unmanaged-1", "schedule-1-1"] };
  const entries = [unknownEntry, listed("schedule-1-1", { matchId: 1, generation: 1 })];
  const sorted = sortListing(entries, [knownMatch(1)], ids, NOW, NOW);
  deepStrictEqual(verdictsOn(sorted, "unmanaged-1"), ["kept"]);
  deepStrictEqual(verdictsOn(sorted, "schedule-1-1"), ["owned"]);
});

Deno.test("scheduleIdsByMatch() returns the current schedule and its unmanaged duplicates", () => {
  const ids = scheduleIdsByMatch(
    [listed("schedule-1-1"), unknownEntry, listed("other", { matchId: 2 }), listed("nameless")],
    [knownMatch(1)],
  );
  deepStrictEqual([...ids], [[1, ["schedule-1-1", "unmanaged-1"]], [2, ["other"]]]);
});

const settings = { cancelsMax: 20, cancelShareMax: 0.2 };
for (
  const [listed, allowed] of [[0, 1], [4, 1], [9, 1], [10, 2], [20, 4], [50, 10], [
    1_000,
    20,
  ]] as const
) {
  Deno.test(`cancelsAllowed() of ${listed} listed schedules: ${allowed}`, () => {
    strictEqual(cancelsAllowed(listed, settings), allowed);
  });
}

Deno.test("cancelsAllowed() never exceeds the absolute limit, even for the one that is allowed", () => {
  strictEqual(cancelsAllowed(1_000, { ...settings, cancelsMax: 2 }), 2);
  strictEqual(cancelsAllowed(10, { ...settings, cancelsMax: 0 }), 0);
});

for (
  const [what, days, streak] of [
    ["none", [], 0],
    ["today alone", ["2024-12-07"], 1],
    ["three up to today", ["2024-12-05", "2024-12-06", "2024-12-07"], 3],
    ["three up to yesterday", ["2024-12-04", "2024-12-05", "2024-12-06"], 3],
    ["three that ended the day before", ["2024-12-03", "2024-12-04", "2024-12-05"], 0],
    ["three with a gap", ["2024-12-04", "2024-12-06", "2024-12-07"], 2],
  ] as const
) {
  Deno.test(`streakUntil() of ${what}: ${streak}`, () => {
    strictEqual(streakUntil(days, NOW), streak);
  });
}
