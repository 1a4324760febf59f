/** The demo's report: what was planned, sent and received, the anomalies, and the comparison with the ground truth. */
import { type Colour, type Column, fitTable, fitText } from "../cli/fit_table.ts";
import type { Judgement, Outcome } from "./anomalies.ts";
import type { Audit, MatchLine } from "./audit.ts";

/** What the suite says of a match at the end. */
export interface Verdict {
  readonly verdict: string;
  readonly why: string;
}

export interface ReportOptions {
  readonly verdicts: ReadonlyMap<number, Verdict>;
  readonly colours: boolean;
  /** Characters in a line. */
  readonly width: number;
  readonly without: readonly string[];
}

export function report(audit: Audit, judgement: Judgement, options: ReportOptions): string {
  const { width, without } = options;
  const lines = (text: string) => fitText(text, width);
  return [
    "Premier League, matchday 15 (times UTC)",
    `${matchTable(audit.matches, options)}\n\n${lines(LEGEND)}`,
    lines("What went wrong, when it was noticed, and when it was resolved:"),
    outcomeTable(judgement.outcomes, options),
    alarmLine(judgement, width),
    "Compared with what Braze really sent:",
    verdicts(audit, width),
    ...(without.length === 0 ? [] : [
      lines(
        `Braze's events came without ${without.join(" and without ")}. An event that several ` +
          "matches could have sent stays unattributed on purpose, with its candidates: an " +
          "attribution to a wrong match would be believed.",
      ),
    ]),
  ].join("\n\n");
}

const SHORT_TIME = new Intl.DateTimeFormat("en-GB", {
  timeZone: "UTC",
  weekday: "short",
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

export function shortTime(at: Date): string {
  return SHORT_TIME.format(at).replaceAll(",", "");
}

const LEGEND =
  "sent: users in the sandbox's ground truth. received: users of whose push an event was recorded. expected: from the " +
  "followers of the larger team to those of both, as far as they have push. Events: all, with opens and bounces.";

function matchTable(
  matches: readonly MatchLine[],
  { verdicts, colours, width }: ReportOptions,
): string {
  const columns: Column<MatchLine>[] = [
    { title: "id", text: ({ matchId }) => String(matchId), align: "right" },
    { title: "match", text: ({ title }) => title, spare: 2 },
    { title: "push at", text: ({ sendAt }) => shortTime(sendAt), spare: 3 },
    {
      title: "verdict",
      text: ({ matchId }) => verdicts.get(matchId)?.verdict.replaceAll("_", " ") ?? "",
    },
    { title: "sent", text: ({ users }) => count(users), align: "right", spare: 1 },
    { title: "received", text: ({ usersRecorded }) => count(usersRecorded), align: "right" },
    { title: "expected", text: expectedOf, align: "right" },
    { title: "why", text: ({ matchId }) => verdicts.get(matchId)?.why ?? "", wraps: true },
    ...(["high", "medium", "low", "none"] as const).map((confidence) => ({
      title: `events ${confidence}`,
      text: ({ split }: MatchLine) => split[confidence] === 0 ? "" : count(split[confidence]),
      align: "right" as const,
      spare: 4,
    })),
  ];
  return fitTable(columns, matches, { width, colourOf: colours ? colourOf : () => null });
}

function expectedOf({ expected, expectedMin, expectedMax }: MatchLine): string {
  return expected === null ? "?" : `${count(expectedMin ?? 0)}–${count(expectedMax ?? expected)}`;
}

function colourOf({ status, users, usersRecorded }: MatchLine): Colour | null {
  if (status === "cancelled") return "yellow";
  return status === "sent" && users === usersRecorded ? "green" : null;
}

const OUTCOMES: readonly Column<Outcome>[] = [
  { title: "when", text: ({ anomaly }) => shortTime(anomaly.at) },
  { title: "what", text: ({ anomaly }) => anomaly.what, wraps: true },
  {
    title: "noticed",
    text: ({ noticedAt }) => noticedAt === null ? "-" : shortTime(noticedAt),
  },
  {
    title: "how",
    text: ({ how, unknowable }) =>
      unknowable ? `${how} (nothing can show it before its events arrive)` : how,
    wraps: true,
    spare: 1,
  },
  {
    title: "resolved",
    text: ({ resolvedAt }) => resolvedAt === null ? "still open" : shortTime(resolvedAt),
    spare: 2,
  },
];

function outcomeTable(
  outcomes: readonly Outcome[],
  { colours, width }: ReportOptions,
): string {
  return fitTable(OUTCOMES, outcomes, {
    width,
    colourOf: ({ noticedAt, unknowable }) =>
      colours && noticedAt === null && !unknowable ? "red" : null,
  });
}

function alarmLine(
  { outcomes, detected, falseAlarms, unknowable, minutesToDetectMax }: Judgement,
  width: number,
) {
  return [
    `${detected} of ${outcomes.length} noticed, the slowest after ${minutesToDetectMax} minutes; ` +
    `${unknowable} could not be known in time; ${falseAlarms.length} false alarms`,
    ...falseAlarms.map((title) => `  false alarm: ${title}`),
  ].map((line) => fitText(line, width)).join("\n");
}

function verdicts(audit: Audit, width: number): string {
  const { high, medium, low, none } = audit.attributed;
  const lines: [boolean, string][] = [
    [
      audit.lostEvents === 0,
      `${count(audit.eventsTrue)} events sent by Braze, ${count(audit.eventsRecorded)} recorded, ${
        count(audit.lostEvents)
      } lost`,
    ],
    [audit.inventedEvents === 0, `${count(audit.inventedEvents)} recorded that Braze never sent`],
    [
      audit.wrongAttributions === 0,
      `${
        count(audit.wrongAttributions)
      } attributed to a wrong match with high or medium confidence`,
    ],
    [
      audit.pushesWithoutSchedule === 0,
      `${count(audit.pushesWithoutSchedule)} pushes of schedules unknown to the ledger`,
    ],
  ];
  return [
    ...lines.map(([good, text]) => `  ${good ? "✓" : "✗"} ${text}`),
    `    attributed: ${count(high)} high, ${count(medium)} medium, ${count(low)} low, ${
      count(none)
    } unattributed`,
  ].map((line) => fitText(line, width)).join("\n");
}

function count(value: number): string {
  return value.toLocaleString("en-GB");
}
