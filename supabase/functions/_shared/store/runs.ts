/** Runs of timed functions: each scheduled time runs once, one run at a time, and each run records its outcome. */
import { z } from "zod";
import type { Caller, FunctionName } from "../auth/callers.ts";
import { type Rpc, toJson } from "./rpc.ts";

const Claim = z.object({
  claimed: z.boolean(),
  reason: z.enum(["claimed", "already_claimed", "overlap", "unknown_invocation"]),
  run_id: z.guid().nullable(),
});
export type Claim = z.infer<typeof Claim>;

const Finished = z.object({ run_id: z.guid(), outcome: z.string().nullable() });

/** partial: stopped at its deadline, the next run goes on. */
export type RunOutcome = "succeeded" | "partial" | "failed" | "skipped";

export interface Runs {
  claim(run: {
    readonly functionName: FunctionName;
    readonly caller: Caller;
    readonly dryRun: boolean;
    readonly leaseSeconds: number;
    readonly now: Date;
  }): Promise<Claim>;
  finish(run: {
    readonly runId: string;
    readonly outcome: RunOutcome;
    readonly summary: unknown;
    readonly error?: string;
    readonly now: Date;
  }): Promise<void>;
}

export function createRuns(rpc: Rpc): Runs {
  return {
    // Not repeated: a claim whose answer was lost holds the lease until it runs out.
    claim: ({ functionName, caller, dryRun, leaseSeconds, now }) =>
      rpc.call("claim_run", {
        p_function: functionName,
        p_caller: caller.kind,
        p_dry_run: dryRun,
        p_lease_seconds: leaseSeconds,
        p_now: now.toISOString(),
        ...(caller.kind === "cron"
          ? {
            p_scheduled_at: caller.scheduledAt.toISOString(),
            p_invocation_id: caller.invocationId,
          }
          : {}),
      }, Claim),
    async finish({ runId, outcome, summary, error, now }) {
      await rpc.call(
        "finish_run",
        {
          p_run_id: runId,
          p_outcome: outcome,
          p_summary: toJson(summary),
          p_now: now.toISOString(),
          ...(error === undefined ? {} : { p_error: error }),
        },
        Finished,
        { repeatable: true },
      );
    },
  };
}
