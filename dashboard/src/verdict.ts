/** What the page says of verdicts: words, order, and the sentence of a day. Pure. */
import { count, plural } from "./format.ts";
import type { Verdict, VerdictName } from "./rows.ts";

export type Tone = "good" | "bad" | "warn" | "wait" | "off" | "person";

interface Wording {
  readonly label: string;
  readonly tone: Tone;
  readonly sign: string;
}

/** Proved, confirmed by a person, scheduled and in doubt differ in word, sign, colour and frame. */
export const VERDICTS: Readonly<Record<VerdictName, Wording>> = {
  did_not_go: { label: "Did not go out", tone: "bad", sign: "✕" },
  will_not_go: { label: "Will not go out", tone: "bad", sign: "✕" },
  in_doubt: { label: "In doubt", tone: "warn", sign: "?" },
  going_out: { label: "Going out", tone: "wait", sign: "▸" },
  confirmed_manually: { label: "Confirmed by a person", tone: "person", sign: "✎" },
  scheduled: { label: "Scheduled", tone: "wait", sign: "◷" },
  went_out: { label: "Went out", tone: "good", sign: "✓" },
  called_off: { label: "Called off", tone: "off", sign: "–" },
  not_wanted: { label: "No push wanted", tone: "off", sign: "–" },
};

export const WORST_FIRST = Object.keys(VERDICTS) as readonly VerdictName[];

export function isWanted({ verdict }: Verdict): boolean {
  return verdict !== "called_off" && verdict !== "not_wanted";
}

/** Some users got it twice, too few got it, or more than can be. */
export function isHarmed({ once, to_everyone: { answer } }: Verdict): boolean {
  return once.answer === "no" || answer === "short" || answer === "more";
}

/** What went out twice, or to too few, does not look like what is well. */
export function wordingOfVerdict(verdict: Verdict): Wording {
  const wording = VERDICTS[verdict.verdict];
  return verdict.verdict === "went_out" && isHarmed(verdict)
    ? { ...wording, tone: "warn", sign: "!" }
    : wording;
}

/** Lower is worse. */
function rank(verdict: Verdict): number {
  const place = WORST_FIRST.indexOf(verdict.verdict);
  if (verdict.verdict === "did_not_go" || verdict.verdict === "will_not_go") return place;
  if (verdict.verdict === "in_doubt") return 10;
  if (isHarmed(verdict)) return 20;
  return (isWanted(verdict) && verdict.alerts.length > 0 ? 30 : 40) + place;
}

export function worstFirst(verdicts: readonly Verdict[]): Verdict[] {
  const at = ({ send_at, kickoff_at }: Verdict) => new Date(send_at ?? kickoff_at).getTime();
  return verdicts.toSorted((a, b) => rank(a) - rank(b) || at(a) - at(b) || a.match_id - b.match_id);
}

export interface Sentence {
  readonly tone: Tone;
  readonly head: string;
  /** The worst first. */
  readonly parts: readonly string[];
}

export function textOf({ head, parts }: Sentence): string {
  return [head, ...parts].join(" · ");
}

/** "4 of 5 went out · 1 will not: the campaign is stopped", the worst after the first part. */
export function sentenceOf(verdicts: readonly Verdict[]): Sentence {
  const wanted = verdicts.filter(isWanted);
  const of = (name: VerdictName) => verdicts.filter(({ verdict }) => verdict === name);
  const off = of("called_off").length + of("not_wanted").length;
  const offText = off === 0 ? [] : [`${count(off)} without a push, as intended`];
  if (verdicts.length === 0) return { tone: "off", head: "No match on this day", parts: [] };
  if (wanted.length === 0) {
    return { tone: "off", head: "No push is to go out", parts: offText };
  }
  const failed = [...of("did_not_go"), ...of("will_not_go")];
  const doubted = of("in_doubt");
  const gone = wanted.filter(({ verdict }) => verdict !== "did_not_go");
  const twice = gone.filter(({ once }) => once.answer === "no");
  const short = gone.filter(({ to_everyone }) => to_everyone.answer === "short");
  const more = gone.filter(({ to_everyone }) => to_everyone.answer === "more");
  const scheduled = of("scheduled");
  const parts = [
    ...told(of("did_not_go"), (n) => `${n} did not${reason(of("did_not_go"))}`),
    ...told(of("will_not_go"), (n) => `${n} will not${reason(of("will_not_go"))}`),
    ...told(doubted, (n) => `${n} in doubt${reason(doubted)}`),
    ...told(twice, (n) => `${n} went out twice to ${plural(sumOf(twice, usersOf), "user")}`),
    ...told(short, (n) => `${n} reached ${count(sumOf(short, byOf))} users too few`),
    ...told(more, (n) => `${n} reached ${count(sumOf(more, byOf))} users more than expected`),
    ...told(of("confirmed_manually"), (n) => `${n} confirmed by a person, not proved`),
    ...told(of("going_out"), (n) => `${n} going out now`),
    ...told(scheduled, (n) => `${n} still to come`),
  ];
  const out = of("went_out");
  const n = count(wanted.length);
  const [one, each] = wanted.length === 1
    ? ["The push", "1 push is"]
    : wanted.length === 2
    ? ["Both", "Both pushes are"]
    : [`All ${n}`, `All ${n} pushes are`];
  const head = out.length === wanted.length
    ? `${one} went out${out.every(isWhole) ? ", once, to everyone" : ""}`
    : scheduled.length === wanted.length
    ? `${each} scheduled`
    : `${count(out.length)} of ${n} went out`;
  const isCalm = scheduled.length === wanted.length;
  return {
    tone: failed.length > 0
      ? "bad"
      : twice.length + short.length > 0
      ? "bad"
      : doubted.length + more.length > 0
      ? "warn"
      : out.length === wanted.length
      ? "good"
      : "wait",
    head,
    parts: [...(isCalm ? parts.slice(0, -1) : parts), ...offText],
  };
}

function isWhole({ once, to_everyone }: Verdict): boolean {
  return once.answer === "yes" && to_everyone.answer === "within";
}

function told(verdicts: readonly Verdict[], text: (n: string) => string): string[] {
  return verdicts.length === 0 ? [] : [text(count(verdicts.length))];
}

const usersOf = ({ once }: Verdict) => once.users ?? 0;
const byOf = ({ to_everyone }: Verdict) => to_everyone.by ?? 0;

function sumOf(verdicts: readonly Verdict[], value: (verdict: Verdict) => number): number {
  return verdicts.reduce((sum, verdict) => sum + value(verdict), 0);
}

const REASONS_MAX = 2;

/** The reasons of these matches, where they are few enough to be read. */
function reason(verdicts: readonly Verdict[]): string {
  const whys = [...new Set(verdicts.map(({ why }) => withinSentence(why)))];
  return whys.length > REASONS_MAX ? ", for different reasons" : `: ${whys.join("; ")}`;
}

/** "The campaign is stopped." becomes "the campaign is stopped"; a name keeps its capital. */
function withinSentence(why: string): string {
  const text = why.trim().replace(/\.$/, "");
  return /^(The|It|No|Its|A|Nobody|Nothing|Some|All|Another|This|Users|Events)\b/.test(text)
    ? text.charAt(0).toLowerCase() + text.slice(1)
    : text;
}

export interface NextPush {
  readonly sendAt: Date;
  /** At that time, the worst first. */
  readonly matches: readonly Verdict[];
  /** The first of them, if it is in trouble. */
  readonly trouble: Verdict | null;
}

/** null: no push is still to come. */
export function nextPush(verdicts: readonly Verdict[], now: Date): NextPush | null {
  const coming = verdicts.flatMap((verdict) => {
    const sendAt = verdict.send_at === null ? null : new Date(verdict.send_at);
    return sendAt !== null && sendAt > now && isWanted(verdict) ? [{ verdict, sendAt }] : [];
  });
  if (coming.length === 0) return null;
  const first = Math.min(...coming.map(({ sendAt }) => sendAt.getTime()));
  const matches = worstFirst(
    coming.filter(({ sendAt }) => sendAt.getTime() === first).map(({ verdict }) => verdict),
  );
  const [worst] = matches;
  const isTrouble = worst !== undefined && (
    ["will_not_go", "did_not_go", "in_doubt"].includes(worst.verdict) ||
    worst.alerts.some(({ severity }) => severity === "critical")
  );
  return { sendAt: new Date(first), matches, trouble: isTrouble ? worst : null };
}

/** Whether every word of the search is in id, teams, competition, verdict or open alerts. */
export function isFound(verdict: Verdict, search: string): boolean {
  const text = plain([
    verdict.match_id,
    verdict.home_team,
    verdict.away_team,
    verdict.competition,
    VERDICTS[verdict.verdict].label,
    ...verdict.alerts.flatMap(({ rule, title }) => [rule.replaceAll("_", " "), title]),
  ].join(" "));
  return plain(search).split(/\s+/).every((word) => text.includes(word));
}

/** Without accents and capitals: "koln" finds "Köln". */
function plain(text: string): string {
  return text.normalize("NFD").replaceAll(/\p{M}/gu, "").toLowerCase();
}
