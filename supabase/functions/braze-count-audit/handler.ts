/**
 * Counts what Braze holds against what the ledger expects it to hold.
 *
 * The promise: `in_sync` is said only of a list that shows schedules one by one. Where the list cannot tell, the
 * audit says `unknown`, and neither raises an alert nor takes one back.
 */
import { addMilliseconds } from "date-fns";
import { z } from "zod";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import { type CountAudit, writeAudit } from "../_shared/store/audits.ts";
import type { Alert, LogEntry } from "../_shared/store/alerts_and_logs.ts";
import { createCronFunction, type RunResult } from "../_shared/function/cron_function.ts";
import { takeListing } from "../_shared/function/listing.ts";
import { compare } from "./compare.ts";

const RULE = "count_mismatch";
/** Of each set, in an alert; the log and the audit hold them whole. */
const SCHEDULES_TOLD_MAX = 20;

const Options = z.strictObject({
  /** Answers with the comparison, and stores nothing. */
  dry_run: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

export function createHandler(dependencies: Dependencies): (request: Request) => Promise<Response> {
  const { environment, store, clock, functionName } = dependencies;

  return createCronFunction<Options>(dependencies, {
    options: Options,
    isDryRun: (options) => options.dry_run,
    async run(_options, run): Promise<RunResult> {
      const until = addMilliseconds(clock.now(), environment.horizonMs);
      // The list before the ledger: what is scheduled meanwhile is young then, and not extra.
      const listing = await takeListing(dependencies, until, run);
      const now = clock.now();
      const listedIds = listing.schedules.map(({ scheduleId }) => scheduleId);
      const { tooYoung, ...audit } = compare(
        listing,
        await store.audits.load(listedIds, now),
        until,
        now,
      );
      if (!run.dryRun) {
        await tell(audit);
        await store.audits.record(audit, run.runId, clock.now());
        const logs = audit.status === "mismatch" ? [logOf(audit)] : [];
        await store.alertsAndLogs.writeLogs(logs, { functionName, runId: run.runId }, clock.now());
      }
      return { outcome: "succeeded", summary: { ...writeAudit(audit), too_young: tooYoung } };
    },
  });

  async function tell(audit: CountAudit): Promise<void> {
    if (audit.status === "unknown") return;
    const alerts = audit.status === "mismatch"
      ? [countMismatch(audit, environment.brazeCampaignId)]
      : [];
    await store.alertsAndLogs.syncAlerts({ rules: [RULE], alerts }, clock.now());
  }
}

function countMismatch(audit: CountAudit, campaignId: string): Alert {
  const { missing_in_braze: missing, extra_in_braze: extra, ...counts } = writeAudit(audit);
  return {
    fingerprint: `${RULE}:${campaignId}`,
    rule: RULE,
    severity: "warning",
    audience: "admin",
    title: `Braze lacks ${missing?.length ?? 0} schedules that the ledger expects, and holds ` +
      `${extra?.length ?? 0} that it does not`,
    details: {
      ...counts,
      missing_in_braze: missing?.slice(0, SCHEDULES_TOLD_MAX),
      extra_in_braze: extra?.slice(0, SCHEDULES_TOLD_MAX),
    },
    matchId: null,
  };
}

function logOf(audit: CountAudit): LogEntry {
  const report = writeAudit(audit);
  const delta = report.delta ?? 0;
  return {
    action: "count_mismatch_detected",
    reason: delta === 0
      ? "Braze has as many schedules as ledger, but not the same"
      : `Braze has ${delta > 0 ? "more" : "fewer"} schedules than ledger`,
    matchId: null,
    details: report,
  };
}
