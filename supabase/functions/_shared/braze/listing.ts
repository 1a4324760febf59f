/**
 * Reads Braze's listing of scheduled broadcasts and determines what it can prove.
 *
 * Braze documents one entry per campaign, without a schedule id; some workspaces may get one entry per schedule. So the
 * mode is derived from each response. Entries of other campaigns are ignored.
 */
import type { CallResult } from "./outcome.ts";
import type { ListedBroadcast } from "./schemas.ts";

export type ListingMode =
  /** Every entry of ours has a schedule id: the listing shows presence and, over several listings, absence. */
  | "per_schedule"
  /** At least one entry of ours has no schedule id: absence proves nothing. */
  | "per_campaign"
  /** The call succeeded without an entry of ours. It proves nothing. */
  | "empty"
  /** There is no listing. It proves nothing. */
  | "unavailable";

export interface ListedSchedule {
  readonly scheduleId: string;
  readonly campaignId: string;
  readonly sendAt: Date | null;
  readonly triggerProperties: Readonly<Record<string, unknown>> | null;
  readonly dispatchId: string | null;
  readonly sendId: string | null;
}

export interface ListedCampaign {
  readonly campaignId: string;
  readonly entries: number;
  readonly nextSendAt: Date | null;
}

export interface Listing {
  readonly mode: ListingMode;
  readonly schedules: readonly ListedSchedule[];
  readonly campaigns: readonly ListedCampaign[];
}

export function readListing(
  result: CallResult<readonly ListedBroadcast[]>,
  campaignIds: readonly string[],
): Listing {
  if (result.outcome !== "succeeded") return { mode: "unavailable", schedules: [], campaigns: [] };

  const ours = result.value.flatMap(({ campaignId, isCanvas, ...entry }) =>
    campaignId !== null && !isCanvas && campaignIds.includes(campaignId)
      ? [{ ...entry, campaignId }]
      : []
  );
  const schedules = ours.flatMap(({ scheduleId, ...entry }) =>
    scheduleId === null ? [] : [{ ...entry, scheduleId }]
  );
  const campaigns = [...new Set(ours.map((entry) => entry.campaignId))].map((campaignId) => {
    const entries = ours.filter((entry) => entry.campaignId === campaignId);
    const times = entries.flatMap(({ sendAt }) => sendAt === null ? [] : [sendAt.getTime()]);
    return {
      campaignId,
      entries: entries.length,
      nextSendAt: times.length === 0 ? null : new Date(Math.min(...times)),
    };
  });
  return { mode: modeOf(ours.length, schedules.length), schedules, campaigns };
}

function modeOf(entries: number, schedules: number): ListingMode {
  if (entries === 0) return "empty";
  return schedules === entries ? "per_schedule" : "per_campaign";
}
