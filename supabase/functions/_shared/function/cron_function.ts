/**
 * The frame around every function that pg_cron calls: authorisation, one run at a time, a deadline, and a recorded
 * outcome.
 *
 * A call by pg_cron is answered as soon as its run is claimed, because a slow response blocks pg_net for the whole
 * project; other calls are answered when the run ends.
 */
import { addMilliseconds, addSeconds } from "date-fns";
import { z } from "zod";
import { createDeliverAlerts } from "./deliver_alerts.ts";
import { createPingHeartbeat } from "./heartbeat.ts";
import { bodyReader } from "../http/body.ts";
import type { Caller } from "../auth/callers.ts";
import { answerPreflight, withCors } from "../http/cors.ts";
import type { Dependencies } from "./dependencies.ts";
import { readJson } from "../text/exact_json.ts";
import { json, problem } from "../http/responses.ts";
import type { Log } from "../runtime/log.ts";
import { truncate } from "../text/truncate.ts";
import type { RunLease } from "../store/journal.ts";
import { isUnavailable } from "../store/rpc.ts";
import type { RunOutcome } from "../store/runs.ts";

const BODY_BYTES_MAX = 65_536;
/**
 * How long a run holds its lease after the deadline: a call to Braze that started in time may take 20 s, and its
 * outcome must still be recorded.
 */
const LEASE_AFTER_DEADLINE_SECONDS = 120;

/** A run that woke later than this after its scheduled time plans with the clock. */
const LATE_MS_MAX = 90_000;

/** The body that pg_cron signs; it selects the default options. */
const CronBody = z.strictObject({ function: z.string(), scheduled_at: z.string() });

export interface Run {
  readonly runId: string;
  readonly caller: Caller;
  readonly lease: RunLease;
  readonly dryRun: boolean;
  /**
   * The time to plan with: the scheduled time, if the run woke within seconds of it, as pg_cron and pg_net always do.
   * A call of Braze is checked against the clock.
   */
  readonly asOf: Date;
  readonly deadline: Date;
  readonly log: Log;
}

export interface RunResult {
  readonly outcome: RunOutcome;
  readonly summary: Readonly<Record<string, unknown>>;
}

export interface CronJob<Options> {
  /** Options of a manual call, with `dry_run` when the function changes anything. An empty body selects the defaults. */
  readonly options: z.ZodType<Options>;
  readonly isDryRun: (options: Options) => boolean;
  run(options: Options, run: Run): Promise<RunResult>;
}

export function createCronFunction<Options>(
  dependencies: Dependencies,
  job: CronJob<Options>,
): (request: Request) => Promise<Response> {
  const { functionName, environment, clock, log, identifyCaller, store } = dependencies;
  const deliverAlerts = createDeliverAlerts(dependencies);
  const pingHeartbeat = createPingHeartbeat(dependencies);
  const leaseSeconds = Math.ceil(environment.runDeadlineMs / 1_000) + LEASE_AFTER_DEADLINE_SECONDS;

  return async function handle(request) {
    const preflight = answerPreflight(request, environment.operatorOrigins);
    if (preflight !== null) return preflight;
    return withCors(await answer(request), request, environment.operatorOrigins);
  };

  async function answer(request: Request): Promise<Response> {
    if (request.method !== "POST") return problem("method_not_allowed");
    const read = bodyReader(request);
    const identified = await identifyCaller(request, read, functionName);
    if (!identified.ok) return problem(identified.code);
    const body = await read(BODY_BYTES_MAX);
    if (!body.ok) return problem(body.code === "not_gzip" ? "invalid_body" : body.code);

    const { caller } = identified;
    const options = readOptions(body.bytes, caller, job.options);
    if (!options.ok) return problem("invalid_body", options.message);

    const dryRun = job.isDryRun(options.value);
    try {
      const claim = await store.runs.claim({
        functionName,
        caller,
        dryRun,
        leaseSeconds,
        now: clock.now(),
      });
      if (!claim.claimed || claim.runId === null) {
        log.info("run_not_claimed", { reason: claim.reason, claimed_run_id: claim.runId });
        if (claim.reason === "unknown_invocation") return problem("not_allowed");
        if (caller.kind !== "cron") {
          return problem("run_in_progress", undefined, claim.runId ?? undefined);
        }
        return json({ run_id: claim.runId, outcome: "skipped", reason: claim.reason });
      }

      const run: Run = {
        runId: claim.runId,
        caller,
        lease: { runId: claim.runId, leaseSeconds },
        dryRun,
        asOf: timeToPlanWith(caller, clock.now()),
        deadline: addMilliseconds(clock.now(), environment.runDeadlineMs),
        log: log.forRun(claim.runId),
      };
      const work = carryOut(options.value, run, caller);
      if (caller.kind !== "cron") return await work;
      dependencies.waitUntil(work);
      return json({ run_id: run.runId, outcome: "claimed" }, 202);
    } catch (error) {
      log.error("run_not_begun", { error });
      return problem(isUnavailable(error) ? "database_unavailable" : "internal");
    }
  }

  /** Before the alerts are sent: a refused key is told by the run that finds it. */
  async function recordBrazeAnswers(run: Run): Promise<void> {
    const answers = dependencies.takeBrazeAnswers();
    if (answers.length === 0) return;
    try {
      await store.brazeAnswers.record(functionName, answers, clock.now());
    } catch (error) {
      run.log.warn("braze_answers_not_recorded", { error });
    }
  }

  async function carryOut(options: Options, run: Run, caller: Caller): Promise<Response> {
    const startedAt = clock.now();
    let ended: RunResult & { readonly error?: unknown };
    try {
      ended = await job.run(options, run);
    } catch (error) {
      ended = { outcome: "failed", summary: {}, error };
    }
    const finishedAt = clock.now();
    if (!run.dryRun) await recordBrazeAnswers(run);
    // Before the run ends, so that the lease prevents concurrent deliveries by the same function.
    if (!run.dryRun) await deliverAlerts(run);
    const { outcome, summary, error } = ended;
    try {
      await store.runs.finish({
        runId: run.runId,
        outcome,
        summary,
        ...(error === undefined
          ? {}
          : { error: error instanceof Error ? error.message : String(error) }),
        now: finishedAt,
      });
    } catch (finishError) {
      // The lease expires and the run is then recorded as `lost`.
      run.log.error("run_end_not_recorded", { error: finishError });
    }
    // A call by hand says nothing of cron.
    if (caller.kind === "cron" && !run.dryRun) await pingHeartbeat(run.log);
    run.log[outcome === "failed" ? "error" : "info"]("run_ended", {
      outcome,
      caller: caller.kind,
      dry_run: run.dryRun,
      duration_ms: finishedAt.getTime() - startedAt.getTime(),
      ...summary,
      ...(error === undefined ? {} : { error }),
    });
    if (error !== undefined) {
      return problem(
        isUnavailable(error) ? "database_unavailable" : "internal",
        undefined,
        run.runId,
      );
    }
    return json({ run_id: run.runId, outcome, dry_run: run.dryRun, ...summary });
  }
}

function timeToPlanWith(caller: Caller, now: Date): Date {
  if (caller.kind !== "cron") return now;
  const lateMs = now.getTime() - caller.scheduledAt.getTime();
  return lateMs >= 0 && lateMs <= LATE_MS_MAX ? caller.scheduledAt : now;
}

/** Whether the deadline is less than one second away, so that no further work may start. */
export function isPastDeadline(run: Run, now: Date): boolean {
  return addSeconds(now, 1) >= run.deadline;
}

type ReadOptions<Options> =
  | { readonly ok: true; readonly value: Options }
  | { readonly ok: false; readonly message: string };

function readOptions<Options>(
  bytes: Uint8Array,
  caller: Caller,
  schema: z.ZodType<Options>,
): ReadOptions<Options> {
  const text = new TextDecoder().decode(bytes);
  const json = readJson(/^[ \t\r\n]*$/.test(text) ? "{}" : text);
  if (!json.ok) {
    const why = json.isJson ? json.reason : "the body must be JSON";
    return { ok: false, message: `Cannot read options: ${why}` };
  }
  let { value } = json;
  if (caller.kind === "cron") value = CronBody.safeParse(value).success ? {} : value;
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, value: parsed.data };
  const faults = parsed.error.issues.map(({ path, message }) =>
    `${path.join(".") || "body"}: ${message}`
  );
  return { ok: false, message: truncate(`Cannot read options: ${faults.join("; ")}`) };
}
