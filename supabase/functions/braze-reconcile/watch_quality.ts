/** Judges the events that reach us, tells of what is wrong with them, and closes what is past. */
import type { Dependencies } from "../_shared/function/dependencies.ts";

export const QUALITY_RULES = ["low_confidence_share", "missing_webhooks"] as const;

export interface QualityReport {
  readonly raised: number;
  readonly resolved: number;
}

export async function watchQuality(
  { store, clock, environment }: Pick<Dependencies, "store" | "clock" | "environment">,
): Promise<QualityReport> {
  const now = clock.now();
  const { lowConfidenceShareMax } = environment;
  const alerts = await store.quality.judge({ lowConfidenceShareMax }, now);
  const settled = await store.alertsAndLogs.syncAlerts({ rules: QUALITY_RULES, alerts }, now);
  const past = await store.quality.resolvePast(now);
  return { raised: settled.raised, resolved: settled.resolved + past };
}
