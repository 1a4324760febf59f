/**
 * Schemas of Braze's responses, and of the create request.
 *
 * Responses are read leniently: unknown fields are dropped, a missing or invalid number is null. Only identifiers are
 * required, because a wrong one leads to a wrong match.
 */
import { z } from "zod";
import { row } from "../text/camel_case.ts";
import { whyNotStorable } from "../text/storable.ts";
import { findAudienceFault } from "./audience.ts";
import { readInstant } from "./instants.ts";

const RECIPIENTS_MAX = 50;
export const TRIGGER_PROPERTIES_BYTES_MAX = 50_000;

/** Drops values that Postgres cannot store, because they would fail the run. */
const isStorable = (value: unknown) => whyNotStorable(value) === null;

const text = z.string().refine(isStorable).nullish().catch(null).transform((value) =>
  value ?? null
);
const count = z.number().nullish().catch(null).transform((value) => value ?? null);
const flag = z.boolean().nullish().catch(null).transform((value) => value ?? null);
const instant = text.transform(readInstant);
const texts = z.array(z.string()).catch([]);
/** Ids are opaque: their format is not documented. */
const id = z.union([z.string().min(1).refine(isStorable), z.number().transform(String)]);
const idOrNull = id.nullish().catch(null).transform((value) => value ?? null);
const properties = z.record(z.string(), z.unknown()).refine(isStorable).nullish().catch(null)
  .transform((value) => value ?? null);

/** Part of every response. With a success, `errors` are minor ones. */
export const Envelope = z.object({
  message: z.string().optional(),
  errors: z.array(z.unknown()).catch([]).transform((errors) =>
    errors.map((error) => typeof error === "string" ? error : JSON.stringify(error))
  ),
  /** In the answer of a create. */
  schedule_id: idOrNull,
});

/** Braze documents no body for updates and deletes; its clients read only `message`. */
export const Acknowledged = z.object({ message: z.string() }).transform(() => null);

/** A create is accepted even when its ids cannot be read: they are null then. */
export const CreatedSchedule = z.object({
  message: z.string().optional(),
  schedule_id: idOrNull,
  dispatch_id: idOrNull,
  send_id: idOrNull,
}).refine((answer) => answer.message !== undefined || answer.schedule_id !== null)
  .transform((answer) => ({
    scheduleId: answer.schedule_id,
    dispatchId: answer.dispatch_id,
    sendId: answer.send_id,
  }));
export type CreatedSchedule = z.infer<typeof CreatedSchedule>;

export const CreatedSendId = row({ send_id: id });

/**
 * The documented entry (`id`, `next_send_time`, …), plus the fields that an entry per schedule would have. An unreadable
 * id invalidates the listing, because it may be the one whose absence would be concluded.
 */
const ListedBroadcast = z.object({
  id: id.nullish(),
  campaign_id: id.nullish(),
  campaign_api_id: id.nullish(),
  schedule_id: id.nullish(),
  type: text,
  next_send_time: instant,
  trigger_properties: properties,
  dispatch_id: idOrNull,
  send_id: idOrNull,
}).transform((entry) => ({
  campaignId: entry.campaign_id ?? entry.campaign_api_id ?? entry.id ?? null,
  scheduleId: entry.schedule_id ?? null,
  isCanvas: entry.type?.toLowerCase() === "canvas",
  sendAt: entry.next_send_time,
  triggerProperties: withoutGateToken(entry.trigger_properties),
  dispatchId: entry.dispatch_id,
  sendId: entry.send_id,
}));
export type ListedBroadcast = z.infer<typeof ListedBroadcast>;

/** The listing is logged, and a reader of the log must not be able to call the send gate. */
function withoutGateToken(
  properties: Readonly<Record<string, unknown>> | null,
): Readonly<Record<string, unknown>> | null {
  if (properties === null) return null;
  const { send_gate_token: _token, ...rest } = properties;
  return rest;
}

export const ScheduledBroadcasts = z.object({ scheduled_broadcasts: z.array(ListedBroadcast) })
  .transform((answer) => answer.scheduled_broadcasts);

const VariationStatistics = row({
  sent: count,
  delivered: count,
  bounces: count,
  direct_opens: count,
  total_opens: count,
  unique_recipients: count,
  errors: count,
});

export const DailyStatistics = z.object({
  data: z.array(
    z.object({
      time: z.string(),
      unique_recipients: count,
      messages: z.record(z.string(), z.array(VariationStatistics)).nullish(),
    }).transform((day) => ({
      /** Probably a calendar day in the company's time zone; Braze does not document it. */
      day: day.time.slice(0, 10),
      uniqueRecipients: day.unique_recipients,
      channels: day.messages ?? {},
    })),
  ),
}).transform((answer) => answer.data);
export type DailyStatistics = z.infer<typeof DailyStatistics>;

/**
 * Removes secrets before a message reaches a table or a log: header values (our webhook secret is one), and the query
 * and user part of URLs.
 */
const CampaignMessage = z.looseObject({ channel: text }).transform((message) => {
  const { headers: _headers, url, ...rest } = message;
  if (typeof url !== "string") return rest;
  const [address = ""] = url.split(/[?#]/);
  return { ...rest, url: address.replace(/\/\/[^/]*@/, "//") };
});

export const CampaignDetails = row({
  name: text,
  archived: flag,
  draft: flag,
  enabled: flag,
  has_post_launch_draft: flag,
  schedule_type: text,
  channels: texts,
  updated_at: instant,
  first_sent: instant,
  last_sent: instant,
  messages: z.record(z.string(), CampaignMessage).catch({}),
}).transform(({ firstSent, lastSent, ...campaign }) => ({
  ...campaign,
  firstSentAt: firstSent,
  lastSentAt: lastSent,
}));
export type CampaignDetails = z.infer<typeof CampaignDetails>;

export const SegmentList = z.object({
  segments: z.array(
    z.object({ id, name: text, analytics_tracking_enabled: flag }).transform((segment) => ({
      segmentId: segment.id,
      name: segment.name,
      analyticsTrackingEnabled: segment.analytics_tracking_enabled,
    })),
  ),
}).transform((answer) => answer.segments);
export type SegmentList = z.infer<typeof SegmentList>;

export const SegmentDetails = z.object({
  message: z.string(),
  name: text,
  description: text,
  updated_at: instant,
}).transform((segment) => ({
  name: segment.name,
  description: segment.description,
  updatedAt: segment.updated_at,
}));
export type SegmentDetails = z.infer<typeof SegmentDetails>;

export const SegmentStatistics = z.object({
  data: z.array(
    z.object({ time: z.string(), size: count }).transform((day) => ({
      day: day.time.slice(0, 10),
      /** An estimate. */
      size: day.size,
    })),
  ),
}).transform((answer) => answer.data);
export type SegmentStatistics = z.infer<typeof SegmentStatistics>;

/** At most 64 ASCII characters; Braze says no more. */
export const SendId = z.string().regex(/^[\x21-\x7e]{1,64}$/, "must be 1 to 64 ASCII characters");

const TriggerProperties = z.record(z.string(), z.json()).refine(
  (held) => new TextEncoder().encode(JSON.stringify(held)).length <= TRIGGER_PROPERTIES_BYTES_MAX,
  `must not be larger than ${TRIGGER_PROPERTIES_BYTES_MAX} bytes`,
);

const Recipient = z.looseObject({ trigger_properties: TriggerProperties.optional() });

/** The request body of a create, as it is sent and journalled. */
export const CreateScheduleBody = z.strictObject({
  campaign_id: z.string().min(1),
  schedule: z.strictObject({
    time: z.iso.datetime({ offset: true, local: true }),
    in_local_time: z.boolean().optional(),
    at_optimal_time: z.boolean().optional(),
  }),
  send_id: SendId.optional(),
  broadcast: z.boolean().optional(),
  audience: z.record(z.string(), z.unknown()).optional(),
  recipients: z.array(Recipient).min(1).max(RECIPIENTS_MAX).optional(),
  trigger_properties: TriggerProperties.optional(),
}).superRefine((body, context) => {
  const refuse = (message: string) => context.addIssue({ code: "custom", message });
  // With neither an audience nor recipients, Braze would send to the campaign's whole segment.
  const fault = body.audience === undefined && body.recipients !== undefined
    ? null
    : findAudienceFault(body.audience);
  if (fault !== null) refuse(fault);
  if (body.broadcast === true && body.recipients !== undefined) {
    refuse("broadcast must not be true beside recipients");
  }
});
export type CreateScheduleBody = z.input<typeof CreateScheduleBody>;
