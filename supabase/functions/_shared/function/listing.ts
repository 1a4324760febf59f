/**
 * Reads Braze's listing of schedules and classifies each of ours as present, absent or unknown.
 *
 * Only `absent` may change a ledger status. A schedule is never created again because a listing lacked it.
 */
import { type Listing, readListing } from "../braze/listing.ts";
import type { Dependencies } from "./dependencies.ts";
import type { AbsentSchedule } from "../store/listings.ts";
import type { Run } from "./cron_function.ts";

export type Presence = "present" | "absent" | "unknown";

export interface TakenListing extends Listing {
  readonly absent: readonly AbsentSchedule[];
  presenceOf(brazeScheduleId: string | null): Presence;
}

/** `until`: the latest send time that the listing must cover. A dry run records no listing, so it finds nothing absent. */
export async function takeListing(
  { braze, store, clock, environment }: Dependencies,
  until: Date,
  run: Run,
): Promise<TakenListing> {
  const result = await braze.listScheduledBroadcasts(until, { deadline: run.deadline });
  const listing = readListing(result, [environment.brazeCampaignId]);
  const listed = new Set(listing.schedules.map(({ scheduleId }) => scheduleId));
  const absent = listing.mode === "per_schedule" && !run.dryRun
    ? await store.listings.note(listing.schedules, until, clock.now())
    : [];
  const absentIds = new Set(absent.map(({ brazeScheduleId }) => brazeScheduleId));
  return {
    ...listing,
    absent,
    presenceOf(brazeScheduleId) {
      if (brazeScheduleId === null) return "unknown";
      if (listed.has(brazeScheduleId)) return "present";
      return absentIds.has(brazeScheduleId) ? "absent" : "unknown";
    },
  };
}
