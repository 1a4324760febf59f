/** The inputs of one run: ledger, Braze's listing, Braze's statistics. Each is loaded once, on first use. */
import { addMilliseconds, max, subMilliseconds } from "date-fns";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import type { LogEntry } from "../_shared/store/alerts_and_logs.ts";
import type { Known } from "../_shared/store/reconciliation.ts";
import { isPastDeadline, type Run } from "../_shared/function/cron_function.ts";
import { takeListing, type TakenListing } from "../_shared/function/listing.ts";
import { LOOK_BACK_MS, STATISTICS_KEPT_DAYS } from "./decisions/limits.ts";
import { lastSendAt } from "../_shared/scheduling/schedule.ts";
import { countPushes } from "./decisions/pushes.ts";

export interface Listed {
  readonly listing: TakenListing;
  /** The latest send time that the listing covers. */
  readonly until: Date;
}

export interface ReconcileContext {
  readonly dependencies: Dependencies;
  readonly run: Run;
  now(): Date;
  /** Whether the deadline is so close that no further work may start. */
  isLate(): boolean;
  known(): Promise<Known>;
  /** Discards the loaded ledger. Call it after a change to the ledger. */
  forget(): void;
  listed(): Promise<Listed>;
  /** Pushes that Braze's statistics count under a send id; null when Braze gives no number. */
  pushesSent(campaignId: string, sendId: string): Promise<number | null>;
  writeLogs(entries: readonly LogEntry[]): Promise<void>;
}

export function createReconcileContext(
  dependencies: Dependencies,
  run: Run,
): ReconcileContext {
  const { clock, store, braze, environment, functionName } = dependencies;
  const statistics = new Map<string, Promise<number | null>>();
  let known: Promise<Known> | null = null;
  let listed: Promise<Listed> | null = null;

  const context: ReconcileContext = {
    dependencies,
    run,
    now: () => clock.now(),
    isLate: () => isPastDeadline(run, clock.now()),
    known() {
      const now = clock.now();
      known ??= store.reconciliation.load({
        pastFrom: subMilliseconds(now, LOOK_BACK_MS),
        now,
      });
      return known;
    },
    forget() {
      known = null;
    },
    listed() {
      listed ??= list();
      return listed;
    },
    pushesSent(campaignId, sendId) {
      const count = statistics.get(sendId) ?? loadCount(campaignId, sendId);
      statistics.set(sendId, count);
      return count;
    },
    async writeLogs(entries) {
      await store.alertsAndLogs.writeLogs(entries, {
        functionName,
        runId: run.runId,
      }, clock.now());
    },
  };
  return context;

  async function list(): Promise<Listed> {
    const { matches } = await context.known();
    const until = max([
      addMilliseconds(
        clock.now(),
        environment.horizonMs + environment.sendLeadMs,
      ),
      ...matches.flatMap(({ schedules }) => schedules.map(lastSendAt)),
    ]);
    return { listing: await takeListing(dependencies, until, run), until };
  }

  async function loadCount(
    campaignId: string,
    sendId: string,
  ): Promise<number | null> {
    const result = await braze.sendStatistics(
      // Braze's days follow the company's time zone, so one extra day covers the offset.
      { campaignId, sendId, lengthDays: STATISTICS_KEPT_DAYS + 1 },
      { deadline: run.deadline },
    );
    return result.outcome === "succeeded" ? countPushes(result.value) : null;
  }
}
