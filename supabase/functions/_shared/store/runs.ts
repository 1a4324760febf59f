/** Runs of cron functions. Each scheduled time has one run, one run is active at a time, and each records its outcome. */
import { z } from "zod";
import type { Caller, FunctionName } from "../auth/callers.ts";
import { row } from "../text/camel_case.ts";
import { dropped } from "./columns.ts";
import { type Arguments, REPEATABLE, type Rpc } from "./rpc.ts";

const Claim = row({
  claimed: z.boolean(),
  reason: z.enum(["claimed", "already_claimed", "older_slot", "overlap", "unknown_invocation"]),
  run_id: z.guid().nullable(),
});
export type Claim = z.infer<typeof Claim>;

const Finished = z.object({ run_id: z.guid(), outcome: z.string().nullable() });

/** partial: the run stopped at its deadline, and the next run continues. */
export type RunOutcome = "succeeded" | "partial" | "failed" | "skipped";

export function createRuns(rpc: Rpc) {
  return {
    /** Not repeated: a claim whose answer was lost holds the lease until it expires. */
    claim: ({ functionName, caller, ...run }: {
      readonly functionName: FunctionName;
      readonly caller: Caller;
      readonly dryRun: boolean;
      readonly leaseSeconds: number;
      readonly now: Date;
    }) =>
      rpc.call("claim_run", {
        function: functionName,
        caller: caller.kind,
        ...run,
        ...(caller.kind === "cron"
          ? { scheduledAt: caller.scheduledAt, invocationId: caller.invocationId }
          : {}),
      }, Claim),

    finish: (run: Arguments<"finish_run"> & { readonly outcome: RunOutcome }) =>
      rpc.call("finish_run", run, dropped(Finished), REPEATABLE),
  };
}
