/** Summaries of a run, for its response and for scheduler_logs. Pure. */
import type { Gate } from "../_shared/braze/campaign_gate.ts";
import type { ListingMode } from "../_shared/braze/listing.ts";
import type { LogEntry } from "../_shared/store/alerts_and_logs.ts";
import type { PreflightResult } from "../_shared/store/preflight.ts";
import type { Inspection } from "./inspect.ts";

export function count(
  checks: readonly Inspection[],
  listingMode: ListingMode,
  idsCaptured: number,
) {
  const results: Record<PreflightResult, number> = {
    ok: 0,
    not_contradicted: 0,
    absent: 0,
    unknown: 0,
    campaign_stopped: 0,
    changed: 0,
    no_schedule_id: 0,
  };
  for (const { result } of checks) results[result]++;
  return {
    listing_mode: listingMode,
    checked: checks.length,
    ...results,
    ids_captured: idsCaptured,
  };
}

export function describe({ send, result, reason }: Inspection) {
  return {
    match_id: send.fixture.matchId,
    send_at: send.sendAt,
    result,
    ...(reason === "" ? {} : { reason }),
  };
}

export function logOf({ send, result, reason }: Inspection): LogEntry[] {
  if (result === "ok") return [];
  return [{
    action: `preflight_${result}`,
    reason,
    matchId: send.fixture.matchId,
    details: { generation: send.ledger.generation, send_at: send.sendAt },
  }];
}

export function logOfGate([campaignId, gate]: readonly [string, Gate]): LogEntry[] {
  if (gate.state !== "unknown") return [];
  return [{
    action: "campaign_gate_unknown",
    reason: gate.detail,
    matchId: null,
    details: { campaign_id: campaignId },
  }];
}
