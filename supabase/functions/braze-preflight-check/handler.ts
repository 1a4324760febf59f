/**
 * Looks at Braze, and checks each schedule there shortly before its send time.
 *
 * Guarantees: every run stores one look at Braze, from which the other functions judge, too. Each send is checked at
 * least once before its time, even after a late or lost run. Only a schedule that is proved absent from Braze is
 * cancelled; everything else is reported as unknown and left unchanged.
 */
import { addMilliseconds, startOfMinute } from "date-fns";
import { z } from "zod";
import { GATE_RESPONSE_TTL_MS } from "../_shared/auth/gate_token.ts";
import type { ListedSchedule } from "../_shared/braze/listing.ts";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import { intentFor, planSettings } from "../_shared/scheduling/intent.ts";
import { currentOf } from "../_shared/scheduling/schedule.ts";
import { recount, RECOUNT_MS_MAX } from "../_shared/function/recount.ts";
import { rejudge, REJUDGE_MS_MAX } from "../_shared/function/rejudge.ts";
import type { NearSend, PreflightCheck } from "../_shared/store/preflight.ts";
import {
  createCronFunction,
  isPastDeadline,
  type Run,
  type RunResult,
} from "../_shared/function/cron_function.ts";
import { type Observation, observe } from "../_shared/function/observe.ts";
import { alertsOf, MATCH_RULES, missing } from "./alerts.ts";
import { inspect, type Inspection } from "./inspect.ts";
import { count, describe, logOf, logOfGate } from "./report.ts";

const ABSENT_NOTE = "Schedule not found in Braze pre-flight check";

const Options = z.strictObject({
  /** Returns the findings and changes nothing. It stores no observation, so it proves no absence. */
  dry_run: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

export function createHandler(dependencies: Dependencies): (request: Request) => Promise<Response> {
  const { environment, store, clock, functionName } = dependencies;
  const settings = planSettings(environment);

  return createCronFunction<Options>(dependencies, {
    options: Options,
    isDryRun: (options) => options.dry_run,
    async run(_options, run): Promise<RunResult> {
      const now = clock.now();
      // Whole minutes: cron starts some seconds late, which must not exclude a send on the minute.
      const minute = startOfMinute(now);
      const until = addMilliseconds(minute, environment.preflightUntilMs);
      const from = addMilliseconds(minute, environment.preflightFromMs);
      if (!run.dryRun) {
        // First, since they need no answer of Braze.
        await store.preflight.raiseUnwanted(now);
        await store.preflight.raiseMissed({
          leadSeconds: Math.round(environment.sendLeadMs / 1_000),
          now,
        });
      }
      const observation = await observe(dependencies, run);
      const near = await store.preflight.load({ from, until, now });
      if (isPastDeadline(run, clock.now())) {
        return { outcome: "partial", summary: count([], observation.mode, 0) };
      }

      const byName = new Map(near.teams.map((team) => [team.name, team]));
      const intentOf = ({ fixture }: NearSend) => intentFor(fixture, byName, settings);
      const inspections = near.sends.filter(isPending).map((send) => {
        const around = {
          intent: intentOf(send),
          gate: observation.gateOf(send.ledger.campaignId),
          presence: presenceOf(send, observation),
          listingMode: observation.modeOf(send.ledger.campaignId),
          nextSend: observation.nextSendOf(send.ledger.campaignId),
        };
        return inspect(send, around, settings, now);
      });
      // An earlier check cancelled these; their alert stays until the send time while the push is still wanted.
      const cancelledBefore = near.sends.filter((send) =>
        !isPending(send) && intentOf(send).wanted
      );
      const checks = inspections.filter(({ send }) => send.isDue);
      const captured = checks.reduce((sum, { send }) => sum + lateIds(send, observation), 0);
      const summary = count(checks, observation.mode, captured);
      // Without a list nothing can be proved: the next run looks again.
      const outcome = observation.mode === "unavailable" ? "partial" : "succeeded";
      if (run.dryRun) {
        return { outcome, summary: { ...summary, checks: checks.map(describe) } };
      }

      // Alerts first: a send that is recorded as checked is not checked again.
      const alerts = [...alertsOf(inspections), ...cancelledBefore.map(missing)];
      await store.alertsAndLogs.syncAlerts({ rules: MATCH_RULES, alerts }, clock.now());
      await record(checks, observation);
      await writeLogs(inspections, checks, run);
      await noteShutOut(observation);
      await judgeAgain(run);
      await countAgain(run);
      return { outcome, summary };
    },
  });

  /** Attribution then knows which schedules of a match cannot have been sent. */
  async function noteShutOut({ templateGates }: Observation): Promise<void> {
    const now = clock.now();
    for (const [campaignId, gate] of templateGates) {
      if (gate === null) continue;
      await store.preflight.noteShutOut({
        campaignId,
        failsClosed: gate === "fail_closed",
        // Braze may still use an older answer of the gate.
        from: addMilliseconds(now, GATE_RESPONSE_TTL_MS),
        now,
      });
    }
  }

  async function record(
    checks: readonly Inspection[],
    observation: Observation,
  ): Promise<void> {
    if (checks.length === 0) return;
    const found = checks.map((check) => writeCheck(check, observation));
    await store.preflight.note(found, ABSENT_NOTE, clock.now());
  }

  /** Events that depend on what changed wait at most for the next run. */
  async function judgeAgain(run: Run): Promise<void> {
    const until = addMilliseconds(clock.now(), REJUDGE_MS_MAX);
    await rejudge(dependencies, run.runId, () => {
      const now = clock.now();
      return now < until && !isPastDeadline(run, now);
    });
  }

  /** Numbers that are bad are told within minutes, and pages show fresh ones. */
  async function countAgain(run: Run): Promise<void> {
    const until = addMilliseconds(clock.now(), RECOUNT_MS_MAX);
    await recount(dependencies, () => {
      const now = clock.now();
      return now < until && !isPastDeadline(run, now);
    });
    await store.counts.raiseHarms(clock.now());
  }

  async function writeLogs(
    inspections: readonly Inspection[],
    checks: readonly Inspection[],
    run: Run,
  ): Promise<void> {
    const gates = new Map(inspections.map(({ send, gate }) => [send.ledger.campaignId, gate]));
    const entries = [...[...gates].flatMap(logOfGate), ...checks.flatMap(logOf)];
    await store.alertsAndLogs.writeLogs(entries, { functionName, runId: run.runId }, clock.now());
  }
}

function isPending({ ledger }: NearSend): boolean {
  return ledger.status === "pending";
}

function presenceOf({ isDue, ledger }: NearSend, observation: Observation) {
  return isDue ? observation.presenceOf(currentOf(ledger)?.brazeScheduleId ?? null) : "unknown";
}

function listedAs({ ledger }: NearSend, observation: Observation): ListedSchedule | undefined {
  const scheduleId = currentOf(ledger)?.brazeScheduleId;
  return observation.schedules.find((listed) => listed.scheduleId === scheduleId);
}

/** Number of identifiers in the listing that the ledger row lacks. */
function lateIds(send: NearSend, observation: Observation): number {
  const listed = listedAs(send, observation);
  if (listed === undefined) return 0;
  return [[listed.dispatchId, send.dispatchId], [listed.sendId, send.sendId]]
    .filter(([listedId, knownId]) => listedId !== null && listedId !== knownId).length;
}

function writeCheck({ send, result }: Inspection, observation: Observation): PreflightCheck {
  const listed = listedAs(send, observation);
  return {
    ledgerId: send.ledger.ledgerId,
    generation: send.ledger.generation,
    result,
    dispatchId: listed?.dispatchId ?? null,
    sendId: listed?.sendId ?? null,
  };
}
