/**
 * Generates the schedules of the events from a seed, and writes them as the scheduler does.
 *
 * Ten matches share each send time, as at three o'clock on a Saturday, so that the time alone attributes nothing.
 */
import { Prng } from "../local/lib/prng.ts";
import type { Sql } from "../local/stack/sql.ts";

const MATCHES_A_TIME = 10;
const MINUTES_BETWEEN_TIMES = 5;

export interface Scheduled {
  readonly matchId: number;
  readonly ledgerId: string;
  readonly scheduleId: string;
  readonly dispatchId: string;
  readonly sendId: string;
  readonly sendAt: Date;
}

export interface Matchday {
  readonly campaignId: string;
  readonly schedules: readonly Scheduled[];
}

export interface MatchdayOptions {
  readonly seed: string;
  readonly campaignId: string;
  readonly matches: number;
  /** When the last of them is sent. */
  readonly until: Date;
  readonly firstMatchId?: number;
}

export function makeMatchday(options: MatchdayOptions): Matchday {
  const { seed, campaignId, matches, until, firstMatchId = 1_001 } = options;
  const prng = new Prng(`${seed}/matchday`);
  const schedules = Array.from({ length: matches }, (_, index): Scheduled => {
    const matchId = firstMatchId + index;
    const minutesBefore = Math.floor(index / MATCHES_A_TIME) * MINUTES_BETWEEN_TIMES;
    return {
      matchId,
      ledgerId: prng.uuid(),
      scheduleId: prng.uuid(),
      dispatchId: prng.hex(32),
      sendId: `match-${matchId}`,
      sendAt: new Date(until.getTime() - minutesBefore * 60_000),
    };
  });
  return { campaignId, schedules };
}

/** Writes the state before the sends, in which the dispatch ids are still unknown. */
export async function writeMatchday(sql: Sql, { campaignId, schedules }: Matchday): Promise<void> {
  const rows = JSON.stringify(schedules.map((schedule) => ({
    ...schedule,
    createdAt: new Date(schedule.sendAt.getTime() - 86_400_000),
  })));
  const scheduled = sql`jsonb_to_recordset(${rows}::text::jsonb) as scheduled (
    "matchId" bigint, "ledgerId" uuid, "scheduleId" text, "sendId" text, "sendAt" timestamptz, "createdAt" timestamptz)`;
  await sql.begin(async (tx) => {
    await tx`
      insert into public.matches (id, competition, home_team, away_team, kickoff_at)
      select "matchId", 'League', 'Home ' || "matchId", 'Away ' || "matchId", "sendAt" + interval '1 hour'
      from ${scheduled}`;
    await tx`
      insert into public.schedule_ledger
        (id, match_id, campaign_id, generation, braze_schedule_id, send_id, signature, send_at_utc, created_at, updated_at)
      select "ledgerId", "matchId", ${campaignId}, 1, "scheduleId", "sendId", md5("ledgerId"::text), "sendAt", "createdAt", "createdAt"
      from ${scheduled}`;
    await tx`
      insert into public.braze_schedules
        (ledger_id, generation, campaign_id, braze_schedule_id, send_at_utc, state, created_at, updated_at)
      select "ledgerId", 1, ${campaignId}, "scheduleId", "sendAt", 'live', "createdAt", "createdAt"
      from ${scheduled}`;
    // The send gate believes only an attempt that the journal knows. Its id is that of the ledger row.
    await tx`
      with run as (
        insert into public.job_runs (function_name, caller, outcome, called_at, started_at, finished_at)
        select 'braze-scheduler', 'secret_key', 'succeeded', min("createdAt"), min("createdAt"), min("createdAt")
        from ${scheduled}
        returning run_id
      )
      insert into public.schedule_attempts
        (id, run_id, kind, reason, match_id, ledger_id, generation, braze_schedule_id, request, opened_at, closed_at, outcome)
      select
        "ledgerId", run.run_id, 'create', 'plan', "matchId", "ledgerId", 1, "scheduleId", '{}', "createdAt", "createdAt",
        'succeeded'
      from ${scheduled}, run`;
    await tx`
      insert into public.schedule_identifiers (kind, value, ledger_id, generation, source, first_seen_at)
      select 'schedule_id', "scheduleId", "ledgerId", 1, 'create', "createdAt" from ${scheduled}
      union all
      select 'send_id', "sendId", "ledgerId", null, 'create', "createdAt" from ${scheduled}`;
  });
}
