/** Checks the quality of received events, raises alerts for faults, and resolves those whose cause is gone. */
import type { Dependencies } from "../_shared/function/dependencies.ts";

export const QUALITY_RULES = [
  "low_confidence_share",
  "unattributed_share",
  "missing_webhooks",
  "contradicting_evidence",
] as const;

export interface QualityReport {
  readonly raised: number;
  readonly resolved: number;
}

export async function watchQuality(
  { store, clock, environment }: Pick<
    Dependencies,
    "store" | "clock" | "environment"
  >,
): Promise<QualityReport> {
  const now = clock.now();
  const { lowConfidenceShareMax } = environment;
  const alerts = await store.quality.judge({ lowConfidenceShareMax }, now);
  const quality = await store.alertsAndLogs.syncAlerts({ rules: QUALITY_RULES, alerts }, now);
  const harms = await store.counts.raiseHarms(now);
  return {
    raised: quality.raised + harms.raised,
    resolved: quality.resolved + harms.resolved,
  };
}
