/**
 * Has schedules made again that Braze may have dropped when their campaign was stopped and started.
 *
 * Only behind a send gate that is seen to be closed in every message, and only for schedules that present a token to it:
 * if the old schedule is there after all, the gate turns it away. All other schedules in doubt wait for a person.
 */
import { addMilliseconds } from "date-fns";
import type { Run } from "../_shared/function/cron_function.ts";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import { intentFor, planSettings } from "../_shared/scheduling/intent.ts";

/** One run makes the scheduler create at most this many again. */
const SUPERSEDED_MAX = 10;
/** Two runs of the scheduler must fit before the freeze window, and the gate's cached answers must end. */
const CREATED_WITHIN_MS = 30 * 60_000;

/** Returns the matches whose schedule is to be made again, the soonest first. */
export async function supersedeDoubted(
  { store, clock, environment }: Dependencies,
  { lease }: Run,
): Promise<number[]> {
  if (environment.sendGate !== "fail_closed") return [];
  const now = clock.now();
  const matchIds = await store.observations.loadDoubted(
    addMilliseconds(now, environment.freezeMs + CREATED_WITHIN_MS),
    SUPERSEDED_MAX,
  );
  if (matchIds.length === 0) return [];

  const { fixtures, teams } = await store.planning.loadPlanInput({
    from: new Date(0),
    until: new Date("9999-01-01T00:00:00Z"),
    matchIds,
    now,
  });
  const byName = new Map(teams.map((team) => [team.name, team]));
  const settings = planSettings(environment);
  const byMatch = new Map(fixtures.map((fixture) => [fixture.matchId, fixture]));
  const superseded: number[] = [];
  for (const matchId of matchIds) {
    const fixture = byMatch.get(matchId);
    const ledger = fixture?.ledger ?? null;
    if (fixture === undefined || ledger === null) continue;
    const intent = intentFor(fixture, byName, settings);
    // The same signature: the schedule was made with a token, and nothing else has changed.
    if (!intent.wanted || intent.signature !== ledger.signature) continue;
    const { ledgerId, generation } = ledger;
    if (
      await store.observations.supersedeDoubted({ lease, ledgerId, generation, now: clock.now() })
    ) superseded.push(matchId);
  }
  return superseded;
}
