/** Runs of cron functions. Each scheduled time has one run, one run is active at a time, and each records its outcome. */
import { z } from "zod";
import type { Caller, FunctionName } from "../auth/callers.ts";
import { row } from "../text/camel_case.ts";
import { dropped } from "./columns.ts";
import { REPEATABLE, type Rpc } from "./rpc.ts";

const Claim = row({
  claimed: z.boolean(),
  reason: z.enum(["claimed", "already_claimed", "overlap", "unknown_invocation"]),
  run_id: z.guid().nullable(),
});
export type Claim = z.infer<typeof Claim>;

const Finished = z.object({ run_id: z.guid(), outcome: z.string().nullable() });

/** partial: the run stopped at its deadline, and the next run continues. */
export type RunOutcome = "succeeded" | "partial" | "failed" | "skipped";

export function createRuns(rpc: Rpc) {
  return {
    /** Not repeated: a claim whose answer was lost holds the lease until it expires. */
    claim: ({ functionName, caller, dryRun, leaseSeconds, now }: {
      readonly functionName: FunctionName;
      readonly caller: Caller;
      readonly dryRun: boolean;
      readonly leaseSeconds: number;
      readonly now: Date;
    }) =>
      rpc.call("claim_run", {
        function: functionName,
        caller: caller.kind,
        dryRun,
        leaseSeconds,
        now,
        ...(caller.kind === "cron"
          ? { scheduledAt: caller.scheduledAt, invocationId: caller.invocationId }
          : {}),
      }, Claim),

    finish: ({ runId, outcome, summary, error, now }: {
      readonly runId: string;
      readonly outcome: RunOutcome;
      readonly summary: unknown;
      readonly error?: string;
      readonly now: Date;
    }) =>
      rpc.call(
        "finish_run",
        { runId, outcome, summary, error: error ?? null, now },
        dropped(Finished),
        REPEATABLE,
      ),
  };
}
