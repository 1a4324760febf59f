/** Checks the quality of received events, raises alerts for faults, and resolves those whose cause is gone. */
import type { Dependencies } from "../_shared/function/dependencies.ts";

export const QUALITY_RULES = [
  "low_confidence_share",
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
  return await store.alertsAndLogs.syncAlerts({ rules: QUALITY_RULES, alerts }, now);
}
