/** The body that our webhook template renders: one user, no event id, no time, all values as text. */
import type { Campaign } from "./campaign.ts";
import { echo } from "./echo.ts";
import type { GroundTruthEntry } from "./ground_truth.ts";

export function webhookBody(entry: GroundTruthEntry, campaign: Campaign): string {
  return JSON.stringify({
    v: 1,
    event_type: "campaign.webhook",
    campaign_id: campaign.id,
    ...(entry.carried.dispatchId ? { dispatch_id: entry.dispatchId } : {}),
    variation_id: campaign.variation("webhook").id,
    external_user_id: entry.user.externalId,
    braze_id: entry.user.brazeId,
    ...(entry.carried.echo ? echo(entry.triggerProperties) : {}),
  });
}
