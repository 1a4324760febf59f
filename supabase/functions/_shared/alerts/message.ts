/**
 * What is written about alerts, as Slack and its likes read it. Pure.
 *
 * Titles hold words from outside (team names, Braze's own), so nothing in them may act as markup: a team called
 * `<!channel>` must not wake everybody.
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

/** One alert: that it was raised, got worse, or is over. */
export function messageOf(delivery: Delivery): string {
  return [headline(delivery), factsOf(delivery), ...hintOf(delivery)].join("\n");
}

/** Many alerts in one message, what is over last. */
export function digestOf(deliveries: readonly Delivery[]): string {
  const open = deliveries.filter(({ kind }) => kind !== "resolved");
  const over = deliveries.filter(({ kind }) => kind === "resolved");
  const counts = [
    ...(open.length > 0 ? [`${open.length} alerts`] : []),
    ...(over.length > 0 ? [`${over.length} resolved`] : []),
  ].join(", ");
  const listed = [...open, ...over].slice(0, DIGEST_LINES_MAX);
  const left = deliveries.length - listed.length;
  return [
    `*${counts}*`,
    ...listed.map((one) =>
      `• ${headline(one)} (\`${one.rule}\`, since ${inWords(one.firstSeenAt)})`
    ),
    ...(left > 0 ? [`… and ${left} more`] : []),
    "All of them: `select * from alerts where resolved_at is null`",
  ].join("\n");
}

function headline({ kind, severity, title }: Delivery): string {
  const head = kind === "resolved" ? ":white_check_mark: *Resolved*" : SEVERITIES[severity];
  const worse = kind === "escalated" ? " (got worse)" : "";
  return `${head}${worse}: ${plain(truncate(title))}`;
}

function factsOf(delivery: Delivery): string {
  const { rule, firstSeenAt, resolvedAt, occurrences } = delivery;
  return [
    `\`${plain(rule)}\``,
    ...matchOf(delivery),
    resolvedAt === null
      ? `since ${inWords(firstSeenAt)}`
      : `from ${inWords(firstSeenAt)} to ${inWords(resolvedAt)}`,
    occurrences === 1 ? "seen once" : `seen ${occurrences} times`,
  ].join(" · ");
}

function matchOf({ matchId, homeTeam, awayTeam, kickoffAt }: Delivery): string[] {
  if (matchId === null) return [];
  if (homeTeam === null || awayTeam === null || kickoffAt === null) return [`match ${matchId}`];
  return [
    `match ${matchId} ${plain(homeTeam)}–${plain(awayTeam)}, kick-off ${inWords(kickoffAt)}`,
  ];
}

function hintOf({ kind, rule }: Delivery): string[] {
  return kind === "resolved" ? [] : [`What to do: ${plain(hintFor(rule))}`];
}

function truncate(text: string): string {
  return text.length <= TITLE_CHARACTERS_MAX ? text : `${text.slice(0, TITLE_CHARACTERS_MAX - 1)}…`;
}

/** The three characters that Slack wants escaped; line breaks would forge further lines. */
function plain(text: string): string {
  return text.replaceAll(/\s+/g, " ")
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function inWords(time: Date): string {
  return `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
