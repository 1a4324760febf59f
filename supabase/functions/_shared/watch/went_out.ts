/** A schedule that was seen to go out although nobody wanted it to. */
import type { Alert } from "../store/notices.ts";
import type { WentOut } from "../store/events.ts";

export function wentOutUnexpectedly(seen: WentOut): Alert[] {
  const isCurrent = seen.generation === seen.currentGeneration;
  const wasDeleted = seen.stateBefore === "deleted" || seen.stateBefore === "deleting";
  if (isCurrent && !wasDeleted && !seen.wasCancelled) return [];
  const what = !isCurrent
    ? "an old schedule was sent"
    : seen.wasCancelled
    ? "sent although it was cancelled"
    : "sent although it was deleted";
  return [{
    fingerprint: `went_out_unexpectedly:${seen.matchId}:${seen.generation}`,
    rule: "went_out_unexpectedly",
    severity: "critical",
    audience: "admin",
    title: `Match ${seen.matchId}: ${what} (schedule ${seen.generation})`,
    details: {
      generation: seen.generation,
      current_generation: seen.currentGeneration,
      state_before: seen.stateBefore,
    },
    matchId: seen.matchId,
  }];
}
