/** What a matchday looks like at one moment, for somebody who watches the clock move. */
import type { Sql } from "./sql.ts";

export interface HourReport {
  readonly now: string;
  /** Matches in the ledger by status. */
  readonly ledger: Readonly<Record<string, number>>;
  /** Events recorded so far. */
  readonly events: number;
  readonly open_alerts: number;
}

export async function hourReport(sql: Sql, now: Date): Promise<HourReport> {
  const [row] = await sql<Omit<HourReport, "now">[]>`
    select
      coalesce(
        (select jsonb_object_agg(counted.status, counted.matches) from (
          select status::text, count(*) as matches from public.schedule_ledger group by status
        ) as counted),
        '{}'
      ) as ledger,
      (select count(*)::int from public.notification_sends) as events,
      (select count(*)::int from public.alerts where resolved_at is null) as open_alerts`;
  return { now: now.toISOString(), ledger: {}, events: 0, open_alerts: 0, ...row };
}

/** As in "10 pending, 14,430 events, 1 open alert". */
export function describeHour({ ledger, events, open_alerts: alerts }: HourReport): string {
  const counts = Object.entries(ledger).toSorted().map(([status, matches]) =>
    `${matches} ${status.replaceAll("_", " ")}`
  );
  return [
    ...(counts.length === 0 ? ["nothing scheduled"] : counts),
    `${events.toLocaleString("en-GB")} events`,
    `${alerts} open ${alerts === 1 ? "alert" : "alerts"}`,
  ].join(", ");
}
