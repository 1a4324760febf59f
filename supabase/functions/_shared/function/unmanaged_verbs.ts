/** What a person decides about a schedule that Braze lists and that is not the suite's: adopt, keep or delete it. */
import { addDays } from "date-fns";
import { matchIdOf } from "../attribution/echo.ts";
import { attemptResult } from "../scheduling/attempt_result.ts";
import { intentFor, planSettings } from "../scheduling/intent.ts";
import { DatabaseError } from "../store/rpc.ts";
import type { Answered, ScheduleAct } from "../store/verbs.ts";
import type { Run } from "./cron_function.ts";
import type { Dependencies } from "./dependencies.ts";
import { lastObservation, type Observation } from "./observe.ts";

/** Matches further ahead have no schedule yet. */
const LOOK_AHEAD_DAYS = 366;

export interface UnmanagedVerbs {
  /** `matchId`: only where the schedule's own properties name none. */
  adopt(act: ScheduleAct, matchId: number | undefined): Promise<Answered>;
  keep(act: ScheduleAct, acceptDoublePush: boolean): Promise<Answered>;
  /** `acceptNoPush`: its match may have no other push. */
  remove(act: ScheduleAct, acceptNoPush: boolean): Promise<Answered>;
}

export function createUnmanagedVerbs(
  run: Run,
  dependencies: Dependencies,
): UnmanagedVerbs {
  const { store, environment, clock, braze, newId } = dependencies;
  const settings = planSettings(environment);
  let observed: Promise<Observation> | null = null;

  return {
    async adopt(act, asked) {
      const { schedules, templateGates } = await look();
      const listed = schedules.find(({ scheduleId }) => scheduleId === act.brazeScheduleId);
      const named = listed?.triggerProperties?.["match_id"] ?? "";
      const matchId = asked ?? (matchIdOf(String(named)) || null);
      if (matchId === null) {
        return refusal(null, "it names no match, and the call gives no match_id");
      }
      const { fixtures, teams } = await store.planning.loadPlanInput({
        from: act.now,
        until: addDays(act.now, LOOK_AHEAD_DAYS),
        matchIds: [matchId],
        now: act.now,
      });
      const [fixture] = fixtures;
      if (fixture === undefined) {
        return refusal(matchId, `match ${matchId} is not in matches, or has begun`);
      }
      const byName = new Map(teams.map((team) => [team.name, team]));
      const intent = intentFor(fixture, byName, settings);
      if (intent.wanted !== true) {
        return refusal(matchId, `match ${matchId} gets no push as it is (${intent.reason})`);
      }
      // The gate turns away what carries no token of the suite.
      const gate = templateGates.get(environment.brazeCampaignId) ?? "none";
      if (environment.sendGate !== "off" || gate !== "none") {
        const refused = "the send gate lets only pushes pass that the suite has made: delete it";
        return refusal(matchId, refused);
      }
      const { signature, expected } = intent;
      return await store.verbs.adoptSchedule({ ...act, matchId, signature, expected });
    },
    async keep(act, acceptDoublePush) {
      await look();
      return await store.verbs.keepSchedule({ ...act, acceptDoublePush });
    },
    async remove(act, acceptNoPush) {
      await look();
      const attemptId = newId();
      const { leaseSeconds } = run.lease;
      let opened;
      try {
        const asked = { ...act, attemptId, leaseSeconds, acceptNoPush };
        opened = await store.verbs.deleteSchedule(asked);
      } catch (error) {
        const isConflict = error instanceof DatabaseError && error.status === 409 &&
          error.hint !== "lease_lost";
        if (!isConflict) throw error;
        return refusal(null, error.message);
      }
      const { campaignId, ...answered } = opened;
      if (!answered.done || campaignId === null || run.dryRun) return answered;
      const result = await braze.deleteSchedule(
        { campaignId, scheduleId: act.brazeScheduleId },
        { deadline: run.deadline },
      );
      const attempt = attemptResult(result);
      await store.journal.close(attemptId, attempt, clock.now());
      if (attempt.outcome === "succeeded") return answered;
      const refused = attempt.outcome === "unknown"
        ? "Braze gave no answer, and may have deleted it: look at the next list"
        : `Braze refused: ${attempt.detail ?? attempt.httpStatus}`;
      return refusal(answered.matchId, refused);
    },
  };

  /** Nobody can decide about what no list has shown. */
  function look(): Promise<Observation> {
    observed ??= lastObservation(dependencies, run);
    return observed;
  }
}

function refusal(matchId: number | null, refused: string): Answered {
  return { matchId, done: false, refused };
}
