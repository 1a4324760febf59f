/**
 * Compares the schedules that Braze has with those that the ledger expects.
 *
 * Guarantees: `in_sync` requires a listing that identifies single schedules. Otherwise the audit is `unknown` and
 * neither raises nor resolves an alert. It also measures the audiences of what is sent within a day, so that the expected
 * numbers are recent.
 */
import { addDays, addMilliseconds } from "date-fns";
import { z } from "zod";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import { type CountAudit, writeAudit } from "../_shared/store/audits.ts";
import type { Alert, LogEntry } from "../_shared/store/alerts_and_logs.ts";
import { createCronFunction, type RunResult } from "../_shared/function/cron_function.ts";
import { measureAudiences } from "../_shared/function/measure_audiences.ts";
import { lastObservation } from "../_shared/function/observe.ts";
import { countText } from "../_shared/text/count_text.ts";
import { compare } from "./compare.ts";

const RULE = "count_mismatch";
/** Limit per set in an alert; log and audit contain the complete sets. */
const SCHEDULES_SHOWN_MAX = 20;

const Options = z.strictObject({
  /** Returns the comparison and stores nothing. */
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
      // The look first: a schedule created in between is then too young, not extra.
      const observation = await lastObservation(dependencies, run);
      const now = clock.now();
      const listedIds = observation.schedules.map(({ scheduleId }) => scheduleId);
      const { tooYoung, ...compared } = compare(
        observation,
        await store.audits.load(listedIds, now),
        until,
        now,
      );
      const nextSend = observation.nextSendOf(environment.brazeCampaignId);
      const audit: CountAudit = {
        ...compared,
        expectedNextSend: nextSend.expected,
        listedNextSend: nextSend.listed,
        nextSendAgrees: nextSend.agrees,
      };
      if (!run.dryRun) {
        await syncAlert(audit);
        await store.audits.record(audit, run.runId, clock.now());
        const logs = audit.status === "mismatch" ? [logOf(audit)] : [];
        await store.alertsAndLogs.writeLogs(logs, { functionName, runId: run.runId }, clock.now());
      }
      const audiences = run.dryRun
        ? null
        : await measureAudiences(dependencies, run, addDays(clock.now(), 1));
      return {
        outcome: observation.mode === "unavailable" ? "partial" : "succeeded",
        summary: { ...writeAudit(audit), too_young: tooYoung, audiences },
      };
    },
  });

  async function syncAlert(audit: CountAudit): Promise<void> {
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
    title:
      `Braze lacks ${countText(missing?.length ?? 0)} schedules that the ledger expects and has ` +
      `${countText(extra?.length ?? 0)} that the ledger does not expect`,
    details: {
      ...counts,
      missing_in_braze: missing?.slice(0, SCHEDULES_SHOWN_MAX),
      extra_in_braze: extra?.slice(0, SCHEDULES_SHOWN_MAX),
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
      ? "Braze has as many schedules as ledger, but different ones"
      : `Braze has ${delta > 0 ? "more" : "fewer"} schedules than ledger`,
    matchId: null,
    details: report,
  };
}
