/** The input of the scheduler: fixtures, teams, and the ledger rows of the fixtures; and what it holds back. */
import { z } from "zod";
import { row } from "../text/camel_case.ts";
import {
  CancelReason,
  dropped,
  instant,
  LedgerStatus,
  MatchStatus,
  scheduleColumns,
} from "./columns.ts";
import type { RunLease } from "./journal.ts";
import { type Arguments, REPEATABLE, type Rpc } from "./rpc.ts";

const PlannedSchedule = row({
  ...scheduleColumns,
  braze_schedule_id: z.string().nullable(),
  /** When its state or its time last changed. */
  changed_at: instant,
  /** It stays in the campaign in which it was created. */
  campaign_id: z.string(),
  /** Its push presents a token to the send gate. */
  gated: z.boolean(),
  /** A person took it on himself that it is not sent any more. */
  settled: z.boolean(),
  /** Braze certainly made it. */
  was_created: z.boolean(),
  /** Deletes were requested, and Braze certainly carried out none of them. */
  delete_failed: z.boolean(),
});
export type PlannedSchedule = z.infer<typeof PlannedSchedule>;

/** For which match the present generation was made. A value is null where the team was unknown. */
const MadeFor = row({
  competition: z.string(),
  home_team: z.string(),
  away_team: z.string(),
  home_value: z.string().nullable(),
  away_value: z.string().nullable(),
});
export type MadeFor = z.infer<typeof MadeFor>;

const LedgerRow = row({
  ledger_id: z.guid(),
  status: LedgerStatus,
  cancel_reason: CancelReason.nullable(),
  campaign_id: z.string(),
  generation: z.int(),
  signature: z.string(),
  send_at: instant,
  /** null: made before the database kept it. */
  made_for: MadeFor.nullable(),
  /** After a push: the times of another one about which a person has chosen. */
  closed_moves: z.array(instant),
  /** Another schedule of the match was seen going out: nothing more is sent until a person releases it. */
  is_held: z.boolean(),
  schedules: z.array(PlannedSchedule).nullable().transform((schedules) => schedules ?? []),
});
export type LedgerRow = z.infer<typeof LedgerRow>;

const HeldKind = z.enum(["removal", "remake"]);
export type HeldKind = z.infer<typeof HeldKind>;

const Fixture = row({
  match_id: z.int(),
  competition: z.string(),
  home_team: z.string(),
  away_team: z.string(),
  kickoff_at: instant,
  /** Whether the time of the kick-off is known. */
  kickoff_confirmed: z.boolean(),
  status: MatchStatus,
  /** Whether a push is wanted. */
  push: z.boolean(),
  trigger_properties: z.record(z.string(), z.unknown()),
  /** Counts the intents of the match: 2 and more after a person had it pushed again. */
  intent: z.int(),
  send_id: z.string().nullable(),
  /** What an earlier run held back, because too much came at once. */
  held: row({ kind: HeldKind, held_at: instant, confirmed: z.boolean() }).nullable(),
  /** The campaigns in which Braze knows the match's own send id. */
  send_id_campaigns: z.array(z.string()),
  ledger: LedgerRow.nullable(),
});
export type Fixture = z.infer<typeof Fixture>;

const Team = row({
  name: z.string(),
  braze_attribute_value: z.string(),
  notify: z.boolean(),
  audience_size: z.int().nullable(),
});
export type Team = z.infer<typeof Team>;

/** How many schedules one run may take off, and how many it may delete and make again. */
const ChangesAllowed = row({ removals: z.int(), remakes: z.int() });
export type ChangesAllowed = z.infer<typeof ChangesAllowed>;

const HeldMatch = row({ match_id: z.int(), fingerprint: z.string() });

export const PlanInput = row({
  matches: z.array(Fixture),
  // A team without a value selects nobody in Braze. It is treated as absent, and does not cost the other team its push.
  teams: z.array(Team).transform((teams) =>
    teams.filter((team) => team.brazeAttributeValue.trim() !== "")
  ),
  changes_allowed: ChangesAllowed,
  /** The last run left its rest undone. */
  was_ill: z.boolean(),
  send_ids_used: z.int(),
}).transform(({ matches, ...input }) => ({ fixtures: matches, ...input }));
export type PlanInput = z.infer<typeof PlanInput>;

export function createPlanning(rpc: Rpc) {
  return {
    /** Before the plan: returns the matches that are held from now on, whose harms it raises. */
    holdSuccessors: (limits: Arguments<"hold_successors">) =>
      rpc.call("hold_successors", limits, z.array(HeldMatch), REPEATABLE),

    /** Matches with kick-off in [from, until), and those with a pending schedule at or after `from`. */
    loadPlanInput: (window: Arguments<"load_plan_input">) =>
      rpc.call("load_plan_input", window, PlanInput, REPEATABLE),

    /** Ends all other holds of `matchIds`, or of all matches. */
    holdChanges: ({ lease, ...held }: {
      readonly lease: RunLease;
      readonly removals: readonly number[];
      readonly remakes: readonly number[];
      readonly matchIds: readonly number[] | null;
      readonly now: Date;
    }) => rpc.call("hold_changes", { ...lease, ...held }, dropped(z.null()), REPEATABLE),
  };
}
