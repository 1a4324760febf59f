/** The read endpoints: the listing, the campaign, the statistics, the segments. */
import { type Answer, type Call, parseTime, refusal, success } from "./answer.ts";
import { wholeSeconds } from "./campaign.ts";
import type { BrazeModel } from "./model.ts";
import {
  type Channel,
  type ChannelCounts,
  type ChannelRow,
  dailyRows,
  type SeriesRange,
} from "./statistics.ts";

const DAY_MS = 86_400_000;
const LENGTH_DAYS_MAX = 100;
/** How long `/sends/data_series` keeps the statistics of a send. */
const SEND_STATISTICS_KEPT_DAYS = 14;
const SEGMENTS_PER_PAGE = 100;
const ANOTHER_CAMPAIGN = {
  id: "c9d8e7f6-2222-4b4b-8c8c-000000000002",
  name: "Transfer news (API-triggered)",
  tags: ["football"],
} as const;

export function listScheduled(model: BrazeModel, { query }: Call, now: Date): Answer {
  const end = parseTime(query.get("end_time"));
  if (end === undefined) return refusal(400, "end_time must be an ISO 8601 date");
  // Braze uses only the date, at midnight UTC.
  const endMs = Math.floor(end.getTime() / DAY_MS) * DAY_MS;
  const { listingMode, listingLagSeconds, listingMax, listingCampaign, listingTimeZone } =
    model.switchboard.current;
  const listed = model.schedules.pendingAt(new Date(now.getTime() - listingLagSeconds * 1_000))
    .filter(({ sendAt }) => sendAt.getTime() <= endMs)
    .sort((a, b) => a.sendAt.getTime() - b.sendAt.getTime())
    .slice(0, listingMax ?? Infinity);

  const campaign = listingCampaign === "ours" ? model.campaign : ANOTHER_CAMPAIGN;
  const common = {
    name: campaign.name,
    id: campaign.id,
    type: "Campaign",
    tags: campaign.tags,
  };
  const entry = ({ sendAt }: { readonly sendAt: Date }) => ({
    ...common,
    ...(listingTimeZone === "utc"
      ? { next_send_time: wholeSeconds(sendAt), schedule_type: "UTC" }
      : { next_send_time: withoutZone(sendAt), schedule_type: "local_time_zones" }),
  });
  const entries = listingMode === "per_schedule"
    ? listed.map(({ schedule, sendAt }) => ({
      ...entry({ sendAt }),
      schedule_id: schedule.id,
      campaign_id: campaign.id,
      trigger_properties: schedule.triggerProperties,
      dispatch_id: schedule.dispatchId,
      send_id: schedule.sendId,
    }))
    : listingMode === "per_campaign"
    ? listed.slice(0, 1).map(entry)
    : [];
  // The documented answer has no `message`.
  return {
    status: 200,
    body: { scheduled_broadcasts: [...entries, ...otherCampaigns(now, endMs)] },
  };
}

export function campaignDetails(model: BrazeModel, { query }: Call): Answer {
  if (query.get("campaign_id") !== model.campaign.id) return unknownCampaign();
  const channels = ["ios_push", "android_push"] as const;
  const { webhook, sendGate } = model.switchboard.current;
  return success(
    200,
    model.campaign.details(webhook.enabled ? [...channels, "webhook"] : channels, sendGate),
  );
}

export function sendSeries(model: BrazeModel, { query }: Call, now: Date): Answer {
  if (query.get("campaign_id") !== model.campaign.id) return unknownCampaign();
  const sendId = query.get("send_id");
  if (sendId === null || sendId === "") return refusal(400, "send_id must be given");
  const range = readRange(model, query, now);
  if (range === undefined) return refusal(400, BAD_RANGE);

  const schedules = model.schedules.all.filter((schedule) => schedule.sendId === sendId);
  if (schedules.length === 0 && !model.sendIds.has(sendId)) {
    return refusal(400, "Cannot find a send for the given send_id");
  }
  const oldest = (now.getTime() - SEND_STATISTICS_KEPT_DAYS * DAY_MS) / 1_000;
  const entries = schedules
    .flatMap((schedule) => model.groundTruth.of(schedule.id))
    .filter((entry) => entry.time >= oldest);
  const row: ChannelRow = (channel, counts) => ({
    variation_name: model.campaign.variation(channel).name,
    ...channelCounts(channel, counts),
    ...(channel === "webhook" ? {} : {
      delivered: counts.sent - counts.bounces,
      undelivered: 0,
      delivery_failed: 0,
      revenue: 0,
      unique_recipients: counts.users.size,
      conversions: 0,
      conversions_by_send_time: 0,
    }),
  });
  return success(200, { data: dailyRows(entries, range, row) });
}

export function campaignSeries(model: BrazeModel, { query }: Call, now: Date): Answer {
  if (query.get("campaign_id") !== model.campaign.id) return unknownCampaign();
  const range = readRange(model, query, now);
  if (range === undefined) return refusal(400, BAD_RANGE);
  const row: ChannelRow = (channel, counts) => ({
    variation_api_id: model.campaign.variation(channel).id,
    ...channelCounts(channel, counts),
  });
  return success(200, { data: dailyRows(model.groundTruth.entries, range, row) });
}

export function listSegments(model: BrazeModel, { query }: Call): Answer {
  const page = Number(query.get("page") ?? 0);
  if (!Number.isInteger(page) || page < 0) return refusal(400, "page must be a whole number");
  const sorted = query.get("sort_direction") === "desc"
    ? model.segments.toReversed()
    : model.segments;
  return success(200, {
    segments: sorted.slice(page * SEGMENTS_PER_PAGE, (page + 1) * SEGMENTS_PER_PAGE).map((
      { id, name },
    ) => ({ id, name, analytics_tracking_enabled: true, tags: [] })),
  });
}

export function segmentDetails(model: BrazeModel, { query }: Call): Answer {
  const segment = model.segments.find(({ id }) => id === query.get("segment_id"));
  if (segment === undefined) return unknownSegment();
  return success(200, {
    name: segment.name,
    description: `Users who follow ${segment.team}`,
    text_description: `Team 1, Team 2 or Team 3 equals ${segment.team}`,
    created_at: "2024-06-03T09:00:00Z",
    updated_at: "2024-06-03T09:00:00Z",
    tags: [],
    teams: [],
  });
}

export function segmentSeries(model: BrazeModel, { query }: Call, now: Date): Answer {
  const segment = model.segments.find(({ id }) => id === query.get("segment_id"));
  if (segment === undefined) return unknownSegment();
  const range = readRange(model, query, now);
  if (range === undefined) return refusal(400, BAD_RANGE);
  // As docs/braze-setup.md has the segments made: followers whom a push can reach.
  const size = model.users.pushEnabledFollowersOf(segment.team);
  return success(200, { data: range.days.map((time) => ({ time, size })) });
}

const BAD_RANGE = "length must be 1 to 100 and ending_at an ISO 8601 datetime";

function readRange(
  model: BrazeModel,
  query: URLSearchParams,
  now: Date,
): SeriesRange | undefined {
  const length = Number(query.get("length"));
  if (!Number.isInteger(length) || length < 1 || length > LENGTH_DAYS_MAX) return undefined;
  const endingAt = query.get("ending_at");
  const end = endingAt === null ? now : parseTime(endingAt);
  if (end === undefined) return undefined;
  const lagMs = model.switchboard.current.statisticsLagSeconds * 1_000;
  return {
    days: Array.from(
      { length },
      (_, i) => new Date(end.getTime() - (length - 1 - i) * DAY_MS).toISOString().slice(0, 10),
    ),
    untilSeconds: (Math.min(now.getTime() - lagMs, end.getTime())) / 1_000,
  };
}

function channelCounts(channel: Channel, { sent, opens, bounces }: ChannelCounts) {
  return channel === "webhook"
    ? { sent, errors: 0 }
    : { sent, direct_opens: opens, total_opens: opens, bounces, body_clicks: 0 };
}

/** As Braze writes a time that is local to each user. */
function withoutZone(time: Date): string {
  return wholeSeconds(time).slice(0, 19).replace("T", " ");
}

/** The workspace has another campaign: a newsletter that is sent every evening at six. */
function otherCampaigns(now: Date, endMs: number) {
  const sixMs = Math.floor(now.getTime() / DAY_MS) * DAY_MS + 18 * 3_600_000;
  const nextMs = sixMs > now.getTime() ? sixMs : sixMs + DAY_MS;
  return nextMs > endMs ? [] : [{
    name: "Daily digest",
    id: "c9d8e7f6-2222-4b4b-8c8c-000000000001",
    type: "Campaign",
    tags: ["newsletter"],
    next_send_time: wholeSeconds(new Date(nextMs)),
    schedule_type: "UTC",
  }];
}

function unknownCampaign(): Answer {
  return refusal(400, "Cannot find a campaign for the given campaign_id");
}

function unknownSegment(): Answer {
  return refusal(400, "Cannot find a segment for the given segment_id");
}
