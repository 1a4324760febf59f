/** The inputs of one run: ledger, the last look at Braze, Braze's statistics. Each is loaded once, on first use. */
import { addSeconds, subMilliseconds } from "date-fns";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import type { LogEntry } from "../_shared/store/alerts_and_logs.ts";
import type { Known, KnownMatch } from "../_shared/store/reconciliation.ts";
import type { Run } from "../_shared/function/cron_function.ts";
import { lastObservation, type Observation } from "../_shared/function/observe.ts";
import { LOOK_BACK_MS, STATISTICS_AT_ONCE, STATISTICS_KEPT_DAYS } from "./decisions/limits.ts";
import { countPushes } from "./decisions/pushes.ts";
import { inTurn } from "./decisions/turn.ts";
import { eachAtOnce } from "./each_at_once.ts";

/** Answers that are stored together. */
const ANSWERS_AT_ONCE = 10;

export interface ReconcileContext {
  readonly dependencies: Dependencies;
  readonly run: Run;
  now(): Date;
  /** Gives the next check its own deadline, so that a slow one leaves time for those after it. */
  begin(deadline: Date): void;
  /** Whether the check's deadline is so close that no further work may start. */
  isLate(): boolean;
  known(): Promise<Known>;
  /** Discards the loaded ledger. Call it after a change to the ledger. */
  forget(): void;
  observation(): Promise<Observation>;
  /** Pushes that Braze's statistics count under a send id; null when Braze gives no number. */
  pushesSent(campaignId: string, sendId: string): Promise<number | null>;
  /**
   * The same for each of these matches, by ledger row, until the deadline. It begins with those that waited longest,
   * and stores the answers.
   */
  statisticsOf(matches: readonly KnownMatch[]): Promise<ReadonlyMap<string, number | null>>;
  writeLogs(entries: readonly LogEntry[]): Promise<void>;
}

export function createReconcileContext(
  dependencies: Dependencies,
  run: Run,
): ReconcileContext {
  const { clock, store, braze, functionName } = dependencies;
  const statistics = new Map<string, Promise<number | null>>();
  let known: Promise<Known> | null = null;
  let observation: Promise<Observation> | null = null;
  let deadline = run.deadline;

  const context: ReconcileContext = {
    dependencies,
    run,
    now: () => clock.now(),
    begin(until) {
      deadline = until;
    },
    isLate: () => addSeconds(clock.now(), 1) >= deadline,
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
    observation() {
      // A new look changes what is known of presence and absence.
      observation ??= lastObservation(dependencies, run).then((last) => {
        known = null;
        return last;
      });
      return observation;
    },
    pushesSent(campaignId, sendId) {
      const count = statistics.get(sendId) ?? loadCount(campaignId, sendId);
      statistics.set(sendId, count);
      return count;
    },
    async statisticsOf(matches) {
      const asked = await eachAtOnce(
        inTurn(matches).filter(({ sendId }) => sendId !== null),
        STATISTICS_AT_ONCE,
        context.isLate,
        async ({ ledgerId, campaignId, sendId }) => ({
          ledgerId,
          count: await context.pushesSent(campaignId, sendId!),
        }),
      );
      for (let from = 0; from < asked.length && !run.dryRun; from += ANSWERS_AT_ONCE) {
        const answers = asked.slice(from, from + ANSWERS_AT_ONCE);
        await store.reconciliation.storeReportedCounts(answers, clock.now());
      }
      return new Map(asked.map(({ ledgerId, count }) => [ledgerId, count]));
    },
    async writeLogs(entries) {
      await store.alertsAndLogs.writeLogs(entries, {
        functionName,
        runId: run.runId,
      }, clock.now());
    },
  };
  return context;

  async function loadCount(
    campaignId: string,
    sendId: string,
  ): Promise<number | null> {
    const result = await braze.sendStatistics(
      // Braze's days follow the company's time zone, so one extra day covers the offset.
      { campaignId, sendId, lengthDays: STATISTICS_KEPT_DAYS + 1 },
      { deadline },
    );
    return result.outcome === "succeeded" ? countPushes(result.value) : null;
  }
}
