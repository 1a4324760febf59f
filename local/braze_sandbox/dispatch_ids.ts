/** Gives each user of a send a dispatch id. Braze may give the users of sends close together the same one, whatever sent them. */
import type { Prng } from "../lib/prng.ts";
import type { Switches } from "./switches.ts";

export class DispatchIds {
  /** The dispatch ids of the sends in the last second that had any. */
  #recent: { second: number; dispatchIds: string[] } = { second: -1, dispatchIds: [] };

  /** Returns the dispatch id of each user: one of the send's own, or sometimes one of another send of the same second. */
  forSend(
    ownId: string,
    second: number,
    { dispatchIdsPerSchedule, sharedDispatchProbability }: Switches,
    prng: Prng,
  ): () => string {
    if (this.#recent.second !== second) this.#recent = { second, dispatchIds: [] };
    const others = [...this.#recent.dispatchIds];
    const own = new Map([[0, ownId]]);
    const ownAt = (index: number) => {
      const id = own.get(index) ?? prng.hex(32);
      own.set(index, id);
      return id;
    };
    this.#recent.dispatchIds.push(ownId);
    return () => {
      if (others.length > 0 && prng.chance(sharedDispatchProbability)) {
        return others[prng.below(others.length)]!;
      }
      return ownAt(dispatchIdsPerSchedule === 1 ? 0 : prng.below(dispatchIdsPerSchedule));
    };
  }
}
