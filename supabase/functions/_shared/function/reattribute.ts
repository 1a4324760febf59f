/** Correlates stored events again after an identifier became known or ambiguous. */
import { correlate } from "../attribution/correlate.ts";
import type { Attribution, Context } from "../attribution/evidence.ts";
import { proofOf } from "../attribution/identifiers_to_register.ts";
import type { Dependencies } from "./dependencies.ts";
import type { RegisteredIdentifier } from "../store/columns.ts";
import type { EvidenceGroup, Reattribution } from "../store/events.ts";
import { lookupRequestFor } from "../attribution/lookup_request.ts";

export function createReattribute({ store, clock, environment, functionName }: Dependencies) {
  const campaignIds = [environment.brazeCampaignId];

  return async function reattribute(
    newlyKnown: readonly RegisteredIdentifier[],
    runId: string,
  ): Promise<void> {
    const groups = await store.events.loadAffectedEvents(newlyKnown);
    if (groups.length === 0) return;
    const context = await store.events.context(
      lookupRequestFor(groups.map((group) => group.evidence)),
    );
    const reattributions = groups.flatMap((group) => reconsider(group, context, campaignIds));
    if (reattributions.length === 0) return;
    await store.events.reattribute(reattributions, {
      functionName,
      runId,
      now: clock.now(),
    });
  };
}

/** The new attribution of a group of events with equal evidence; empty when it is unchanged. */
export function reconsider(
  group: EvidenceGroup,
  context: Context,
  campaignIds: readonly string[],
): Reattribution[] {
  const attribution = correlate(group.evidence, context, campaignIds);
  if (isSame(group, attribution)) return [];
  return [{ group, attribution, proof: proofOf(group.evidence, attribution) }];
}

function isSame({ current }: EvidenceGroup, attribution: Attribution): boolean {
  return current.method === attribution.method && current.ledgerId === attribution.ledgerId &&
    current.generation === attribution.generation;
}
