/**
 * Reads a listing of what Braze has scheduled, and says what such a listing can prove.
 *
 * Braze documents one entry per campaign, without an id of a schedule. It may be that some workspaces get
 * one entry per schedule. So the mode is found out from what came, every time, and never assumed.
 * Entries of campaigns that are not ours are not looked at.
 */
import type { CallResult } from "./outcome.ts";
import type { ListedBroadcast } from "./schemas.ts";

export type ListingMode =
  /** Every entry of ours names its schedule: presence and, with care, absence can be read off. */
  | "per_schedule"
  /** Something of ours is scheduled, and at least one entry does not say what: absence proves nothing. */
  | "per_campaign"
  /** The call succeeded and shows nothing of ours. It proves nothing. */
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
