/** Whether the events that reach us are good enough to trust what is made of them. */
import { z } from "zod";
import type { Alert } from "./alerts_and_logs.ts";
import type { Rpc } from "./rpc.ts";

const JudgedAlert = z.object({
  fingerprint: z.string(),
  rule: z.string(),
  severity: z.enum(["info", "warning", "critical"]),
  audience: z.enum(["admin", "engineering"]),
  title: z.string(),
  details: z.record(z.string(), z.unknown()),
  match_id: z.int().nullable(),
}).transform(({ match_id, ...alert }): Alert => ({ ...alert, matchId: match_id }));

export interface Quality {
  /** Everything that is wrong now, for `alertsAndLogs.syncAlerts`. */
  judge(
    limits: { readonly lowConfidenceShareMax: number },
    now: Date,
  ): Promise<readonly Alert[]>;
  /** Resolves alerts on what cannot be undone and is over; returns how many. */
  resolvePast(now: Date): Promise<number>;
}

export function createQuality(rpc: Rpc): Quality {
  return {
    judge: ({ lowConfidenceShareMax }, now) =>
      rpc.call("judge_event_quality", {
        p_low_confidence_share_max: lowConfidenceShareMax,
        p_now: now.toISOString(),
      }, z.array(JudgedAlert)),
    resolvePast: (now) =>
      rpc.call("resolve_past_alerts", { p_now: now.toISOString() }, z.int(), { repeatable: true }),
  };
}
