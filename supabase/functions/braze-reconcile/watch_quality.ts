/** Checks the quality of received events, raises alerts for faults, and resolves alerts whose period has passed. */
import type { Dependencies } from "../_shared/function/dependencies.ts";

export const QUALITY_RULES = [
  "low_confidence_share",
  "missing_webhooks",
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
  const synced = await store.alertsAndLogs.syncAlerts({
    rules: QUALITY_RULES,
    alerts,
  }, now);
  const past = await store.quality.resolvePast(now);
  return { raised: synced.raised, resolved: synced.resolved + past };
}
