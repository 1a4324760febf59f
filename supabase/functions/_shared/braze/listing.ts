/**
 * Reads Braze's listing of scheduled broadcasts and determines, for each campaign, what it can prove.
 *
 * Braze documents one entry per campaign, without a schedule id; some workspaces may get one entry per schedule. So the
 * mode is derived from each response. Entries of other campaigns are ignored.
 */
import type { CallResult } from "./outcome.ts";
import type { ListedBroadcast } from "./schemas.ts";

export type ListingMode =
  /** Every entry of the campaign has a schedule id: the listing shows presence and, over several listings, absence. */
  | "per_schedule"
  /** At least one entry of the campaign has no schedule id: absence proves nothing. */
  | "per_campaign"
  /** The call succeeded without an entry of the campaign. It proves nothing. */
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
  readonly mode: ListingMode;
  /** null where there is no listing. */
  readonly entries: number | null;
  /** The next send that a per-campaign listing names; null also where it names one without a zone. */
  readonly nextSendAt: Date | null;
  /** Only of a per-schedule listing. */
  readonly schedules: readonly ListedSchedule[];
}

export interface Listing {
  /** Why there is none; else null. */
  readonly detail: string | null;
  /** One for each of the campaigns that the caller asks about. */
  readonly campaigns: readonly ListedCampaign[];
}

export function readListing(
  result: CallResult<readonly ListedBroadcast[]>,
  campaignIds: readonly string[],
): Listing {
  if (result.outcome !== "succeeded") {
    const nothing = {
      mode: "unavailable",
      entries: null,
      nextSendAt: null,
      schedules: [],
    } as const;
    return {
      detail: result.detail,
      campaigns: campaignIds.map((campaignId) => ({ campaignId, ...nothing })),
    };
  }
  const campaigns = result.value.filter(({ isCanvas }) => !isCanvas);
  return {
    detail: null,
    campaigns: campaignIds.map((campaignId) =>
      readCampaign(campaignId, campaigns.filter((entry) => entry.campaignId === campaignId))
    ),
  };
}

function readCampaign(campaignId: string, entries: readonly ListedBroadcast[]): ListedCampaign {
  const schedules = entries.flatMap(({ scheduleId, isCanvas: _, ...entry }) =>
    scheduleId === null ? [] : [{ ...entry, campaignId, scheduleId }]
  );
  const mode = modeOf(entries.length, schedules.length);
  return {
    campaignId,
    mode,
    entries: entries.length,
    nextSendAt: mode === "per_campaign" ? nextSendOf(entries) : null,
    schedules: mode === "per_schedule" ? schedules : [],
  };
}

/** The time without a zone may be the earliest. */
function nextSendOf(entries: readonly ListedBroadcast[]): Date | null {
  const times = entries.flatMap(({ sendAt }) => sendAt === null ? [] : [sendAt.getTime()]);
  return times.length < entries.length ? null : new Date(Math.min(...times));
}

function modeOf(entries: number, schedules: number): ListingMode {
  if (entries === 0) return "empty";
  return schedules === entries ? "per_schedule" : "per_campaign";
}
