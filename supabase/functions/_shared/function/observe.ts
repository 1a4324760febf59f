/**
 * Looks at Braze: its list of schedules, the campaigns that hold ours, and whether it answers.
 *
 * One function looks every five minutes, and every function judges from what was stored, so that a transition is seen
 * by all. Only `absent` may change a ledger status. A schedule is never created again because a list lacked it.
 */
import { addMilliseconds, max, min, subMilliseconds } from "date-fns";
import {
  type Gate,
  readGate,
  readTemplateGate,
  type TemplateGate,
} from "../braze/campaign_gate.ts";
import { type ListedSchedule, type ListingMode, readListing } from "../braze/listing.ts";
import type { AbsentSchedule, Look, Observed, ObservedCampaign } from "../store/observations.ts";
import type { Run } from "./cron_function.ts";
import type { Dependencies } from "./dependencies.ts";

/** Pre-flight looks every five minutes; one lost look is replaced by the caller. */
const OBSERVATION_AGE_MS_MAX = 6 * 60_000;

/** A run has more to do than to wait for a Braze that does not answer. */
const LOOK_MS_MAX = 15_000;

export type Presence = "present" | "absent" | "unknown";

export interface NextSend {
  readonly listed: Date | null;
  readonly expected: Date | null;
  /** Both are the same minute; null where there is nothing to compare. */
  readonly agrees: boolean | null;
}

export interface Observation {
  /** What changed later may be missing from the list. */
  readonly beganAt: Date;
  /** The latest send time that the list covers. */
  readonly until: Date;
  /** Of the configured campaign. */
  readonly mode: ListingMode;
  /** Of the configured campaign. */
  readonly schedules: readonly ListedSchedule[];
  readonly absent: readonly AbsentSchedule[];
  /** By campaign; null: not known. */
  readonly templateGates: ReadonlyMap<string, TemplateGate | null>;
  presenceOf(brazeScheduleId: string | null): Presence;
  modeOf(campaignId: string): ListingMode;
  gateOf(campaignId: string): Gate;
  nextSendOf(campaignId: string): NextSend;
}

/** Looks at Braze and stores what it sees. A dry run stores nothing, so it finds nothing absent. */
export async function observe(dependencies: Dependencies, run: Run): Promise<Observation> {
  const { store, clock, environment } = dependencies;
  const look = await takeLook(dependencies, run);
  const observed = run.dryRun
    ? unstored(look)
    : await store.observations.record(look, environment, run.runId, clock.now());
  return observationOf(observed, environment.brazeCampaignId, look);
}

/** The last stored look, or a new one if that is too old. */
export async function lastObservation(dependencies: Dependencies, run: Run): Promise<Observation> {
  const { store, clock, environment } = dependencies;
  const observed = await store.observations.load(clock.now());
  const own = observed.campaigns.find(({ campaignId }) =>
    campaignId === environment.brazeCampaignId
  );
  return own === undefined ||
      own.beganAt < subMilliseconds(clock.now(), OBSERVATION_AGE_MS_MAX)
    ? await observe(dependencies, run)
    : observationOf(observed, environment.brazeCampaignId, own);
}

async function takeLook(
  { store, braze, clock, environment }: Dependencies,
  run: Run,
): Promise<Look> {
  const beganAt = clock.now();
  const deadline = min([run.deadline, addMilliseconds(beganAt, LOOK_MS_MAX)]);
  const { campaignIds, lastSendAt } = await store.observations.toObserve(
    environment.brazeCampaignId,
    beganAt,
  );
  const reach = addMilliseconds(beganAt, environment.horizonMs + environment.sendLeadMs);
  const until = max([reach, lastSendAt ?? reach]);
  const [list, ...details] = await Promise.all([
    braze.listScheduledBroadcasts(until, { deadline }),
    ...campaignIds.map((campaignId) => braze.campaignDetails(campaignId, { deadline })),
  ]);
  const listing = readListing(list, campaignIds);
  return {
    beganAt,
    until,
    listingDetail: listing.detail,
    campaigns: listing.campaigns.map(({ campaignId, mode, entries, nextSendAt }, place) => {
      const detail = details[place]!;
      const gate = readGate(detail);
      return {
        campaignId,
        listingMode: mode,
        listed: entries,
        listedNextSend: nextSendAt,
        campaignState: gate.state === "open" ? "running" : gate.state,
        campaignDetail: gate.state === "unknown" ? gate.detail : null,
        sendGate: readTemplateGate(detail),
      };
    }),
    schedules: listing.campaigns.flatMap(({ schedules }) => schedules),
  };
}

function unstored({ campaigns, beganAt, until, schedules }: Look): Observed {
  return {
    campaigns: campaigns.map(({ listed: _, ...campaign }) => ({
      ...campaign,
      beganAt,
      until,
      expectedNextSend: null,
      nextSendAgrees: null,
    })),
    schedules: [...schedules],
    absent: [],
  };
}

function observationOf(
  { campaigns, schedules, absent }: Observed,
  ownCampaignId: string,
  { beganAt, until }: { readonly beganAt: Date; readonly until: Date },
): Observation {
  const byId = new Map(campaigns.map((campaign) => [campaign.campaignId, campaign]));
  const listed = new Set(schedules.map(({ scheduleId }) => scheduleId));
  const absentIds = new Set(absent.map(({ brazeScheduleId }) => brazeScheduleId));
  const modeOf = (campaignId: string) => byId.get(campaignId)?.listingMode ?? "unavailable";
  return {
    beganAt,
    until,
    mode: modeOf(ownCampaignId),
    schedules: schedules.filter(({ campaignId }) => campaignId === ownCampaignId),
    absent,
    templateGates: new Map(campaigns.map(({ campaignId, sendGate }) => [campaignId, sendGate])),
    presenceOf(brazeScheduleId) {
      if (brazeScheduleId === null) return "unknown";
      if (listed.has(brazeScheduleId)) return "present";
      return absentIds.has(brazeScheduleId) ? "absent" : "unknown";
    },
    modeOf,
    gateOf: (campaignId) => gateOf(byId.get(campaignId)),
    nextSendOf(campaignId) {
      const campaign = byId.get(campaignId);
      return {
        listed: campaign?.listedNextSend ?? null,
        expected: campaign?.expectedNextSend ?? null,
        agrees: campaign?.nextSendAgrees ?? null,
      };
    },
  };
}

function gateOf(campaign: ObservedCampaign | undefined): Gate {
  if (campaign === undefined) return { state: "unknown", detail: "The campaign was not observed" };
  const { campaignState: state, campaignDetail } = campaign;
  if (state === "running") return { state: "open" };
  return state === "unknown" ? { state, detail: campaignDetail ?? "Braze did not say" } : { state };
}
