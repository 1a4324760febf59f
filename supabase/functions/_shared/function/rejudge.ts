/**
 * Judges stored events again after a fact changed that they depend on: an identifier became known or ambiguous, a match or a
 * schedule appeared, a campaign became ours.
 *
 * It works in small steps, and any function may take some of them: whatever one run leaves, the next continues.
 */
import { differenceInMilliseconds } from "date-fns";
import { correlate } from "../attribution/correlate.ts";
import { type Attribution, createContext, type Policy } from "../attribution/evidence.ts";
import { identifiersToRegister } from "../attribution/identifiers_to_register.ts";
import { lookupRequestFor } from "../attribution/lookup_request.ts";
import type { StoredEvent } from "../store/events.ts";
import type { Dependencies } from "./dependencies.ts";

const EVENTS_A_STEP = 1_000;
/** What changes is judged again when it is a minute old, so a verdict must not rest on facts of that age. */
export const FACTS_AGE_MS_MAX = 20_000;

/** How long a function with other work, or a request after its response, judges again. */
export const REJUDGE_MS_MAX = 20_000;

export interface Rejudged {
  /** False when `mayContinue` ended it. */
  readonly isComplete: boolean;
  readonly judged: number;
  readonly changed: number;
}

export function policyOf({ environment }: Pick<Dependencies, "environment">): Policy {
  const { brazeCampaignId, freezeMs, sendWindowMs } = environment;
  return { campaignId: brazeCampaignId, freezeMs, windowMs: sendWindowMs };
}

/** `mayContinue`: asked before each step. */
export async function rejudge(
  dependencies: Dependencies,
  runId: string,
  mayContinue: () => boolean,
): Promise<Rejudged> {
  const { store: { events }, clock, functionName } = dependencies;
  let judged = 0;
  let changed = 0;
  while (mayContinue()) {
    const readAt = clock.now();
    const page = await events.loadRejudgements(EVENTS_A_STEP, readAt);
    if (page === null) return { isComplete: true, judged, changed };
    const facts = await events.facts(lookupRequestFor(page.events.map(({ evidence }) => evidence)));
    if (differenceInMilliseconds(clock.now(), readAt) > FACTS_AGE_MS_MAX) continue;
    const context = createContext(facts, policyOf(dependencies));
    const rejudgements = page.events.flatMap((event) => {
      const attribution = correlate(event.evidence, context);
      return isUnchanged(event, attribution) ? [] : [{ event, attribution }];
    });
    changed += await events.storeRejudgements({
      ids: page.ids,
      startedAt: page.startedAt,
      rejudgements,
      registered: page.events.flatMap(({ evidence }) => identifiersToRegister(evidence, context)),
      last: page.events.length < EVENTS_A_STEP ? null : page.events.at(-1) ?? null,
    }, { functionName, runId, now: clock.now() });
    judged += page.events.length;
  }
  return { isComplete: false, judged, changed };
}

function isUnchanged({ current }: StoredEvent, attribution: Attribution): boolean {
  // Braze's statistics have attributed it; only an explicit id is stronger.
  if (current.method === "elimination" && attribution.confidence !== "high") return true;
  return current.method === attribution.method && current.ledgerId === attribution.ledgerId &&
    current.generation === attribution.generation && current.timing === attribution.timing &&
    current.proof === attribution.proof &&
    current.candidateMatchIds.join() === attribution.candidateMatchIds.join();
}
