/** Past schedules and their events, with the times that a test of the health numbers needs. */
import { CAMPAIGN, minutes, NOW, only, type Suite } from "./fixtures.ts";
import { addSeconds } from "date-fns";

/** When the pushes of these tests are due, on the day of NOW. */
export const DUE = minutes(8 * 60);
export const DATE = "2024-12-07";
/** The evening after the sends: all events have been received. */
export const EVENING = minutes(21 * 60);

export interface DueMatch {
  readonly matchId: number;
  readonly ledgerId: string;
}

/** A match with a ledger row and the schedules of all its generations. */
export async function addDue(
  { sql }: Suite,
  matchId: number,
  fields: Readonly<Record<string, unknown>> & {
    readonly send_at_utc?: Date;
    readonly generation?: number;
  } = {},
): Promise<DueMatch> {
  const sendAt = fields.send_at_utc ?? DUE;
  await sql`
    insert into public.matches (id, competition, home_team, away_team, kickoff_at)
    values (${matchId}, 'Premier League', ${`Home ${matchId}`}, ${`Away ${matchId}`}, ${
    addSeconds(sendAt, 3_600)
  })`;
  const row = {
    match_id: matchId,
    campaign_id: CAMPAIGN,
    generation: 1,
    signature: "signature",
    send_at_utc: sendAt,
    created_at: NOW,
    updated_at: NOW,
    ...fields,
  };
  const { id } = only(
    await sql<{ id: string }[]>`insert into public.schedule_ledger ${sql(row)} returning id`,
  );
  for (let generation = 1; generation <= row.generation; generation++) {
    await sql`
      insert into public.braze_schedules
        (ledger_id, generation, campaign_id, send_at_utc, state, created_at, updated_at)
      values (${id}, ${generation}, ${CAMPAIGN}, ${sendAt}, 'completed', ${NOW}, ${NOW})`;
  }
  return { matchId, ledgerId: id };
}

let events = 0;

/** An event of a match, sent `lateSeconds` after DUE and received `delaySeconds` after that. */
export async function addEvent(
  { sql }: Suite,
  match: DueMatch | null,
  fields: Readonly<Record<string, unknown>> & {
    readonly lateSeconds?: number;
    readonly delaySeconds?: number;
    readonly due?: Date;
  } = {},
): Promise<void> {
  const { lateSeconds = 0, delaySeconds = 0, due = DUE, ...columns } = fields;
  const sentAt = addSeconds(due, lateSeconds);
  const row = {
    sent_at: sentAt,
    event_id: `event-${++events}`,
    event_type: "send",
    time_kind: "send",
    has_foreign_extras: false,
    channel: "push",
    external_user_id: `user-${events}`,
    device_id: `device-${events}`,
    match_id: match?.matchId ?? null,
    ledger_id: match?.ledgerId ?? null,
    generation: match === null ? null : 1,
    campaign_id: CAMPAIGN,
    dispatch_id: match === null ? null : `dispatch-${match.matchId}`,
    received_at: addSeconds(sentAt, delaySeconds),
    correlation_method: match === null ? "no_candidate" : "match_id",
    confidence: match === null ? "none" : "high",
    candidate_count: 0,
    raw_payload: { properties: { platform: "ios" } },
    ...columns,
  };
  await sql.unsafe(
    `insert into public.notification_sends
     select * from jsonb_populate_record(null::public.notification_sends, $1)`,
    [row as never],
  );
}

export interface Counted {
  readonly users: number | null;
  readonly double_push_users: number | null;
}

/** Counts every ledger row that was due by then, as a person who names the days has it done. */
export async function recountAll({ sql, call }: Suite, now = EVENING): Promise<Counted[]> {
  await sql`update public.schedule_ledger set counted_at = null`;
  const { ledger_ids } = await call<{ ledger_ids: string[] }>("mark_recounts", {
    p_now: now,
    p_from: minutes(-30 * 24 * 60),
    p_until: minutes(30 * 24 * 60),
  });
  const counted: Counted[] = [];
  for (const id of ledger_ids) {
    counted.push(await call("recount_match", { p_ledger_id: id, p_now: now }));
  }
  return counted;
}

/** Counted anew, then rolled up. */
export async function rollUp(
  suite: Suite,
  date = DATE,
  now = EVENING,
): Promise<Record<string, unknown>> {
  await recountAll(suite, now);
  return await suite.call("rollup_webhook_health", { p_date: date, p_now: now });
}

/** The open alerts of a rule, by fingerprint. */
export async function openOf(
  { sql }: Suite,
  rule: string,
): Promise<
  {
    readonly fingerprint: string;
    readonly occurrences: number;
    readonly details: Record<string, unknown>;
  }[]
> {
  return await sql`
    select fingerprint, occurrences, details from public.alerts
    where rule = ${rule} and resolved_at is null order by fingerprint`;
}
