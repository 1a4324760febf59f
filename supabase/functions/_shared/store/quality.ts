/** Whether the events are complete and certain enough to rely on. */
import { z } from "zod";
import { Alert } from "./alerts_and_logs.ts";
import type { Rpc } from "./rpc.ts";

export function createQuality(rpc: Rpc) {
  return {
    /** Every current problem, for `alertsAndLogs.syncAlerts`. */
    judge: (
      { lowConfidenceShareMax }: { readonly lowConfidenceShareMax: number },
      now: Date,
    ) => rpc.call("judge_event_quality", { lowConfidenceShareMax, now }, z.array(Alert)),
  };
}
