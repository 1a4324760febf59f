/** The demo's last page: what was planned, sent, received; what went wrong; the comparison with the ground truth. */
import { Table } from "console-table-printer";
import type { Judgement, Outcome } from "./anomalies.ts";
import type { Audit, MatchLine } from "./audit.ts";

/** `colours`: only for a terminal; a file would keep their codes as noise. */
export function report(
  audit: Audit,
  judgement: Judgement,
  { colours, without }: { readonly colours: boolean; readonly without: readonly string[] },
): string {
  const shouldDisableColors = !colours;
  return [
    `${matchTable(audit.matches, shouldDisableColors)}\n${LEGEND}`,
    "What went wrong, when it was noticed, and when it was over:",
    outcomeTable(judgement.outcomes, shouldDisableColors),
    alarmLine(judgement),
    "Held against what Braze really sent:",
    verdicts(audit),
    ...(without.length === 0 ? [] : [
      `Braze's events came without ${
        without.join(" and without ")
      }. What several matches could have sent is left open\n` +
      "on purpose, with its candidates: a wrong match would be believed.",
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

const LEGEND = [
  "users sent: by the ground truth. received: users whose push we have an event of. expected: followers of the one team",
  "with more, to those of both; who follows without push gets none. events: all of them, opens and bounces included.",
].join("\n");

function matchTable(matches: readonly MatchLine[], shouldDisableColors: boolean): string {
  const table = new Table({
    shouldDisableColors,
    title: "Premier League, matchday 15 (times UTC)",
    columns: [
      { name: "match", alignment: "left", title: "match" },
      { name: "planned", alignment: "left", title: "push at" },
      { name: "status", alignment: "left" },
      { name: "users", title: "users sent" },
      { name: "received", title: "received" },
      { name: "expected", title: "expected" },
      { name: "difference", title: "difference" },
      { name: "high", title: "events high" },
      { name: "medium" },
      { name: "low" },
      { name: "none" },
    ],
  });
  for (const line of matches) table.addRow(matchRow(line), { color: colorOf(line) });
  return table.render();
}

function matchRow(line: MatchLine) {
  const { expected, expectedMin, expectedMax } = line;
  return {
    match: `${line.matchId} ${line.title}`,
    planned: shortTime(line.sendAt),
    status: line.status,
    users: count(line.users),
    received: count(line.usersRecorded),
    expected: expected === null
      ? "?"
      : `${count(expectedMin ?? 0)}–${count(expectedMax ?? expected)}`,
    difference: line.status === "sent" ? differenceOf(line) : "",
    ...Object.fromEntries(
      Object.entries(line.split).map(([name, events]) => [name, events === 0 ? "" : count(events)]),
    ),
  };
}

/** Relative to the nearest bound: the number who follow both teams is unknown. */
function differenceOf({ usersRecorded, expectedMin, expectedMax }: MatchLine): string {
  if (expectedMin === null || expectedMax === null) return "?";
  if (usersRecorded < expectedMin) return signed(usersRecorded - expectedMin);
  return usersRecorded > expectedMax ? signed(usersRecorded - expectedMax) : "within";
}

function colorOf({ status, users, usersRecorded }: MatchLine): string {
  if (status === "cancelled") return "yellow";
  return status === "sent" && users === usersRecorded ? "green" : "white";
}

function outcomeTable(outcomes: readonly Outcome[], shouldDisableColors: boolean): string {
  const table = new Table({
    shouldDisableColors,
    columns: [
      { name: "when", alignment: "left" },
      { name: "what", alignment: "left", maxLen: 44 },
      { name: "noticed", alignment: "left" },
      { name: "how", alignment: "left", maxLen: 60 },
      { name: "over", alignment: "left" },
    ],
  });
  for (const { anomaly, noticedAt, how, resolvedAt, unknowable } of outcomes) {
    table.addRow({
      when: shortTime(anomaly.at),
      what: anomaly.what,
      noticed: noticedAt === null ? "-" : shortTime(noticedAt),
      how: unknowable ? `${how} (nothing can show it before its events come)` : how,
      over: resolvedAt === null ? "still open" : shortTime(resolvedAt),
    }, { color: noticedAt === null && !unknowable ? "red" : "white" });
  }
  return table.render();
}

function alarmLine({ outcomes, detected, falseAlarms, unknowable, minutesToDetectMax }: Judgement) {
  return [
    `${detected} of ${outcomes.length} noticed, the slowest after ${minutesToDetectMax} minutes; ` +
    `${unknowable} could not be known in time; ${falseAlarms.length} false alarms`,
    ...falseAlarms.map((title) => `  false alarm: ${title}`),
  ].join("\n");
}

function verdicts(audit: Audit): string {
  const { high, medium, low, none } = audit.attributed;
  const lines: [boolean, string][] = [
    [
      audit.lostEvents === 0,
      `${count(audit.eventsTrue)} events made by Braze, ${count(audit.eventsRecorded)} recorded, ${
        count(audit.lostEvents)
      } lost`,
    ],
    [audit.inventedEvents === 0, `${count(audit.inventedEvents)} recorded that Braze never made`],
    [
      audit.wrongAttributions === 0,
      `${count(audit.wrongAttributions)} tied to a wrong match with high or medium confidence`,
    ],
    [
      audit.pushesWithoutSchedule === 0,
      `${count(audit.pushesWithoutSchedule)} pushes of schedules that the ledger does not know`,
    ],
  ];
  return [
    ...lines.map(([good, text]) => `  ${good ? "✓" : "✗"} ${text}`),
    `    attributed: ${count(high)} high, ${count(medium)} medium, ${count(low)} low, ${
      count(none)
    } not`,
  ].join("\n");
}

function count(value: number): string {
  return value.toLocaleString("en-GB");
}

function signed(value: number): string {
  return value > 0 ? `+${count(value)}` : count(value);
}
