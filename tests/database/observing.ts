/** Looks at Braze, as pre-flight stores them. */
import { CAMPAIGN, minutes, type Suite } from "./fixtures.ts";

export interface ListedLine {
  readonly schedule_id: string;
  readonly send_at?: Date | null;
  readonly [property: string]: unknown;
}

export interface LookChanges {
  readonly runId?: string;
  readonly campaignId?: string;
  readonly mode?: "per_schedule" | "per_campaign" | "empty" | "unavailable";
  /** The next send that a list of campaigns names. */
  readonly nextSend?: Date | null;
  readonly state?: "running" | "stopped" | "archived" | "draft" | "unknown";
  readonly gate?: "fail_closed" | "fail_open" | "none" | null;
  readonly until?: Date;
  readonly absencesMax?: number;
  readonly absenceShareMax?: number;
}

export interface Observed {
  readonly campaigns: readonly Record<string, unknown>[];
  readonly schedules: readonly Record<string, unknown>[];
  readonly absent: readonly {
    readonly match_id: number;
    readonly ledger_id: string;
    readonly generation: number;
    readonly is_current: boolean;
  }[];
}

export const FAR = minutes(20_000);

/** Stores a look of that minute, whose list shows these schedules. */
export function look(
  { call }: Suite,
  now: Date,
  listed: readonly (string | ListedLine)[] = [],
  changes: LookChanges = {},
): Promise<Observed> {
  const { campaignId = CAMPAIGN, mode = "per_schedule", nextSend = null } = changes;
  return call("record_observation", {
    p_observation: {
      began_at: now,
      until: changes.until ?? FAR,
      listing_detail: mode === "unavailable" ? "Braze answered 500" : null,
      campaigns: [{
        campaign_id: campaignId,
        listing_mode: mode,
        listed: mode === "unavailable" ? null : listed.length,
        listed_next_send: nextSend,
        campaign_state: changes.state ?? "running",
        campaign_detail: changes.state === "unknown" ? "Braze answered 500" : null,
        send_gate: changes.gate ?? null,
      }],
      schedules: listed.map((entry) => ({
        campaign_id: campaignId,
        send_at: minutes(540),
        trigger_properties: null,
        dispatch_id: null,
        send_id: null,
        ...(typeof entry === "string" ? { schedule_id: entry } : entry),
      })),
    },
    p_absences_max: changes.absencesMax ?? 5,
    p_absence_share_max: changes.absenceShareMax ?? 0.2,
    p_run_id: changes.runId ?? crypto.randomUUID(),
    p_now: now,
  });
}

export async function openAlerts({ sql }: Suite, rule?: string): Promise<string[]> {
  const rows = await sql<{ fingerprint: string }[]>`
    select fingerprint from public.alerts
    where resolved_at is null and ${rule === undefined ? sql`true` : sql`rule = ${rule}`}
    order by fingerprint`;
  return rows.map(({ fingerprint }) => fingerprint);
}

/** The doubts of the matches that are in doubt. */
export async function doubts({ sql }: Suite): Promise<Record<string, string>> {
  const rows = await sql<{ match_id: string; doubt: string }[]>`
    select ledger.match_id, schedule.doubt
    from public.braze_schedules as schedule
    join public.schedule_ledger as ledger on ledger.id = schedule.ledger_id
    where schedule.doubt is not null
    order by ledger.match_id`;
  return Object.fromEntries(rows.map(({ match_id, doubt }) => [match_id, doubt]));
}
