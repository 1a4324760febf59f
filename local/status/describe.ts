/** The status as text for a terminal: the sentence of the day, the verdicts, the timed functions, the open alerts. */
import { type Colour, type Column, fitTable, wrap } from "../cli/fit_table.ts";
import type { Alert, Jobs, Status, Verdict } from "./read_status.ts";

const MINUTE_MS = 60_000;

export interface DescribeOptions {
  readonly date: string;
  /** By the project's clock. */
  readonly now: Date;
  readonly colours: boolean;
  /** Characters in a line. */
  readonly width: number;
}

export function describe(
  { matches, alerts, jobs }: Status,
  { date, now, colours, width }: DescribeOptions,
): string {
  const colourOf = colours ? ({ verdict }: Verdict) => COLOUR_OF[verdict] ?? null : () => null;
  const lines = (text: string) => wrap(text, width - 4).join("\n    ");
  return [
    lines(`${date}: ${sentence(matches)}`),
    ...(matches.length === 0 ? [] : [fitTable(COLUMNS, matches, { width, colourOf })]),
    lines(nextSend(matches, now)),
    jobLines(jobs, now).map(lines).join("\n"),
    alerts.length === 0
      ? "No open alerts"
      : ["Open alerts:", ...alerts.map((alert) => lines(`  ${alertLine(alert)}`))].join("\n"),
  ].join("\n\n");
}

/** Whether a person should look. */
export function isCalm({ alerts, jobs }: Status): boolean {
  return alerts.length === 0 && jobs.cron_silent_since === null &&
    jobs.functions.every(({ is_late }) => !is_late);
}

/** The worst first. */
const COLOUR_OF: Readonly<Record<string, Colour | null>> = {
  did_not_go: "red",
  will_not_go: "red",
  in_doubt: "yellow",
  going_out: null,
  scheduled: null,
  confirmed_manually: null,
  went_out: "green",
  called_off: null,
  not_wanted: null,
};

const COLUMNS: readonly Column<Verdict>[] = [
  { title: "id", text: ({ match_id }) => String(match_id), align: "right" },
  {
    title: "match",
    text: ({ home_team, away_team }) => printable(`${home_team} – ${away_team}`),
    spare: 2,
  },
  { title: "kick-off", text: ({ kickoff_at }) => clockTime(kickoff_at), spare: 3 },
  {
    title: "push",
    text: ({ send_at }) => send_at === null ? "–" : clockTime(send_at),
    spare: 1,
  },
  { title: "verdict", text: ({ verdict }) => words(verdict) },
  {
    title: "received/expected",
    text: ({ to_everyone: it }) =>
      `${shown(it.reached)}/${bounds(it.expected_min, it.expected_max)}`,
    align: "right",
  },
  { title: "why", text: whyOf, wraps: true },
];

function whyOf({ why, once }: Verdict): string {
  const twice = once.answer === "no" ? ` ${shown(once.users)} users got it more than once.` : "";
  return printable(`${why}${twice}`);
}

function sentence(matches: readonly Verdict[]): string {
  if (matches.length === 0) return "no match";
  const counted = Object.keys(COLOUR_OF).flatMap((verdict) => {
    const of = matches.filter((match) => match.verdict === verdict).length;
    return of === 0 ? [] : [`${of} ${words(verdict)}`];
  });
  return `${matches.length} ${matches.length === 1 ? "match" : "matches"}: ${counted.join(" · ")}`;
}

function nextSend(matches: readonly Verdict[], now: Date): string {
  const next = matches
    .flatMap(({ verdict, next: { at }, match_id }) =>
      verdict === "scheduled" && at !== null ? [{ at, match_id }] : []
    )
    .sort((a, b) => a.at.getTime() - b.at.getTime())[0];
  const at = `It is ${clockTime(now)} UTC`;
  if (next === undefined) return `${at}; nothing more is to be sent of these`;
  const minutes = Math.ceil((next.at.getTime() - now.getTime()) / MINUTE_MS);
  return `${at}; the next push goes out in ${duration(minutes)} (match ${next.match_id})`;
}

function jobLines({ cron_silent_since: silent, functions }: Jobs, now: Date): string[] {
  if (silent !== null) return [`cron has not run since ${since(silent, now)}`];
  const late = functions.filter(({ is_late }) => is_late);
  if (late.length === 0) return ["All timed functions have succeeded in time"];
  return late.map(({ function_name, last_success_at, period_minutes }) =>
    `${function_name} has not succeeded ${
      last_success_at === null ? "yet" : `since ${since(last_success_at, now)}`
    } (it should every ${duration(period_minutes)})`
  );
}

function since(at: Date, now: Date): string {
  const day = at.toISOString().slice(0, 10);
  return `${day === now.toISOString().slice(0, 10) ? "" : `${day} `}${clockTime(at)} UTC`;
}

function duration(minutes: number): string {
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function alertLine({ severity, rule, title, first_seen_at, match_id }: Alert): string {
  const of = match_id === null ? "" : ` [${match_id}]`;
  const at = first_seen_at.toISOString().slice(0, 16).replace("T", " ");
  return `${severity.padEnd(8)} ${rule}${of}: ${printable(title)} (since ${at})`;
}

/** Names and titles quote external text, so control characters are removed. */
function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- they are what is taken out
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, " ");
}

function words(verdict: string): string {
  return verdict.replaceAll("_", " ");
}

function clockTime(at: Date): string {
  return at.toISOString().slice(11, 16);
}

function bounds(least: number | null, most: number | null): string {
  return least === most ? shown(least) : `${shown(least)}–${shown(most)}`;
}

function shown(value: number | null): string {
  return value === null ? "?" : value.toLocaleString("en-GB");
}
