/** Why a match has no schedule, and whether it raises an alert. */
import { deepStrictEqual } from "node:assert/strict";
import {
  findGaps,
  type Planner,
} from "../../../../supabase/functions/braze-reconcile/decisions/gaps.ts";
import type { Fixture, Team } from "../../../../supabase/functions/_shared/store/planning.ts";
import { at, ledgerIdOf } from "../../../support/facts.ts";
import { match, NOW, row, settings, team, teams } from "../../../support/matches.ts";

const KNOWN: Planner = { ranAt: at("05:45:00"), freshMatchIds: new Set(), accountedFor: new Set() };
const withoutAnswer = { state: "unknown", brazeScheduleId: null } as const;

interface Row {
  readonly what: string;
  readonly fixture: Fixture;
  readonly teams?: readonly Team[];
  readonly planner?: Partial<Planner>;
  readonly now?: Date;
  /** null: no gap. */
  readonly reason: string | null;
  readonly isAlerted?: boolean;
}

const rows: readonly Row[] = [
  { what: "with a live schedule", fixture: match({ ledger: row() }), reason: null },
  { what: "that was never planned", fixture: match(), reason: "never_planned", isAlerted: true },
  {
    what: "that was written after the scheduler's last run",
    fixture: match(),
    planner: { freshMatchIds: new Set([1]) },
    reason: "never_planned",
  },
  {
    what: "that entered the horizon after the scheduler's last run",
    fixture: match({ kickoffAt: new Date("2024-12-14T06:50:00Z") }),
    reason: "never_planned",
  },
  {
    what: "while the scheduler does not run at all, which is another alert",
    fixture: match(),
    planner: { ranAt: null },
    reason: "never_planned",
  },
  {
    what: "beyond the horizon",
    fixture: match({ kickoffAt: new Date("2024-12-15T15:00:00Z") }),
    reason: null,
  },
  { what: "that has begun", fixture: match(), now: at("15:00:00"), reason: null },
  {
    what: "whose push was due before it was known",
    fixture: match(),
    now: at("14:30:00"),
    reason: "window_missed",
    isAlerted: true,
  },
  {
    what: "that entered the freeze window, which the scheduler reports",
    fixture: match(),
    now: at("13:50:00"),
    reason: "inside_freeze",
  },
  {
    what: "of two unknown teams",
    fixture: match({ homeTeam: "A", awayTeam: "B" }),
    reason: "unknown_team",
    isAlerted: true,
  },
  {
    what: "of teams that have pushes turned off",
    fixture: match(),
    teams: [team("Arsenal", { notify: false }), team("Chelsea", { notify: false })],
    reason: "no_audience",
  },
  { what: "that is postponed", fixture: match({ status: "postponed" }), reason: null },
  { what: "that was sent", fixture: match({ ledger: row({ status: "sent" }) }), reason: null },
  {
    what: "whose create has no answer, which the scheduler reports",
    fixture: match({ ledger: row({}, withoutAnswer) }),
    reason: "create_unknown",
  },
  {
    what: "whose create is under way or about to be adopted",
    fixture: match({ ledger: row({}, withoutAnswer) }),
    planner: { accountedFor: new Set([`${ledgerIdOf(1)}:1`]) },
    reason: null,
  },
  {
    what: "whose create has no answer and whose time is past: left to another check",
    fixture: match({ ledger: row({}, withoutAnswer) }),
    now: at("14:30:00"),
    reason: null,
  },
  {
    what: "whose create failed",
    fixture: match({ ledger: row({}, { ...withoutAnswer, state: "failed" }) }),
    reason: "create_failed",
  },
  {
    what: "whose create failed until it was too late",
    fixture: match({ ledger: row({}, { ...withoutAnswer, state: "failed" }) }),
    now: at("14:30:00"),
    reason: "window_missed",
    isAlerted: true,
  },
  {
    what: "whose delete is not confirmed",
    fixture: match({ ledger: row({}, { state: "deleting" }) }),
    reason: "delete_unconfirmed",
  },
  {
    what: "whose delete Braze refused",
    fixture: match({ ledger: row({}, { state: "unknown" }) }),
    reason: "delete_unconfirmed",
  },
  {
    what: "whose old schedule is deleted and no new one made",
    fixture: match({ ledger: row({}, { state: "deleted" }) }),
    reason: "not_recreated",
    isAlerted: true,
  },
  {
    what: "that was cancelled in the dashboard",
    fixture: match({ ledger: row({ status: "cancelled", cancelReason: "dashboard" }) }),
    reason: "cancelled_by_dashboard",
  },
  {
    what: "that an operator cancelled",
    fixture: match({ ledger: row({ status: "cancelled", cancelReason: "operator" }) }),
    reason: "cancelled_by_operator",
  },
  {
    what: "that is on again and not scheduled again",
    fixture: match({ ledger: row({ status: "cancelled", cancelReason: "plan" }) }),
    reason: "never_planned",
    isAlerted: true,
  },
];

for (const { what, fixture, reason, isAlerted = false, ...given } of rows) {
  Deno.test(`findGaps() of a match ${what}: ${reason ?? "none"}`, () => {
    const gaps = findGaps(
      [fixture],
      given.teams ?? teams,
      { ...KNOWN, ...given.planner },
      settings,
      given.now ?? NOW,
    );
    deepStrictEqual(
      gaps.map((gap) => [gap.reason, gap.isAlerted]),
      reason === null ? [] : [[reason, isAlerted]],
    );
  });
}
