/** The send gate lets pass what is wanted, turns away what is not, and behind a closed one nobody is pushed twice. */
import { addMinutes } from "date-fns";
import type { Schedule } from "../../../local/braze_sandbox/schedules.ts";
import { at, type Findings, generationOf, isMadeByHand, rowOf, type Scene } from "./scene.ts";

/** Braze keeps an answer so long. */
const ANSWER_MINUTES = 5;

export function auditGate(scene: Scene, findings: Findings): void {
  const { world, witness, facts, history } = scene;
  for (const { hasToken, ledgerId, generation } of witness.creates) {
    if (hasToken === (world.sendGate !== "off")) continue;
    findings.violate("a gated schedule has its token", `${ledgerId}, generation ${generation}`);
  }
  for (const asked of witness.gates) {
    const row = facts.ledger.find(({ id }) => id === asked.ledgerId);
    if (row === undefined) {
      findings.violate("only schedules of ours ask with a token", `${asked.ledgerId}`);
      continue;
    }
    const matchId = Number(row.match_id);
    const { status } = history.match(matchId, asked.at);
    const newest = Math.max(
      ...witness.creates.filter((create) => create.ledgerId === row.id && create.at <= asked.at)
        .map((create) => create.generation),
    );
    const story = `match ${matchId} (${status}), generation ${asked.generation} of ${newest} at ${
      at(asked.at)
    }: ${asked.send ? "sent" : asked.reason}`;
    if (asked.send && (status !== "scheduled" || asked.generation < newest)) {
      findings.violate("the gate turns away what is not wanted", story);
    }
    const isTrue = asked.reason === "superseded"
      ? asked.generation < newest
      : !asked.reason.startsWith("match_") || asked.reason === `match_${status}`;
    if (!asked.send && !isTrue) {
      findings.violate("the gate turns nothing away without a reason that holds", story);
    }
  }
}

/** Old, and behind a closed gate: it may stand in Braze, and nobody gets a push by it. */
export function isTurnedAway(schedule: Schedule, matchId: number | null, scene: Scene): boolean {
  if (scene.world.sendGate !== "fail_closed" || isMadeByHand(schedule)) return false;
  const row = matchId === null ? undefined : rowOf(scene, matchId);
  return row !== undefined && (generationOf(schedule) ?? row.generation) < row.generation;
}

/** Whether `older` had been superseded for as long as Braze keeps an answer when it was sent. */
export function wasRevoked(older: Schedule, newer: Schedule): boolean {
  return older.sendAt > addMinutes(newer.createdAt, ANSWER_MINUTES);
}
