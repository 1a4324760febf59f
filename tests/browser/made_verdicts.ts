/** Verdicts of made matches, and a page that gets them as the answer of the database. */
import type { Page } from "playwright-core";
import type { OpenAlert, Verdict, VerdictName } from "../../dashboard/src/rows.ts";
import { NOW } from "./now.ts";

/** Minutes from now. */
const at = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000).toISOString();

const WHY: Readonly<Record<VerdictName, string>> = {
  scheduled: "Braze lists it for its time.",
  going_out: "Its time has come, and nothing proves it yet.",
  went_out: "1,430 events prove it.",
  confirmed_manually: "A person confirmed it: seen on a phone.",
  in_doubt: "Braze may have dropped it when the campaign was stopped.",
  will_not_go: "The campaign is stopped.",
  did_not_go: "Nobody was pushed: 3,276 aborts, frequency_capped.",
  called_off: "The match is postponed.",
  not_wanted: "No push is wanted for this match.",
};
const IS_OVER: readonly VerdictName[] = ["went_out", "confirmed_manually", "did_not_go"];

export interface Made {
  readonly verdict: VerdictName;
  readonly home?: string;
  readonly away?: string;
  /** Of the send, from now. */
  readonly minutes?: number;
  readonly changes?: Partial<Verdict>;
}

export function madeVerdict(
  { verdict, home = "Arsenal", away = "Chelsea", minutes, changes = {} }: Made,
  index: number,
): Verdict {
  const isOver = IS_OVER.includes(verdict);
  const hasReached = verdict === "went_out";
  const sendIn = minutes ?? (isOver ? -120 : verdict === "going_out" ? -2 : 9);
  return {
    match_id: 1_001 + index,
    home_team: home,
    away_team: away,
    competition: "Premier League",
    kickoff_at: at(sendIn + 60),
    send_at: verdict === "not_wanted" ? null : at(sendIn),
    status: "scheduled",
    verdict,
    why: WHY[verdict],
    once: { answer: hasReached ? "yes" : "unknown", users: hasReached ? 0 : null },
    to_everyone: {
      answer: hasReached ? "within" : "not_measured",
      by: null,
      reached: hasReached ? 1_430 : 0,
      expected_min: 1_400,
      expected_max: 1_500,
    },
    counts: { sent: 0, bounced: 0, aborted: 0, opened: 0, abort_reasons: {} },
    next: { text: "Nothing more happens.", at: null, verbs: [], verbs_with_risk: [] },
    alerts: [],
    ...changes,
  };
}

export function madeAlert(rule: string, severity: OpenAlert["severity"], title: string): OpenAlert {
  return { fingerprint: `${rule}:${title}`, rule, kind: "condition", severity, title };
}

/** Until the page is closed. */
export async function answerVerdicts(page: Page, verdicts: readonly Verdict[]): Promise<void> {
  await page.route("**/rest/v1/rpc/day_verdicts*", (route) => route.fulfill({ json: verdicts }));
  await page.route("**/rest/v1/schedule_ledger*", (route) => route.fulfill({ json: [] }));
}
