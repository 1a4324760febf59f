/**
 * Formats alert notifications for Slack-compatible webhooks. Pure.
 *
 * Titles contain external text (team names, Braze's messages), so their markup is escaped: a team called `<!channel>`
 * must not notify the whole channel.
 */
import type { Delivery } from "../store/deliveries.ts";
import { hintFor } from "./runbook.ts";

const TITLE_CHARACTERS_MAX = 300;
const DIGEST_LINES_MAX = 20;

const SEVERITIES = {
  critical: ":red_circle: *Critical*",
  warning: ":large_orange_circle: *Warning*",
  info: ":large_blue_circle: *Info*",
} as const;

/** The message for one alert: opened, escalated or resolved. */
export function messageOf(delivery: Delivery): string {
  return [headline(delivery), factsOf(delivery), ...hintOf(delivery)].join("\n");
}

/** One message for many alerts, resolved ones last. */
export function digestOf(deliveries: readonly Delivery[]): string {
  const open = deliveries.filter(({ kind }) => kind !== "resolved");
  const resolved = deliveries.filter(({ kind }) => kind === "resolved");
  const counts = [
    ...(open.length > 0 ? [`${open.length} alerts`] : []),
    ...(resolved.length > 0 ? [`${resolved.length} resolved`] : []),
  ].join(", ");
  const listed = [...open, ...resolved].slice(0, DIGEST_LINES_MAX);
  const left = deliveries.length - listed.length;
  return [
    `*${counts}*`,
    ...listed.map((one) =>
      `• ${headline(one)} (\`${one.rule}\`, since ${timeText(one.firstSeenAt)})`
    ),
    ...(left > 0 ? [`… and ${left} more`] : []),
    "All alerts: `select * from alerts where resolved_at is null`",
  ].join("\n");
}

function headline({ kind, severity, title }: Delivery): string {
  const head = kind === "resolved" ? ":white_check_mark: *Resolved*" : SEVERITIES[severity];
  const worse = kind === "escalated" ? " (escalated)" : "";
  return `${head}${worse}: ${escapeText(truncate(title))}`;
}

function factsOf(delivery: Delivery): string {
  const { rule, firstSeenAt, resolvedAt, occurrences } = delivery;
  return [
    `\`${escapeText(rule)}\``,
    ...matchOf(delivery),
    resolvedAt === null
      ? `since ${timeText(firstSeenAt)}`
      : `from ${timeText(firstSeenAt)} to ${timeText(resolvedAt)}`,
    occurrences === 1 ? "seen once" : `seen ${occurrences} times`,
  ].join(" · ");
}

function matchOf({ matchId, homeTeam, awayTeam, kickoffAt }: Delivery): string[] {
  if (matchId === null) return [];
  if (homeTeam === null || awayTeam === null || kickoffAt === null) return [`match ${matchId}`];
  return [
    `match ${matchId} ${escapeText(homeTeam)}–${escapeText(awayTeam)}, kick-off ${
      timeText(kickoffAt)
    }`,
  ];
}

function hintOf({ kind, rule }: Delivery): string[] {
  return kind === "resolved" ? [] : [`What to do: ${escapeText(hintFor(rule))}`];
}

function truncate(text: string): string {
  return text.length <= TITLE_CHARACTERS_MAX ? text : `${text.slice(0, TITLE_CHARACTERS_MAX - 1)}…`;
}

/** Escapes Slack's three special characters; also removes line breaks, which could forge a line. */
function escapeText(text: string): string {
  return text.replaceAll(/\s+/g, " ")
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function timeText(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
