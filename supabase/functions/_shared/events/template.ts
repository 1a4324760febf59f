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
import { TEST_DISPATCH_ID } from "./currents.ts";
import type { BrazeEvent, ReadEvent } from "./event.ts";
import * as fields from "./fields.ts";
import { mergeFields } from "./merge_fields.ts";
import { issueLine } from "./zod_errors.ts";

const TEMPLATE_EVENT_TYPE = "campaign.webhook";
const FLAT_EVENT_TYPES = ["send", "open", "bounce", "abort"];

const Body = z.object({
  event_type: z.preprocess(
    (value) => value ?? "send",
    z.enum([TEMPLATE_EVENT_TYPE, ...FLAT_EVENT_TYPES]),
  ),
  id: fields.identifier,
  event_id: fields.identifier,
  sent_at: z.preprocess((value) => value === "" ? null : value, fields.isoTime.nullish()),
  external_user_id: fields.userId,
  braze_id: fields.identifier,
  device_id: fields.identifier,
  campaign_id: fields.identifier,
  dispatch_id: fields.identifier,
  send_id: fields.identifier,
  schedule_id: fields.identifier,
  ...fields.echo,
}).partial();

/** Fields that are in `trigger_properties` in the flat shape and at the top level otherwise. */
const ECHOED = [["match_id"], ["ledger_id"], ["generation"]] as const;
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
  const echo = mergeFields([raw, raw.trigger_properties].filter(isRecord), ECHOED);
  if (!echo.ok) return echo;
  const schedule = mergeFields([raw], SCHEDULE);
  if (!schedule.ok) return schedule;
  const parsed = Body.safeParse({ ...raw, ...echo.fields, ...schedule.fields });
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
  const isTest = message.dispatch_id === TEST_DISPATCH_ID;
  const evidence = {
    eventType: isTemplate ? "send" : message.event_type ?? "send",
    channel: isTemplate ? "webhook" as const : "push" as const,
    sentAt: message.sent_at ?? receivedAt,
    timeIsSendTime: message.sent_at != null && message.event_type !== "open",
    isTest,
    campaignId: message.campaign_id ?? null,
    ledgerId: message.ledger_id ?? null,
    matchId: message.match_id ?? null,
    generation: message.generation ?? null,
    scheduleId: message.schedule_id ?? null,
    dispatchId: isTest ? null : message.dispatch_id ?? null,
    sendId: message.send_id ?? null,
  };
  const ownId = message.event_id ?? message.id ?? null;
  const deviceId = message.device_id ?? null;
  const externalUserId = message.external_user_id ?? null;
  const hasSendReference = [
    evidence.ledgerId,
    evidence.matchId,
    evidence.dispatchId,
    evidence.sendId,
    evidence.scheduleId,
  ].some((name) => name !== null);

  const event: BrazeEvent = {
    eventId: ownId ?? hashOf([
      evidence.channel,
      evidence.eventType,
      evidence.campaignId,
      evidence.dispatchId,
      evidence.sendId,
      evidence.scheduleId,
      evidence.ledgerId,
      evidence.matchId,
      evidence.generation,
      externalUserId,
      // Braze's own id distinguishes users without an external id.
      message.braze_id ?? null,
      deviceId,
      message.sent_at?.toISOString() ?? null,
    ]),
    claim: message.sent_at != null ? null : ownId !== null || hasSendReference ? "strong" : "weak",
    externalUserId,
    deviceId,
    evidence,
    raw,
  };
  return { ok: true, event };
}

function hashOf(parts: readonly (string | number | null)[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
