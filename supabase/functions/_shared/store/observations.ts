/** What one look at Braze has shown, and the schedules that its lists lack. */
import { z } from "zod";
import { row, snakeCase } from "../text/camel_case.ts";
import type { ListedSchedule, ListingMode } from "../braze/listing.ts";
import { instant } from "./columns.ts";
import { REPEATABLE, type Rpc } from "./rpc.ts";

const ObservedCampaign = row({
  campaign_id: z.string(),
  /** Before the first call: what changed later may be missing from the list. */
  began_at: instant,
  /** The latest send time that the list covers. */
  until: instant,
  listing_mode: z.enum(["per_schedule", "per_campaign", "empty", "unavailable"]),
  listed_next_send: instant.nullable(),
  expected_next_send: instant.nullable(),
  /** Null where there is nothing to compare. */
  next_send_agrees: z.boolean().nullable(),
  campaign_state: z.enum(["running", "stopped", "archived", "draft", "unknown"]),
  campaign_detail: z.string().nullable(),
  send_gate: z.enum(["fail_closed", "fail_open", "none"]).nullable(),
});
export type ObservedCampaign = z.infer<typeof ObservedCampaign>;

/** Listed before, and lacked by two lists, within the limit of absences. */
const AbsentSchedule = row({
  match_id: z.int(),
  ledger_id: z.guid(),
  generation: z.int(),
  is_current: z.boolean(),
  send_at: instant,
  braze_schedule_id: z.string(),
});
export type AbsentSchedule = z.infer<typeof AbsentSchedule>;

const ObservedSchedule = row({
  campaign_id: z.string(),
  schedule_id: z.string(),
  send_at: instant.nullable(),
  trigger_properties: z.record(z.string(), z.unknown()).nullable(),
  dispatch_id: z.string().nullable(),
  send_id: z.string().nullable(),
});

const Observed = z.object({
  campaigns: z.array(ObservedCampaign),
  /** The entries of per-schedule lists. */
  schedules: z.array(ObservedSchedule),
  absent: z.array(AbsentSchedule),
});
export type Observed = z.infer<typeof Observed>;

const ToObserve = row({ campaign_ids: z.array(z.string()), last_send_at: instant.nullable() });

/** One look, as it is stored. */
export interface Look {
  readonly beganAt: Date;
  readonly until: Date;
  /** Why the list could not be read. */
  readonly listingDetail: string | null;
  readonly campaigns: readonly {
    readonly campaignId: string;
    readonly listingMode: ListingMode;
    readonly listed: number | null;
    readonly listedNextSend: Date | null;
    readonly campaignState: ObservedCampaign["campaignState"];
    readonly campaignDetail: string | null;
    readonly sendGate: ObservedCampaign["sendGate"];
  }[];
  readonly schedules: readonly ListedSchedule[];
}

export interface AbsenceLimit {
  readonly absencesMax: number;
  /** Share of the schedules that the list should show, 0 to 1. */
  readonly absenceShareMax: number;
}

export function createObservations(rpc: Rpc) {
  return {
    /** What a look has to cover. */
    toObserve: (campaignId: string, now: Date) =>
      rpc.call("campaigns_to_observe", { campaignId, now }, ToObserve, REPEATABLE),

    record: (
      { campaigns, schedules, ...look }: Look,
      { absencesMax, absenceShareMax }: AbsenceLimit,
      runId: string,
      now: Date,
    ) =>
      rpc.call(
        "record_observation",
        {
          observation: {
            ...snakeCase(look),
            campaigns: campaigns.map(snakeCase),
            schedules: schedules.map(snakeCase),
          },
          absencesMax,
          absenceShareMax,
          runId,
          now,
        },
        Observed,
        REPEATABLE,
      ),

    load: (now: Date) => rpc.call("load_observation", { now }, Observed, REPEATABLE),

    /** Matches whose schedule may be superseded since its campaign was restarted, the soonest first. */
    loadDoubted: (earliestSendAt: Date, limit: number) =>
      rpc.call("load_doubted", { earliestSendAt, limit }, z.array(z.int()), REPEATABLE),

    /** False when the ledger row was no longer pending, or the schedule was listed again. */
    cancelAbsent: ({ ledgerId, generation }: AbsentSchedule, note: string, now: Date) =>
      rpc.call("cancel_absent", { ledgerId, generation, note, now }, z.boolean(), REPEATABLE),
  };
}
