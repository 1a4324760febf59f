/** The timeline of a world with violations: acts, faults, and the rows the suite wrote, in order. */
import type { Sql } from "../../local/stack/sql.ts";
import type { SimulationContext } from "./context.ts";

interface Line {
  readonly at: Date;
  readonly what: string;
}

/** The timeline of the given matches, or of all. */
export async function timelineOf(
  { world, stack, tally }: SimulationContext,
  matchIds: ReadonlySet<number>,
): Promise<string[]> {
  const isMeant = (matchId: number | null) =>
    matchId === null || matchIds.size === 0 || matchIds.has(matchId);
  const lines: Line[] = [
    ...world.acts
      .filter(({ what }) => isMeant("matchId" in what ? what.matchId : null))
      .map(({ at, what }) => ({ at, what: `> ${JSON.stringify(what)}` })),
    ...world.truces.flatMap(({ from, until }) => [
      { at: from, what: "> calm begins" },
      { at: until, what: "> calm ends" },
    ]),
    ...tally.incidents.map(({ at, what }) => ({ at, what: `! ${what}` })),
    ...stack.sandbox.model.schedules.all
      .filter(({ triggerProperties }) => isMeant(Number(triggerProperties.match_id ?? 0)))
      .flatMap((schedule) => [
        {
          at: schedule.createdAt,
          what:
            `Braze: ${schedule.id} of match ${schedule.triggerProperties.match_id}, generation ${schedule.triggerProperties.generation}, made by ${schedule.origin}, for ${schedule.sendAt.toISOString()}`,
        },
        ...(schedule.endedAt === null
          ? []
          : [{ at: schedule.endedAt, what: `Braze: ${schedule.id} is ${schedule.state}` }]),
      ]),
    ...(await readWritten(stack.sql)).filter(({ match_id }) => isMeant(toNumber(match_id))),
  ];
  return [
    ...lines
      .sort((a, b) => a.at.getTime() - b.at.getTime())
      .map(({ at, what }) => `${at.toISOString().slice(5, 19)} ${what}`),
    ...await readEnd(stack.sql),
  ];
}

/** The final state. */
async function readEnd(sql: Sql): Promise<string[]> {
  const rows = await sql<{ line: string }[]>`
    select 'in the end: match ' || match_id || ' generation ' || generation || ' is ' || status || ', '
      || coalesce(sent_evidence, cancel_reason, 'open') || ', due ' || to_char(send_at_utc, 'DD HH24:MI') || ', reached '
      || coalesce(actual_send_count::text, '-') || ', Braze says ' || coalesce(braze_reported_count::text, '-') as line
    from public.schedule_ledger
    union all
    select 'in the end: ' || count(*) || ' ' || channel || ' ' || event_type || ' of match ' || coalesce(match_id::text, '-')
      || ' generation ' || coalesce(generation::text, '-') || ' by ' || correlation_method
    from public.notification_sends group by channel, event_type, match_id, generation, correlation_method
    union all
    select 'in the end: rejected ' || count(*) || ': ' || reason from public.webhook_rejects group by reason
    order by line`;
  return rows.map(({ line }) => line);
}

function toNumber(matchId: string | null): number | null {
  return matchId === null ? null : Number(matchId);
}

async function readWritten(sql: Sql): Promise<(Line & { readonly match_id: string | null })[]> {
  return await sql<(Line & { match_id: string | null })[]>`
    select opened_at as at, match_id,
      'journal: ' || kind || ' (' || reason || ') opened for match ' || coalesce(match_id::text, '-')
        || ' generation ' || coalesce(generation::text, '-') || ' ' || coalesce(request #>> '{schedule,time}', '') as what
    from public.schedule_attempts
    union all
    select closed_at, match_id,
      'journal: ' || kind || ' of match ' || coalesce(match_id::text, '-') || ' generation '
        || coalesce(generation::text, '-') || ' ' || outcome || ' ' || coalesce(detail, '')
    from public.schedule_attempts where closed_at is not null
    union all
    select resolved_at, match_id, 'journal: ' || kind || ' of match ' || match_id || ' resolved as ' || resolved_as
    from public.schedule_attempts where resolved_at is not null
    union all
    select logged_at, match_id, 'log: ' || function_name || ' ' || action || ' (' || reason || ') of match ' || coalesce(match_id::text, '-')
    from public.scheduler_logs
    union all
    select first_seen_at, match_id, 'alert: ' || fingerprint from public.alerts
    union all
    select resolved_at, match_id, 'alert resolved: ' || fingerprint from public.alerts where resolved_at is not null
    union all
    select called_at, null, 'run: ' || function_name || ' by ' || caller || ' ended ' || outcome || ' at '
      || coalesce(to_char(finished_at, 'HH24:MI:SS'), 'no time') || ' ' || coalesce(error, '')
    from public.job_runs where outcome <> 'succeeded'`;
}
