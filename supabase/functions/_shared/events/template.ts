/**
 * Messages of Braze's webhook channel in the shape of our template, and the flat shape of other senders:
 * `{ external_user_id, dispatch_id, send_id, sent_at, trigger_properties: { match_id } }`.
 *
 * Such a body has no id and usually no time, and Braze retries it after a lost response. So its id is a hash over the
 * fields that distinguish the message, and its time is that of the first receipt.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { isRecord } from "../text/exact_json.ts";
import { truncate } from "../text/truncate.ts";
import { type Evidence, UNKNOWN_KIND } from "../attribution/evidence.ts";
import { readEchoFields } from "./echo_fields.ts";
import type { BrazeEvent, ReadEvent } from "./event.ts";
import * as fields from "./fields.ts";
import { mergeFields } from "./merge_fields.ts";
import { issueLine } from "./zod_errors.ts";

const TEMPLATE_EVENT_TYPE = "campaign.webhook";
const FLAT_EVENT_TYPES = ["send", "open", "bounce", "abort"];

const Body = z.object({
  event_type: z.enum([TEMPLATE_EVENT_TYPE, ...FLAT_EVENT_TYPES]).nullish(),
  id: fields.identifier,
  event_id: fields.identifier,
  sent_at: z.preprocess((value) => value === "" ? null : value, fields.isoTime.nullish()),
  /** Of an exported event whose kind stands only in the name of its folder. */
  time: fields.unixTime.nullish(),
  external_user_id: fields.userId,
  braze_id: fields.identifier,
  device_id: fields.identifier,
  campaign_id: fields.identifier,
  dispatch_id: fields.identifier,
  send_id: fields.identifier,
  canvas_id: fields.identifier,
  schedule_id: fields.identifier,
});

const SCHEDULE = [["schedule_id", "braze_schedule_id"]] as const;

/** A message must have at least one of these fields. */
const REQUIRED_ONE_OF = [
  "external_user_id",
  "dispatch_id",
  "send_id",
  "schedule_id",
  "braze_schedule_id",
  "match_id",
  "ledger_id",
];

export function readTemplateBody(raw: Record<string, unknown>, receivedAt: Date): ReadEvent {
  const properties = isRecord(raw.trigger_properties) ? raw.trigger_properties : null;
  // In `trigger_properties` in the flat shape, at the top level otherwise.
  const read = readEchoFields([raw, properties ?? {}], properties);
  if (!read.ok) return read;
  const schedule = mergeFields([raw], SCHEDULE);
  if (!schedule.ok) return schedule;
  const parsed = Body.safeParse({ ...raw, ...schedule.fields });
  if (!parsed.success) return { ok: false, reason: issueLine("Webhook message", parsed.error) };
  if (!REQUIRED_ONE_OF.some((name) => name in raw)) {
    return {
      ok: false,
      reason: `Webhook message must hold one of ${REQUIRED_ONE_OF.join(", ")}, got ${
        truncate(Object.keys(raw).slice(0, 10).join(", ")) || "nothing"
      }`,
    };
  }

  const message = parsed.data;
  const isTemplate = message.event_type === TEMPLATE_EVENT_TYPE;
  const flatType = message.event_type ?? (message.sent_at != null ? "send" : UNKNOWN_KIND);
  const eventType = isTemplate ? "send" : flatType;
  const ownTime = message.sent_at ?? message.time ?? null;
  const evidence: Evidence = {
    eventType,
    channel: isTemplate ? "webhook" : "push",
    sentAt: ownTime ?? receivedAt,
    timeKind: ownTime === null ? "receipt" : eventType === "send" ? "send" : "occurrence",
    receivedAt,
    campaignId: message.campaign_id,
    canvasId: message.canvas_id,
    ...read.echo,
    scheduleId: message.schedule_id,
    dispatchId: message.dispatch_id,
    sendId: message.send_id,
  };
  const ownId = message.event_id ?? message.id;
  const { echoedLedgerId, echoedMatchId, echoedGeneration, echoedAttemptId } = evidence;
  const { campaignId, canvasId, scheduleId, dispatchId, sendId } = evidence;
  // A blank match id names nothing.
  const isReferring = [echoedLedgerId || echoedMatchId || null, dispatchId, sendId, scheduleId]
    .some((id) => id !== null);

  const event: BrazeEvent = {
    eventId: ownId ?? hashOf([
      evidence.channel,
      eventType,
      campaignId,
      dispatchId,
      sendId,
      scheduleId,
      canvasId,
      echoedLedgerId,
      echoedMatchId,
      echoedGeneration,
      echoedAttemptId,
      message.external_user_id,
      // Braze's own id distinguishes users without an external id.
      message.braze_id,
      message.device_id,
      ownTime?.toISOString() ?? null,
    ]),
    claim: ownTime !== null ? null : ownId !== null || isReferring ? "strong" : "weak",
    externalUserId: message.external_user_id,
    brazeUserId: message.braze_id,
    deviceId: message.device_id,
    evidence,
  };
  return { ok: true, event };
}

function hashOf(parts: readonly (string | number | null)[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
