/** States as a sign, a word and a colour; each alone is sufficient. */
import type { MatchdayMatch, Severity } from "../rows.ts";
import { words } from "../format.ts";

export type Tone = "good" | "bad" | "warn" | "wait" | "off";

const SIGNS: Readonly<Record<Tone, string>> = {
  good: "✓",
  bad: "✕",
  warn: "!",
  wait: "◷",
  off: "–",
};

export function Chip({ tone, children, title }: {
  readonly tone: Tone;
  readonly children: string;
  readonly title?: string;
}) {
  return (
    <span class={`chip ${tone}`} title={title}>
      <span class="sign" aria-hidden="true">{SIGNS[tone]}</span>
      {children}
    </span>
  );
}

/** A push without evidence is overdue after this time. */
const OVERDUE_MS = 15 * 60_000;

export function sendState(match: MatchdayMatch, now: Date): { tone: Tone; text: string } {
  const { status, send_at: sendAt, cancel_reason: reason, schedule_state: state } = match;
  if (status === null || sendAt === null) {
    return match.match_status === "scheduled"
      ? { tone: "off", text: "Not scheduled" }
      : { tone: "off", text: words(match.match_status) };
  }
  if (status === "sent") return { tone: "good", text: "Sent" };
  if (status === "cancelled") {
    return reason === "plan"
      ? { tone: "off", text: "Cancelled" }
      : { tone: "bad", text: `Cancelled in Braze` };
  }
  const pastMs = now.getTime() - new Date(sendAt).getTime();
  if (pastMs > OVERDUE_MS) return { tone: "bad", text: "Overdue" };
  if (pastMs > 0) return { tone: "wait", text: "Going out" };
  if (state === "unknown") return { tone: "warn", text: "Unknown in Braze" };
  return { tone: "wait", text: "Scheduled" };
}

const PREFLIGHT: Readonly<Record<string, readonly [Tone, string]>> = {
  ok: ["good", "OK"],
  not_contradicted: ["wait", "Not contradicted"],
  unknown: ["warn", "Not known"],
  absent: ["bad", "Gone from Braze"],
  campaign_stopped: ["bad", "Campaign stopped"],
  changed: ["warn", "Fixture changed"],
  no_schedule_id: ["warn", "No schedule id"],
};

export function preflightState(result: string | null): { tone: Tone; text: string } {
  if (result === null) return { tone: "off", text: "Not yet" };
  const [tone, text] = PREFLIGHT[result] ?? ["warn", words(result)];
  return { tone, text };
}

export const SEVERITY_TONES: Readonly<Record<Severity, Tone>> = {
  critical: "bad",
  warning: "warn",
  info: "wait",
};
