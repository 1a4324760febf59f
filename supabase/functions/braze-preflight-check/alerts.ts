/** Builds the alerts about upcoming sends. Pure. */
import { isShut } from "../_shared/braze/campaign_gate.ts";
import type { Alert } from "../_shared/store/alerts_and_logs.ts";
import type { NearSend } from "../_shared/store/preflight.ts";
import { scheduleMissing } from "../_shared/alerts/schedule_alerts.ts";
import { currentOf } from "../_shared/scheduling/schedule.ts";
import type { Inspection } from "./inspect.ts";

/** Evaluated by every run from the ledger: an alert that is not raised again is resolved. */
export const MATCH_RULES = ["schedule_missing", "changed_before_send", "schedule_id_missing"];
export function alertsOf(inspections: readonly Inspection[]): Alert[] {
  return inspections.flatMap(matchAlerts);
}

export function missing({ fixture, ledger, sendAt }: NearSend): Alert {
  return scheduleMissing({
    ...fixture,
    generation: ledger.generation,
    sendAt,
    brazeScheduleId: currentOf(ledger)?.brazeScheduleId ?? null,
  });
}

function matchAlerts({ send, result, changes, hasSchedule, gate }: Inspection): Alert[] {
  if (result === "absent") return [missing(send)];
  const state = currentOf(send.ledger)?.state;
  return [
    ...(changes.length === 0 || isShut(gate) ? [] : [matchAlert(
      send,
      "changed_before_send",
      "changed too late: the push goes out as planned before",
      { changes, kickoff_at: send.fixture.kickoffAt },
    )]),
    ...(hasSchedule ? [] : [matchAlert(
      send,
      "schedule_id_missing",
      state === "failed" || state === "deleted"
        ? "no schedule in Braze, and it is too late to create one"
        : "it is unknown whether Braze has its schedule",
      { state },
    )]),
  ];
}

function matchAlert(
  { fixture, ledger, sendAt }: NearSend,
  rule: string,
  what: string,
  details: Readonly<Record<string, unknown>>,
): Alert {
  return {
    fingerprint: `${rule}:${fixture.matchId}`,
    rule,
    severity: "critical",
    audience: "admin",
    title: `Match ${fixture.matchId} ${fixture.homeTeam}–${fixture.awayTeam}: ${what}`,
    details: { generation: ledger.generation, send_at: sendAt, ...details },
    matchId: fixture.matchId,
  };
}
