/** What a person is told of the sends that are near. Pure. */
import { isShut } from "../_shared/braze/campaign_gate.ts";
import type { Alert } from "../_shared/store/alerts_and_logs.ts";
import type { NearSend } from "../_shared/store/preflight.ts";
import { scheduleMissing } from "../_shared/alerts/schedule_alerts.ts";
import { currentOf, type Inspection } from "./inspect.ts";

/** Judged anew by each run, from the ledger alone: what is not raised again is mended, or past. */
export const MATCH_RULES = ["schedule_missing", "changed_before_send", "schedule_id_missing"];
/** Judged anew by each run that could read every campaign. */
export const CAMPAIGN_RULE = "campaign_stopped";

export function alertsOf(inspections: readonly Inspection[]): Alert[] {
  return [...inspections.flatMap(matchAlerts), ...campaignAlerts(inspections)];
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
      "changed too late: the push goes out as it was planned",
      { changes, kickoff_at: send.fixture.kickoffAt },
    )]),
    ...(hasSchedule ? [] : [matchAlert(
      send,
      "schedule_id_missing",
      state === "failed" || state === "deleted"
        ? "nothing is scheduled in Braze, and it is too late to make up for it"
        : "nobody knows whether Braze holds its schedule",
      { state },
    )]),
  ];
}

/** One for each campaign, however many matches it hits. */
function campaignAlerts(inspections: readonly Inspection[]): Alert[] {
  const byCampaign = Map.groupBy(inspections, ({ send }) => send.ledger.campaignId);
  return [...byCampaign].flatMap(([campaignId, hit]): Alert[] => {
    const gate = hit[0]?.gate;
    if (gate === undefined || !isShut(gate)) return [];
    const matchIds = hit.map(({ send }) => send.fixture.matchId);
    return [{
      fingerprint: `${CAMPAIGN_RULE}:${campaignId}`,
      rule: CAMPAIGN_RULE,
      severity: "critical",
      audience: "admin",
      title: `The campaign is ${gate.state}, so no push goes out for match ${matchIds.join(", ")}`,
      details: {
        campaign_id: campaignId,
        state: gate.state,
        matches: hit.map(({ send }) => ({
          match_id: send.fixture.matchId,
          home_team: send.fixture.homeTeam,
          away_team: send.fixture.awayTeam,
          send_at: send.sendAt,
        })),
      },
      matchId: null,
    }];
  });
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
