/**
 * Formats the messages about alerts as lines of plain text. Pure.
 *
 * A message names the match, times, Braze's words, what to do and the page. How each chat shows a line as plain text is
 * known to chat_hosts.ts.
 */
import type { Delivery } from "../store/deliveries.ts";
import { countText } from "../text/count_text.ts";
import { truncate } from "../text/truncate.ts";
import type { ChatMessage } from "./chat_hosts.ts";
import { hintFor, namesVerb } from "./runbook.ts";

const TITLE_CHARACTERS_MAX = 300;
const WORDS_CHARACTERS_MAX = 300;
const DIGEST_LINES_MAX = 20;

const HEADS: Record<Exclude<Delivery["kind"], "raised" | "escalated">, string> = {
  changing: "🟠 Keeps changing",
  resolved: "✅ Resolved",
  over: "⚪ Over, not resolved",
  closed: "✅ Closed by a person",
};
const SEVERITIES = { critical: "🔴 Critical", warning: "🟠 Warning", info: "🔵 Info" } as const;

export interface MessageSettings {
  /** The page of the suite; null: no link. */
  readonly dashboardUrl: string | null;
  /** The zone in which times are given beside UTC. */
  readonly alertTimeZone: string;
}

/** The message for one notice about one alert. */
export function messageOf(delivery: Delivery, settings: MessageSettings): ChatMessage {
  const { alertTimeZone, dashboardUrl } = settings;
  const { kind, rule, openings, brazeSays, verdict, closedBecause } = delivery;
  const isOpen = isAboutOpen(delivery);
  return {
    lines: [
      headline(delivery),
      ...matchOf(delivery, alertTimeZone),
      ...(verdict === null ? [] : [words("The match now", verdict)]),
      ...(brazeSays === null ? [] : [words("Braze says", brazeSays)]),
      ...(closedBecause === null ? [] : [words("Reason", closedBecause)]),
      ...(kind === "changing"
        ? [
          `It was resolved and opened again ${openings} times. The next message follows when it has been open or resolved for an hour`,
        ]
        : []),
      ...(kind === "over" ? ["Its time has passed; nothing corrected it"] : []),
      ...(isOpen ? [whatToDo(rule, dashboardUrl !== null)] : []),
      factsOf(delivery, alertTimeZone),
    ].map(oneLine),
    link: linkOf(delivery, settings),
  };
}

function whatToDo(rule: string, hasPage: boolean): string {
  const hint = hintFor(rule);
  const door = hasPage
    ? "Its verbs are buttons on the page below"
    : "Its verbs are sent by curl: docs/runbook.md, under Verbs";
  return `What to do: ${hint}${namesVerb(hint) ? `. ${door}` : ""}`;
}

/** What is left of a message that the chat refuses, perhaps for something in its text. */
export function bareMessageOf(delivery: Delivery, settings: MessageSettings): ChatMessage {
  const { rule, matchId } = delivery;
  const match = matchId === null ? "" : `, match ${matchId}`;
  return { lines: [`${headOf(delivery)}: ${rule}${match}`], link: linkOf(delivery, settings) };
}

/** One message for many notices; those that ask for nothing come last. */
export function digestOf(
  deliveries: readonly Delivery[],
  settings: MessageSettings,
): ChatMessage {
  const open = deliveries.filter(isAboutOpen);
  const done = deliveries.filter((one) => !isAboutOpen(one));
  const counts = [
    ...(open.length > 0 ? [`${countText(open.length)} alerts`] : []),
    ...(done.length > 0 ? [`${countText(done.length)} resolved or over`] : []),
  ].join(", ");
  const listed = [...open, ...done].slice(0, DIGEST_LINES_MAX);
  const left = deliveries.length - listed.length;
  return {
    lines: [
      `${counts}${
        left > 0 ? ` (the first ${listed.length} of ${countText(deliveries.length)} follow)` : ""
      }`,
      ...listed.map((one) =>
        oneLine(
          `• ${headline(one)} (${one.rule}, since ${
            timeText(one.firstSeenAt, settings.alertTimeZone)
          })`,
        )
      ),
    ],
    link: pageOf(settings, "alerts"),
  };
}

/** Sent by a person who wants to know that messages arrive. */
export function testMessage(
  audience: Delivery["audience"],
  now: Date,
  settings: MessageSettings,
): ChatMessage {
  return {
    lines: [
      `🔵 Test: alerts for the audience ${audience} arrive here. Nothing is wrong`,
      `Sent ${timeText(now, settings.alertTimeZone)}`,
    ],
    link: pageOf(settings, "alerts"),
  };
}

function isAboutOpen({ kind }: Delivery): boolean {
  return kind === "raised" || kind === "escalated" || kind === "changing";
}

function headOf({ kind, severity }: Delivery): string {
  if (kind === "raised") return SEVERITIES[severity];
  if (kind === "escalated") return `${SEVERITIES[severity]} (it was less before)`;
  return HEADS[kind];
}

function headline(delivery: Delivery): string {
  return `${headOf(delivery)}: ${truncate(delivery.title, TITLE_CHARACTERS_MAX)}`;
}

function matchOf(
  { matchId, homeTeam, awayTeam, kickoffAt, title }: Delivery,
  timeZone: string,
): string[] {
  if (matchId === null) return [];
  const name = `Match ${matchId}`;
  if (homeTeam === null || awayTeam === null || kickoffAt === null) return [name];
  const full = `${name} ${homeTeam}–${awayTeam}`;
  const kickoff = `kick-off ${timeText(kickoffAt, timeZone)}`;
  // Most titles begin with the match.
  return [title.startsWith(full) ? `K${kickoff.slice(1)}` : `${full}, ${kickoff}`];
}

function factsOf(delivery: Delivery, timeZone: string): string {
  const { rule, firstSeenAt, resolvedAt, occurrences } = delivery;
  const since = timeText(firstSeenAt, timeZone);
  return [
    rule,
    resolvedAt === null ? `since ${since}` : `from ${since} to ${timeText(resolvedAt, timeZone)}`,
    occurrences === 1 ? "seen once" : `seen ${countText(occurrences)} times`,
  ].join(" · ");
}

function linkOf({ matchId }: Delivery, settings: MessageSettings): string | null {
  return pageOf(settings, matchId === null ? "alerts" : `match/${matchId}`);
}

function pageOf({ dashboardUrl }: MessageSettings, view: string): string | null {
  if (dashboardUrl === null) return null;
  const page = new URL(dashboardUrl);
  page.hash = `#/${view}`;
  return page.href;
}

function words(whose: string, text: string): string {
  return `${whose}: ${truncate(text, WORDS_CHARACTERS_MAX)}`;
}

/** A line break in a name could forge a line. */
function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}\u2028\u2029]+/gu, " ");
}

/** In UTC, and where another zone is configured in that one as well. */
function timeText(time: Date, timeZone: string): string {
  const utc = `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;
  if (timeZone === "UTC") return utc;
  const parts = new Intl.DateTimeFormat("sv-SE", {
    timeZone,
    dateStyle: "short",
    timeStyle: "short",
  }).format(time);
  const [date = "", hour = ""] = parts.split(" ");
  return `${utc} (${utc.startsWith(date) ? hour : `${date} ${hour}`} ${timeZone})`;
}
