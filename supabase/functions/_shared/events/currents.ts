/**
 * Events of Braze Currents: `{ event_type, id, time, user: {…}, properties: {…} }`.
 *
 * Over HTTP the ids are nested as above; in exported files the same fields are flat. Both forms are read.
 * Source: Braze docs, "Custom HTTP connector" and "Message engagement events".
 */
import { z } from "zod";
import { isRecord, readJson } from "../text/exact_json.ts";
import type { Channel } from "../attribution/evidence.ts";
import type { BrazeEvent, ReadEvent } from "./event.ts";
import * as fields from "./fields.ts";
import { mergeFields } from "./merge_fields.ts";
import { issueLine } from "./zod_errors.ts";

/** Braze sends this dispatch id for previews and test sends. */
export const TEST_DISPATCH_ID = "dispatch_id_for_unsent_campaign";

/** A Map, because an object also has inherited keys such as "constructor". */
const CHANNELS = new Map<string, Channel>([
  ["pushnotification", "push"],
  ["webhook", "webhook"],
  ["email", "email"],
  ["sms", "sms"],
  ["inappmessage", "in_app"],
  ["contentcard", "content_card"],
]);
/** Event types whose time is close to the send time; opens and clicks are not. */
const SENDING = ["send", "bounce", "abort", "delivery", "retry", "failure"];

const MESSAGE_EVENT = /^users\.messages\.([a-z]+)\.([A-Za-z]+)$/;

/** Fields that may be at the top level (exported files), in `user` or in `properties`. */
const NESTED_FIELDS = [
  ["external_user_id"],
  ["device_id"],
  ["campaign_id"],
  ["dispatch_id"],
  ["send_id"],
  ["message_extras"],
] as const;

const Echo = z.object(fields.echo).partial();

const CurrentsEvent = z.object({
  event_type: z.string().regex(MESSAGE_EVENT, "must be users.messages.<channel>.<Event>"),
  id: z.string().min(1).max(fields.ID_CHARACTERS_MAX),
  time: fields.unixTime,
  external_user_id: fields.userId,
  device_id: fields.identifier,
  campaign_id: fields.identifier,
  dispatch_id: fields.identifier,
  send_id: fields.identifier,
  message_extras: z.unknown().optional(),
});

export function isCurrentsEvent(value: Record<string, unknown>): boolean {
  return typeof value.event_type === "string" && value.event_type.startsWith("users.");
}

export function readCurrentsEvent(raw: Record<string, unknown>): ReadEvent {
  const merged = mergeFields([raw, raw.user, raw.properties].filter(isRecord), NESTED_FIELDS);
  if (!merged.ok) return merged;
  // Id, type and time are read from the top level only.
  const { event_type, id, time } = raw;
  const parsed = CurrentsEvent.safeParse({ ...merged.fields, event_type, id, time });
  if (!parsed.success) return { ok: false, reason: issueLine("Currents event", parsed.error) };

  const message = parsed.data;
  const [, channelName = "", eventName = ""] = MESSAGE_EVENT.exec(message.event_type) ?? [];
  const eventType = eventName.toLowerCase();
  const echo = readEcho(message.message_extras);
  const isTest = message.dispatch_id === TEST_DISPATCH_ID;
  const event: BrazeEvent = {
    eventId: message.id,
    claim: null,
    externalUserId: message.external_user_id,
    deviceId: message.device_id,
    evidence: {
      eventType,
      channel: CHANNELS.get(channelName) ?? "other",
      sentAt: message.time,
      timeIsSendTime: SENDING.includes(eventType),
      isTest,
      campaignId: message.campaign_id,
      ledgerId: echo.ledger_id ?? null,
      matchId: echo.match_id ?? null,
      generation: echo.generation ?? null,
      scheduleId: null,
      dispatchId: isTest ? null : message.dispatch_id,
      sendId: message.send_id,
    },
    raw,
  };
  return { ok: true, event };
}

/** `message_extras` is a JSON object of strings, as text; Braze truncates it after 1,000 bytes. */
function readEcho(extras: unknown): z.infer<typeof Echo> {
  if (typeof extras !== "string") return Echo.safeParse(extras).data ?? {};
  const read = readJson(extras);
  return read.ok ? Echo.safeParse(read.value).data ?? {} : {};
}
