/** All contestants, in the order of the rounds. */
import { StackFailure } from "../../local/lib/failure.ts";
import type { Contestant } from "../contestant.ts";
import { ORIGINAL, OURS, OURS_WITHOUT_GATEWAY } from "./ours.ts";
import { CEILING, FLOOR, GRAPHILE_WORKER, PG_BOSS, STRIPE_SYNC_ENGINE } from "./peers.ts";

export const CONTESTANTS: readonly Contestant[] = [
  OURS,
  OURS_WITHOUT_GATEWAY,
  ORIGINAL,
  STRIPE_SYNC_ENGINE,
  PG_BOSS,
  GRAPHILE_WORKER,
  FLOOR,
  CEILING,
];

export function chooseContestants(names: readonly string[] | undefined): readonly Contestant[] {
  if (names === undefined) return CONTESTANTS;
  for (const name of names) {
    if (CONTESTANTS.some((contestant) => contestant.name === name)) continue;
    throw new StackFailure(
      `Cannot measure: --contestant must be one of ${
        CONTESTANTS.map((contestant) => contestant.name).join(", ")
      }, got "${name}"`,
    );
  }
  return CONTESTANTS.filter(({ name }) => names.includes(name));
}
