/** A claimed message about an alert, with the changes of a test. */
import type { Delivery } from "../../supabase/functions/_shared/store/deliveries.ts";
import { at } from "./facts.ts";

export const CLAIM = "0b9f6f6e-0000-4000-8000-00000000c1a1";

export function delivery(changes: Partial<Delivery> = {}): Delivery {
  return {
    claim: CLAIM,
    alertId: 1,
    kind: "raised",
    rule: "create_unknown",
    severity: "critical",
    audience: "admin",
    title: "Match 1002 Arsenal–Chelsea: the outcome of the create of schedule 1 is unknown",
    matchId: 1002,
    homeTeam: "Arsenal",
    awayTeam: "Chelsea",
    kickoffAt: at("15:00:00"),
    firstSeenAt: at("05:45:00"),
    resolvedAt: null,
    occurrences: 2,
    openings: 1,
    brazeSays: null,
    verdict: null,
    closedBecause: null,
    attempts: 0,
    ...changes,
  };
}

export function deliveries(count: number, changes: Partial<Delivery> = {}): Delivery[] {
  return Array.from(
    { length: count },
    (_, index) => delivery({ alertId: index + 1, title: `Trouble ${index + 1}`, ...changes }),
  );
}
