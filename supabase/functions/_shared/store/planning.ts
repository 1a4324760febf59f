/** What the scheduler plans from: fixtures, teams, and what the ledger says of them. */
import { z } from "zod";
import type { Rpc } from "./rpc.ts";

export const instant = z.string().transform((text) => new Date(text));

/** The words of the tables `matches`, `schedule_ledger` and `braze_schedules`. */
export const MatchStatus = z.enum(["scheduled", "postponed", "cancelled", "finished"]);
export const LedgerStatus = z.enum(["pending", "sent", "cancelled"]);
export const CancelReason = z.enum(["plan", "dashboard", "operator"]);
export const ScheduleState = z.enum([
  "creating",
  "live",
  "unknown",
  "failed",
  "deleting",
  "deleted",
  "completed",
]);

const Schedule = z.object({
  generation: z.int(),
  state: ScheduleState,
  braze_schedule_id: z.string().nullable(),
  send_at: instant,
  moving_to: instant.nullable(),
  changed_at: instant,
  delete_failed: z.boolean(),
}).transform((schedule) => ({
  generation: schedule.generation,
  state: schedule.state,
  brazeScheduleId: schedule.braze_schedule_id,
  sendAt: schedule.send_at,
  movingTo: schedule.moving_to,
  /** When its state or its time last changed. */
  changedAt: schedule.changed_at,
  /** Deletes were asked for, and Braze surely carried out none. */
  deleteFailed: schedule.delete_failed,
}));
export type PlannedSchedule = z.infer<typeof Schedule>;

const LedgerRow = z.object({
  ledger_id: z.guid(),
  status: LedgerStatus,
  cancel_reason: CancelReason.nullable(),
  campaign_id: z.string(),
  generation: z.int(),
  signature: z.string(),
  send_at: instant,
  schedules: z.array(Schedule).nullable().transform((schedules) => schedules ?? []),
}).transform((row) => ({
  ledgerId: row.ledger_id,
  status: row.status,
  cancelReason: row.cancel_reason,
  campaignId: row.campaign_id,
  generation: row.generation,
  signature: row.signature,
  sendAt: row.send_at,
  schedules: row.schedules,
}));
export type LedgerRow = z.infer<typeof LedgerRow>;

const Fixture = z.object({
  match_id: z.int(),
  competition: z.string(),
  home_team: z.string(),
  away_team: z.string(),
  kickoff_at: instant,
  status: MatchStatus,
  trigger_properties: z.record(z.string(), z.unknown()),
  send_id: z.string().nullable(),
  ledger: LedgerRow.nullable(),
}).transform((fixture) => ({
  matchId: fixture.match_id,
  competition: fixture.competition,
  homeTeam: fixture.home_team,
  awayTeam: fixture.away_team,
  kickoffAt: fixture.kickoff_at,
  status: fixture.status,
  triggerProperties: fixture.trigger_properties,
  sendId: fixture.send_id,
  ledger: fixture.ledger,
}));
export type Fixture = z.infer<typeof Fixture>;

const Team = z.object({
  name: z.string(),
  braze_attribute_value: z.string(),
  notify: z.boolean(),
  audience_size: z.int().nullable(),
}).transform((team) => ({
  name: team.name,
  brazeAttributeValue: team.braze_attribute_value,
  notify: team.notify,
  audienceSize: team.audience_size,
}));
export type Team = z.infer<typeof Team>;

export const PlanInput = z.object({
  matches: z.array(Fixture),
  // A team without a value names nobody in Braze: it is as if it were not there, and costs no other match its push.
  teams: z.array(Team).transform((teams) =>
    teams.filter((team) => team.brazeAttributeValue.trim() !== "")
  ),
  send_ids_used: z.int(),
}).transform((input) => ({
  fixtures: input.matches,
  teams: input.teams,
  sendIdsUsed: input.send_ids_used,
}));
export type PlanInput = z.infer<typeof PlanInput>;

export interface Planning {
  /** Matches with kick-off in [from, until), and those with a pending schedule from `from` on. */
  loadPlanInput(window: {
    readonly from: Date;
    readonly until: Date;
    readonly matchIds: readonly number[] | null;
    readonly now: Date;
  }): Promise<PlanInput>;
}

export function createPlanning(rpc: Rpc): Planning {
  return {
    loadPlanInput: ({ from, until, matchIds, now }) =>
      rpc.call(
        "load_plan_input",
        {
          p_from: from.toISOString(),
          p_until: until.toISOString(),
          p_now: now.toISOString(),
          ...(matchIds === null ? {} : { p_match_ids: [...matchIds] }),
        },
        PlanInput,
        { repeatable: true },
      ),
  };
}
