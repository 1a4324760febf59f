/** What resolves a call whose outcome is unknown, and what does not. */
import { deepStrictEqual } from "node:assert/strict";
import {
  type PerScheduleListing,
  resolveUnknownAttempts,
} from "../../../../supabase/functions/braze-reconcile/decisions/unknown_attempts.ts";
import type {
  KnownSchedule,
  UnknownAttempt,
} from "../../../../supabase/functions/_shared/store/reconciliation.ts";
import { at } from "../../../support/facts.ts";
import { knownMatch, unknownAttempt } from "../../../support/known.ts";

const NOW = at("06:00:00");
const HORIZON_MS = 7 * 24 * 60 * 60_000;
const UNTIL = new Date("2024-12-14T07:00:00Z");

function listing(entries: Record<string, Date | null>): PerScheduleListing {
  return { sendAtById: new Map(Object.entries(entries)), observedAt: NOW, until: UNTIL };
}

const shown = listing({ "schedule-1-1": at("14:00:00") });
const lacking = listing({ other: null });

interface Row {
  readonly what: string;
  readonly schedule: Partial<KnownSchedule>;
  readonly attempt?: Partial<UnknownAttempt>;
  readonly listing?: PerScheduleListing | null;
  readonly now?: Date;
  /** The state found for the schedule, the resolution and effect of the attempt, and whether it is reported. */
  readonly schedules: readonly string[];
  readonly attempts: readonly string[];
  readonly isReported: boolean;
}

const deleting = { state: "deleting", updatedAt: at("05:00:00") } as const;
const moving = { movingTo: at("16:30:00"), updatedAt: at("05:00:00") } as const;
const move = { kind: "update", movingTo: at("16:30:00") } as const;
const unmanagedEntry = { ledgerId: null, generation: null, brazeScheduleId: "unmanaged" } as const;

const rows: readonly Row[] = [
  {
    what: "a delete whose schedule is listed",
    schedule: deleting,
    schedules: ["live"],
    attempts: ["listed null"],
    isReported: false,
  },
  {
    what: "a delete that Braze refused and whose schedule is listed",
    schedule: { ...deleting, state: "unknown" },
    schedules: ["live"],
    attempts: ["listed null"],
    isReported: false,
  },
  {
    what: "a delete whose schedule one list lacks",
    schedule: deleting,
    listing: lacking,
    schedules: ["missed"],
    attempts: [],
    isReported: true,
  },
  {
    what: "a delete whose schedule two lists lack",
    schedule: { ...deleting, missedAt: at("05:30:00") },
    listing: lacking,
    schedules: ["deleted"],
    attempts: ["absent null"],
    isReported: false,
  },
  {
    what: "a delete whose schedule two lists of one moment lack",
    schedule: { ...deleting, missedAt: at("05:59:30") },
    listing: lacking,
    schedules: [],
    attempts: [],
    isReported: true,
  },
  {
    what: "a delete whose schedule no list ever showed",
    schedule: { ...deleting, listedAt: null, missedAt: at("05:30:00") },
    listing: lacking,
    schedules: [],
    attempts: [],
    isReported: true,
  },
  {
    what: "a delete whose schedule is due later than the list reaches",
    schedule: { ...deleting, sendAt: new Date("2024-12-20T14:00:00Z"), missedAt: at("05:30:00") },
    listing: lacking,
    schedules: [],
    attempts: [],
    isReported: true,
  },
  {
    what: "a delete of 3 minutes ago, listed or not",
    schedule: { ...deleting, updatedAt: at("05:57:00") },
    attempt: { closedAt: at("05:57:00") },
    schedules: [],
    attempts: [],
    isReported: false,
  },
  {
    what: "a delete while another call is under way",
    schedule: { ...deleting, hasOpenAttempt: true },
    schedules: [],
    attempts: [],
    isReported: true,
  },
  {
    what: "a delete under a list that names no schedules",
    schedule: deleting,
    listing: null,
    schedules: [],
    attempts: [],
    isReported: true,
  },
  {
    what: "a delete followed by events",
    schedule: { state: "completed" },
    listing: null,
    schedules: [],
    attempts: ["proved_by_events null"],
    isReported: false,
  },
  {
    what: "a delete that a later one made certain",
    schedule: { state: "deleted" },
    attempt: { isSuperseded: true },
    listing: null,
    schedules: [],
    attempts: ["superseded null"],
    isReported: false,
  },
  {
    what: "a delete of a schedule that was due more than a day ago",
    schedule: { ...deleting, sendAt: new Date("2024-12-06T05:00:00Z") },
    listing: null,
    schedules: [],
    attempts: ["released null"],
    isReported: false,
  },
  {
    what: "a move whose schedule is listed at the new time",
    schedule: moving,
    attempt: move,
    listing: listing({ "schedule-1-1": at("16:30:00") }),
    schedules: [],
    attempts: ["listed moved"],
    isReported: false,
  },
  {
    what: "a move whose schedule is listed at the old time",
    schedule: moving,
    attempt: move,
    schedules: [],
    attempts: ["listed not_moved"],
    isReported: false,
  },
  {
    what: "a move whose schedule is listed at a third time",
    schedule: moving,
    attempt: move,
    listing: listing({ "schedule-1-1": at("15:00:00") }),
    schedules: [],
    attempts: [],
    isReported: true,
  },
  {
    what: "a move whose schedule is not listed: that is not its old time",
    schedule: moving,
    attempt: move,
    listing: lacking,
    schedules: [],
    attempts: [],
    isReported: true,
  },
  {
    what: "a move that was made again since",
    schedule: {},
    attempt: move,
    schedules: [],
    attempts: ["superseded null"],
    isReported: false,
  },
  {
    what: "a create, which the scheduler reports",
    schedule: { state: "unknown", brazeScheduleId: null },
    attempt: { kind: "create", brazeScheduleId: null },
    listing: lacking,
    schedules: [],
    attempts: [],
    isReported: false,
  },
  {
    what: "the delete of an unmanaged schedule that is listed",
    schedule: {},
    attempt: unmanagedEntry,
    listing: listing({ unmanaged: null }),
    schedules: [],
    attempts: ["listed null"],
    isReported: false,
  },
  {
    what: "the delete of an unmanaged schedule that one list lacks",
    schedule: {},
    attempt: unmanagedEntry,
    listing: lacking,
    schedules: [],
    attempts: ["null missed"],
    isReported: true,
  },
  {
    what: "the delete of an unmanaged schedule that two lists lack",
    schedule: {},
    attempt: { ...unmanagedEntry, missedAt: at("05:30:00") },
    listing: lacking,
    schedules: [],
    attempts: ["absent null"],
    isReported: false,
  },
  {
    what: "the delete of an unmanaged schedule long ago",
    schedule: {},
    attempt: { ...unmanagedEntry, closedAt: new Date("2024-11-20T05:00:00Z") },
    listing: null,
    schedules: [],
    attempts: ["released null"],
    isReported: false,
  },
];

for (const row of rows) {
  Deno.test(`resolveUnknownAttempts() of ${row.what}: ${row.attempts.join() || "nothing"}`, () => {
    const resolutions = resolveUnknownAttempts(
      [unknownAttempt(row.attempt)],
      [knownMatch(1, {}, row.schedule)],
      row.listing === undefined ? shown : row.listing,
      HORIZON_MS,
      NOW,
    );
    deepStrictEqual(resolutions.schedules.map(({ effect }) => effect), row.schedules);
    deepStrictEqual(
      resolutions.attempts.map(({ resolvedAs, effect }) => `${resolvedAs} ${effect}`),
      row.attempts,
    );
    deepStrictEqual(resolutions.unresolved.length, row.isReported ? 1 : 0);
  });
}

Deno.test("resolveUnknownAttempts() marks a schedule as live if its delete was refused", () => {
  const { schedules, attempts } = resolveUnknownAttempts(
    [],
    [knownMatch(1, {}, { ...deleting, state: "unknown" })],
    shown,
    HORIZON_MS,
    NOW,
  );
  deepStrictEqual([schedules.map(({ effect }) => effect), attempts], [["live"], []]);
});
