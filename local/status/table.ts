/** The matchday as a table for a terminal. */
import { Table } from "console-table-printer";
import type { Alert, Match, MatchdaySummary } from "./matchday_summary.ts";

const MINUTE_MS = 60_000;

export interface TableOptions {
  readonly date: string;
  /** By the project's clock. */
  readonly now: Date;
  readonly colours: boolean;
}

export function describe(summary: MatchdaySummary, { date, now, colours }: TableOptions): string {
  const alerts = [
    ...summary.matches.flatMap(({ match_id, alerts }) => alerts.map((it) => ({ ...it, match_id }))),
    ...summary.alerts,
  ];
  return [
    summary.matches.length === 0 ? `No match on ${date}` : matchTable(summary, date, colours),
    nextSend(summary, now),
    alerts.length === 0
      ? "No open alerts"
      : ["Open alerts:", ...alerts.map((alert) => `  ${alertLine(alert)}`)].join("\n"),
  ].join("\n\n");
}

export function openAlerts({ matches, alerts }: MatchdaySummary): number {
  return matches.reduce((sum, match) => sum + match.alerts.length, alerts.length);
}

function matchTable({ matches }: MatchdaySummary, date: string, colours: boolean): string {
  const table = new Table({
    shouldDisableColors: !colours,
    title: `${date} (times UTC)`,
    columns: [
      { name: "match", alignment: "left" },
      { name: "kickoff", title: "kick-off" },
      { name: "send", title: "push at" },
      { name: "status", alignment: "left" },
      { name: "preflight", alignment: "left", title: "pre-flight" },
      { name: "received" },
      { name: "expected" },
      { name: "braze", title: "Braze" },
      { name: "high" },
      { name: "medium" },
      { name: "low" },
      { name: "alerts" },
    ],
  });
  for (const match of matches) table.addRow(rowOf(match), { color: colourOf(match) });
  return table.render();
}

function rowOf(match: Match) {
  return {
    match: `${match.match_id} ${match.home_team} – ${match.away_team}`,
    kickoff: clockTime(match.kickoff_at),
    send: match.send_at === null ? "–" : clockTime(match.send_at),
    status: statusOf(match),
    preflight: match.preflight_result ?? "–",
    received: receivedOf(match),
    expected: expectedOf(match),
    braze: shown(match.braze_reported),
    ...countsOf(match),
    alerts: match.alerts.length,
  };
}

/** A match without a ledger row has no events to count. */
function countsOf({ status, high, medium, low }: Match) {
  const count = (value: number | null) => shown(status === null ? null : value);
  return { high: count(high), medium: count(medium), low: count(low) };
}

function statusOf(match: Match): string {
  const fixture = match.match_status === "scheduled" ? "" : `, match ${match.match_status}`;
  if (match.status === null) return `not scheduled${fixture}`;
  if (match.status === "sent") return `sent (${match.sent_evidence})${fixture}`;
  if (match.status === "cancelled") return `cancelled (${match.cancel_reason})${fixture}`;
  return `${match.status}, ${match.schedule_state ?? "no schedule"}${fixture}`;
}

/** Users with a push, with a note if only the webhook channel reported them. */
function receivedOf({ received, webhook_sends }: Match): string {
  return received === 0 && (webhook_sends ?? 0) > 0 ? `webhook ${webhook_sends}` : shown(received);
}

function expectedOf({ expected, expected_min, expected_max }: Match): string {
  if (expected === null && expected_min === null) return "–";
  const [least, most] = [expected_min ?? expected, expected_max ?? expected];
  return least === most || most === null ? shown(least) : `${shown(least)}–${shown(most)}`;
}

function colourOf({ alerts, status }: Match): string {
  if (alerts.some(({ severity }) => severity === "critical")) return "red";
  if (alerts.length > 0) return "yellow";
  return status === "sent" ? "green" : "white";
}

function nextSend({ matches }: MatchdaySummary, now: Date): string {
  const next = matches
    .flatMap(({ send_at, status, match_id }) =>
      send_at !== null && status === "pending" && send_at > now ? [{ send_at, match_id }] : []
    )
    .sort((a, b) => a.send_at.getTime() - b.send_at.getTime())[0];
  const at = `It is ${clockTime(now)} UTC`;
  if (next === undefined) return `${at}; nothing more is to be sent of these`;
  const minutes = Math.ceil((next.send_at.getTime() - now.getTime()) / MINUTE_MS);
  return `${at}; the next push goes out in ${duration(minutes)} (match ${next.match_id})`;
}

function duration(minutes: number): string {
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function alertLine({ severity, rule, title, first_seen_at, match_id }: Alert): string {
  const of = match_id == null ? "" : ` [${match_id}]`;
  const at = first_seen_at.toISOString().slice(0, 16).replace("T", " ");
  return `${severity.padEnd(8)} ${rule}${of}: ${printable(title)} (since ${at})`;
}

/** A title may quote external text, so control characters are removed. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- they are what is taken out
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, " ");
}

function clockTime(at: Date): string {
  return at.toISOString().slice(11, 16);
}

function shown(value: number | null): string {
  return value === null ? "–" : value.toLocaleString("en-GB");
}
