/**
 * What goes wrong on the three days, and whether the suite noticed: each anomaly names the alerts that belong to it,
 * and every other alert is a false alarm.
 */
import { addHours } from "date-fns";
import type { Sql } from "../stack/sql.ts";

export type Listing = "per_schedule" | "per_campaign" | "omit";

export interface Anomaly {
  readonly at: Date;
  readonly what: string;
  /** Alerts of these rules that name one of the matches, or no match at all. */
  readonly rules: readonly string[];
  readonly matchIds: readonly number[];
  /** Its alerts begin within so many hours: what comes later has another cause. */
  readonly hours: number;
  /** Only a list of single schedules can show it before its events come. */
  readonly needsListing: boolean;
  /** What shows it where it needs no alert: it was resolved without a person. */
  readonly shownBy?: (sql: Sql) => Promise<{ readonly at: Date; readonly how: string } | null>;
}

export interface Outcome {
  readonly anomaly: Anomaly;
  readonly noticedAt: Date | null;
  readonly how: string;
  readonly resolvedAt: Date | null;
  readonly unknowable: boolean;
}

export interface Judgement {
  readonly outcomes: readonly Outcome[];
  readonly falseAlarms: readonly string[];
  readonly detected: number;
  readonly unknowable: number;
  readonly minutesToDetectMax: number;
}

interface AlertRow {
  readonly rule: string;
  readonly title: string;
  readonly match_id: number | null;
  readonly first_seen_at: Date;
  readonly resolved_at: Date | null;
}

export async function judgeAnomalies(
  sql: Sql,
  anomalies: readonly Anomaly[],
  listing: Listing,
): Promise<Judgement> {
  const alerts = await sql<AlertRow[]>`
    select rule, title, match_id::int, first_seen_at, resolved_at
    from public.alerts order by first_seen_at, id`;
  const outcomes = await Promise.all(
    anomalies.map((anomaly) => judge(sql, anomaly, alerts, listing)),
  );
  const falseAlarms = alerts.filter((alert) =>
    !anomalies.some((anomaly) => belongs(alert, anomaly))
  );
  const delays = outcomes.flatMap(({ anomaly, noticedAt, unknowable }) =>
    noticedAt === null || unknowable ? [] : [noticedAt.getTime() - anomaly.at.getTime()]
  );
  return {
    outcomes,
    falseAlarms: falseAlarms.map(({ title }) => title),
    detected: outcomes.filter(({ noticedAt }) => noticedAt !== null).length,
    unknowable: outcomes.filter(({ unknowable }) => unknowable).length,
    minutesToDetectMax: Math.round(Math.max(0, ...delays) / 60_000),
  };
}

async function judge(
  sql: Sql,
  anomaly: Anomaly,
  alerts: readonly AlertRow[],
  listing: Listing,
): Promise<Outcome> {
  const own = alerts.filter((alert) => belongs(alert, anomaly));
  const [first] = own;
  const shown = await anomaly.shownBy?.(sql) ?? null;
  const soonest = shown !== null && (first === undefined || shown.at < first.first_seen_at);
  const isOver = own.length > 0 && own.every(({ resolved_at }) => resolved_at !== null);
  const lastResolved = Math.max(...own.map(({ resolved_at }) => resolved_at?.getTime() ?? 0));
  return {
    anomaly,
    noticedAt: soonest ? shown.at : first?.first_seen_at ?? null,
    how: soonest ? shown.how : first?.title ?? "Not detected",
    resolvedAt: isOver ? new Date(lastResolved) : own.length === 0 ? shown?.at ?? null : null,
    unknowable: anomaly.needsListing && listing !== "per_schedule",
  };
}

function belongs(alert: AlertRow, { rules, matchIds, at, hours }: Anomaly): boolean {
  return rules.includes(alert.rule) &&
    alert.first_seen_at >= at && alert.first_seen_at <= addHours(at, hours) &&
    (alert.match_id === null || matchIds.includes(alert.match_id));
}
