/**
 * Checks each schedule in Braze shortly before its send time.
 *
 * Guarantees: each send is checked at least once before its time, even after a late or lost run; only a schedule that
 * is proved absent from Braze is cancelled. Everything else is reported as unknown and left unchanged.
 */
import { addMilliseconds, startOfMinute } from "date-fns";
import { z } from "zod";
import { failsClosed, type Gate, readGate } from "../_shared/braze/campaign_gate.ts";
import { GATE_RESPONSE_TTL_MS } from "../_shared/auth/gate_token.ts";
import type { CallResult } from "../_shared/braze/outcome.ts";
import type { CampaignDetails } from "../_shared/braze/schemas.ts";
import type { ListedSchedule } from "../_shared/braze/listing.ts";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import { intentFor, planSettings } from "../_shared/scheduling/intent.ts";
import { currentOf } from "../_shared/scheduling/schedule.ts";
import { rejudge } from "../_shared/function/rejudge.ts";
import type { Alert } from "../_shared/store/alerts_and_logs.ts";
import type { NearSend, PreflightCheck } from "../_shared/store/preflight.ts";
import {
  createCronFunction,
  isPastDeadline,
  type Run,
  type RunResult,
} from "../_shared/function/cron_function.ts";
import { takeListing, type TakenListing } from "../_shared/function/listing.ts";
import { alertsOf, CAMPAIGN_RULE, MATCH_RULES, missing } from "./alerts.ts";
import { inspect, type Inspection } from "./inspect.ts";
import { count, describe, logOf, logOfGate } from "./report.ts";

const NOT_REQUESTED: Gate = { state: "unknown", detail: "The campaign was not requested" };
const JUDGE_AGAIN_MS_MAX = 20_000;
const ABSENT_NOTE = "Schedule not found in Braze pre-flight check";

const Options = z.strictObject({
  /** Returns the findings and changes nothing. It records no listing, so it proves no absence. */
  dry_run: z.boolean().default(false),
});
type Options = z.infer<typeof Options>;

type Campaigns = ReadonlyMap<string, CallResult<CampaignDetails>>;

export function createHandler(dependencies: Dependencies): (request: Request) => Promise<Response> {
  const { environment, store, clock, braze, functionName } = dependencies;
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
      const near = await store.preflight.load({ from, until, now });
      if (isPastDeadline(run, clock.now())) {
        return { outcome: "partial", summary: count([], null, 0) };
      }

      const isAnyDue = near.sends.some(({ isDue }) => isDue);
      const [listing, campaigns] = await Promise.all([
        isAnyDue ? takeListing(dependencies, until, run) : null,
        loadCampaigns(near.sends, run),
      ]);
      const gates = new Map([...campaigns].map(([id, details]) => [id, readGate(details)]));
      const byName = new Map(near.teams.map((team) => [team.name, team]));
      const intentOf = ({ fixture }: NearSend) => intentFor(fixture, byName, settings);
      const inspections = near.sends.filter(isPending).map((send) => {
        const around = {
          intent: intentOf(send),
          gate: gates.get(send.ledger.campaignId) ?? NOT_REQUESTED,
          presence: presenceOf(send, listing),
          listingMode: listing?.mode ?? null,
        };
        return inspect(send, around, settings, now);
      });
      // An earlier check cancelled these; their alert stays until the send time while the push is still wanted.
      const cancelledBefore = near.sends.filter((send) =>
        !isPending(send) && intentOf(send).wanted
      );
      const checks = inspections.filter(({ send }) => send.isDue);
      const captured = checks.reduce((sum, { send }) => sum + lateIds(send, listing), 0);
      const summary = count(checks, listing?.mode ?? null, captured);
      if (run.dryRun) {
        return { outcome: "succeeded", summary: { ...summary, checks: checks.map(describe) } };
      }

      // Alerts first: a send that is recorded as checked is not checked again.
      await syncAlerts([...alertsOf(inspections), ...cancelledBefore.map(missing)], gates);
      await record(checks, listing);
      await writeLogs(gates, checks, run);
      await noteShutOut(campaigns);
      await judgeAgain(run);
      return { outcome: "succeeded", summary };
    },
  });

  async function loadCampaigns(sends: readonly NearSend[], run: Run): Promise<Campaigns> {
    const campaignIds = new Set(sends.filter(isPending).map(({ ledger }) => ledger.campaignId));
    return new Map(
      await Promise.all([...campaignIds].map(async (campaignId) => {
        const result = await braze.campaignDetails(campaignId, { deadline: run.deadline });
        return [campaignId, result] as const;
      })),
    );
  }

  /** Attribution then knows which schedules of a match cannot have been sent. */
  async function noteShutOut(campaigns: Campaigns): Promise<void> {
    const now = clock.now();
    for (const [campaignId, details] of campaigns) {
      const isClosed = failsClosed(details);
      if (isClosed === null) continue;
      await store.preflight.noteShutOut({
        campaignId,
        failsClosed: isClosed,
        // Braze may still use an older answer of the gate.
        from: addMilliseconds(now, GATE_RESPONSE_TTL_MS),
        now,
      });
    }
  }

  async function syncAlerts(
    alerts: readonly Alert[],
    gates: ReadonlyMap<string, Gate>,
  ): Promise<void> {
    const isEveryGateKnown = [...gates.values()].every(({ state }) => state !== "unknown");
    const rules = [...MATCH_RULES, ...(isEveryGateKnown ? [CAMPAIGN_RULE] : [])];
    await store.alertsAndLogs.syncAlerts({ rules, alerts }, clock.now());
  }

  async function record(
    checks: readonly Inspection[],
    listing: TakenListing | null,
  ): Promise<void> {
    if (checks.length === 0) return;
    const found = checks.map((check) => writeCheck(check, listing));
    await store.preflight.note(found, ABSENT_NOTE, clock.now());
  }

  /** Events that depend on what changed wait at most for the next run. */
  async function judgeAgain(run: Run): Promise<void> {
    const until = addMilliseconds(clock.now(), JUDGE_AGAIN_MS_MAX);
    await rejudge(dependencies, run.runId, () => {
      const now = clock.now();
      return now < until && !isPastDeadline(run, now);
    });
  }

  async function writeLogs(
    gates: ReadonlyMap<string, Gate>,
    checks: readonly Inspection[],
    run: Run,
  ): Promise<void> {
    const entries = [...[...gates].flatMap(logOfGate), ...checks.flatMap(logOf)];
    await store.alertsAndLogs.writeLogs(entries, { functionName, runId: run.runId }, clock.now());
  }
}

function isPending({ ledger }: NearSend): boolean {
  return ledger.status === "pending";
}

function presenceOf({ isDue, ledger }: NearSend, listing: TakenListing | null) {
  if (!isDue || listing === null) return "unknown";
  return listing.presenceOf(currentOf(ledger)?.brazeScheduleId ?? null);
}

function listedAs({ ledger }: NearSend, listing: TakenListing | null): ListedSchedule | undefined {
  const scheduleId = currentOf(ledger)?.brazeScheduleId;
  return listing?.schedules.find((listed) => listed.scheduleId === scheduleId);
}

/** Number of identifiers in the listing that the ledger row lacks. */
function lateIds(send: NearSend, listing: TakenListing | null): number {
  const listed = listedAs(send, listing);
  if (listed === undefined) return 0;
  return [[listed.dispatchId, send.dispatchId], [listed.sendId, send.sendId]]
    .filter(([listedId, knownId]) => listedId !== null && listedId !== knownId).length;
}

function writeCheck({ send, result }: Inspection, listing: TakenListing | null): PreflightCheck {
  const listed = listedAs(send, listing);
  return {
    ledgerId: send.ledger.ledgerId,
    generation: send.ledger.generation,
    result,
    dispatchId: listed?.dispatchId ?? null,
    sendId: listed?.sendId ?? null,
  };
}
