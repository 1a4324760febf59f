/** Matches in any state that the suite can store, each written row by row. */
import { CAMPAIGN, minutes, type Suite } from "./fixtures.ts";

/** A push is due an hour before the kick-off. */
export const KICK_OFF = minutes(600);
export const SEND_AT = minutes(540);
const MADE_AT = minutes(-600);

type Columns = Readonly<Record<string, unknown>>;

/** What differs from a match whose only schedule is live in Braze. Columns by their names. */
export interface PushState {
  readonly match?: Columns;
  /** null: nothing was ever asked of Braze. */
  readonly ledger?: Columns | null;
  readonly schedules?: readonly Columns[];
  readonly attempts?: readonly Columns[];
  readonly counts?: Columns;
  readonly acts?: readonly Columns[];
  readonly hold?: Columns;
  readonly held?: Columns;
  readonly alert?: Columns;
  readonly listed?: boolean;
  /** A campaign of its own, as the last look found it. */
  readonly campaign?: { readonly state: string; readonly gate?: string };
  /** How the fixture changed later, and when. */
  readonly changed?: { readonly at: Date; readonly status: string };
}

export async function addPush({ sql }: Suite, id: number, state: PushState): Promise<void> {
  const match = {
    id,
    competition: "League",
    home_team: "Home",
    away_team: "Away",
    kickoff_at: KICK_OFF,
    updated_at: MADE_AT,
    ...state.match,
  };
  await insert(sql, "public.matches", match);
  if (state.ledger !== null) await addLedgerRow(sql, id, state);
  if (state.alert !== undefined) {
    const alert = {
      fingerprint: `${state.alert.rule}:${id}`,
      kind: "harm",
      severity: "critical",
      audience: "admin",
      title: "Title",
      match_id: id,
      first_seen_at: SEND_AT,
      last_seen_at: SEND_AT,
      details: {},
      ...state.alert,
    };
    await insert(sql, "public.alerts", alert);
  }
  if (state.changed !== undefined) {
    const { at, status } = state.changed;
    await sql`update public.matches set status = ${status}, updated_at = ${at} where id = ${id}`;
  }
}

async function addLedgerRow(sql: Suite["sql"], id: number, state: PushState): Promise<void> {
  const campaign = state.campaign === undefined ? CAMPAIGN : `campaign-of-${id}`;
  const ledger = {
    id: crypto.randomUUID(),
    match_id: id,
    campaign_id: campaign,
    generation: 1,
    signature: "s",
    send_at_utc: SEND_AT,
    expected_send_count: 100,
    expected_send_count_min: 60,
    expected_send_count_max: 100,
    created_at: MADE_AT,
    updated_at: MADE_AT,
    ...state.ledger,
  };
  await insert(sql, "public.schedule_ledger", ledger);
  const { id: ledger_id } = ledger;
  for (const schedule of state.schedules ?? [{}]) {
    const generation = Number(schedule.generation ?? 1);
    await insert(sql, "public.braze_schedules", {
      ledger_id,
      generation,
      campaign_id: campaign,
      braze_schedule_id: `schedule-${id}-${generation}`,
      send_at_utc: SEND_AT,
      state: "live",
      created_at: MADE_AT,
      updated_at: MADE_AT,
      ...schedule,
    });
  }
  for (const attempt of state.attempts ?? [{}]) {
    const outcome = attempt.outcome === undefined ? "succeeded" : attempt.outcome;
    await insert(sql, "public.schedule_attempts", {
      id: crypto.randomUUID(),
      run_id: RUN_ID,
      kind: "create",
      reason: "plan",
      match_id: id,
      ledger_id,
      generation: 1,
      opened_at: MADE_AT,
      closed_at: outcome === null ? null : MADE_AT,
      ...attempt,
      outcome,
      request: {},
    });
  }
  for (const act of state.acts ?? []) {
    await insert(sql, "public.operator_actions", {
      acted_at: minutes(0),
      match_id: id,
      ledger_id,
      generation: 1,
      actor_kind: "secret_key",
      reason: "They said so",
      run_id: RUN_ID,
      ...act,
      before: { status: "pending" },
    });
  }
  if (state.counts !== undefined) {
    await insert(sql, "public.match_counts", {
      ledger_id,
      generation: 1,
      users: 0,
      push_sends: 0,
      webhook_sends: 0,
      bounced_users: 0,
      aborted_users: 0,
      opened_users: 0,
      events: 0,
      low_events: 0,
      low_push_sends: 0,
      counted_at: SEND_AT,
      ...state.counts,
      abort_reasons: state.counts.abort_reasons ?? {},
      delays: {},
      latenesses: {},
      platforms: {},
    });
  }
  if (state.hold !== undefined) {
    await insert(sql, "private.schedule_holds", {
      ledger_id,
      generation: 1,
      users: 12,
      held_at: minutes(0),
      ...state.hold,
    });
  }
  if (state.held !== undefined) {
    await insert(sql, "private.held_changes", {
      ledger_id,
      match_id: id,
      kind: "removal",
      held_at: minutes(0),
      ...state.held,
    });
  }
  if (state.listed === true) {
    await sql`
      insert into private.listed_schedules (campaign_id, braze_schedule_id, shown_from)
      values (${campaign}, ${`schedule-${id}-${ledger.generation}`}, ${minutes(0)})`;
  }
  if (state.campaign !== undefined) {
    await insert(sql, "public.braze_observations", {
      run_id: RUN_ID,
      campaign_id: campaign,
      began_at: minutes(0),
      covers_until: minutes(10_000),
      listing_mode: "per_schedule",
      listed: 1,
      campaign_state: state.campaign.state,
      send_gate: state.campaign.gate ?? null,
    });
  }
}

/** Objects become jsonb. */
async function insert({ unsafe, json }: Suite["sql"], table: string, row: Columns): Promise<void> {
  const names = Object.keys(row);
  const values = Object.values(row).map((value) =>
    typeof value === "object" && value !== null && !(value instanceof Date)
      ? json(value as never)
      : value
  );
  const places = names.map((_, index) => `$${index + 1}`).join(", ");
  await unsafe(`insert into ${table} (${names.join(", ")}) values (${places})`, values as never[]);
}

const RUN_ID = "00000000-0000-4000-8000-0000000000aa";

/** A world in which the scheduler runs every five minutes, and in which no removal is held. */
export async function addWorld({ sql }: Suite): Promise<void> {
  await sql`
    insert into public.teams (name, braze_attribute_value, notify)
    values ('Home', 'home', true), ('Away', 'away', true), ('Silent', 'silent', false),
      ('Quiet', 'quiet', false)`;
  await sql`
    insert into public.job_runs (run_id, function_name, caller, outcome, called_at, started_at, finished_at)
    values (${RUN_ID}, 'braze-reconcile', 'secret_key', 'succeeded', ${MADE_AT}, ${MADE_AT}, ${MADE_AT})`;
  await sql`
    insert into public.job_runs (function_name, caller, scheduled_at, outcome, called_at, started_at, finished_at)
    select 'braze-scheduler', 'cron', at, 'succeeded', at, at, at
    from pg_catalog.generate_series(
      ${minutes(-60)}::timestamptz, ${minutes(12_000)}::timestamptz, interval '5 minutes'
    ) as at`;
  await sql`update private.settings set removals_max = 1000, removal_share_max = 1`;
}
