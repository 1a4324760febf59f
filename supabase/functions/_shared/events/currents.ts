/**
 * Events of Braze Currents: `{ event_type, id, time, user: {…}, properties: {…} }`.
 *
 * Over HTTP the ids are nested as above; in exported files the same fields lie flat. Both are read.
 * Source: Braze docs, "Custom HTTP connector" and "Message engagement events".
 */
import { z } from "zod";
import { isRecord, readJson } from "../text/exact_json.ts";
import type { Channel } from "../attribution/evidence.ts";
import type { BrazeEvent, ReadEvent } from "./event.ts";
import * as fields from "./fields.ts";
import { mergeFields } from "./merge_fields.ts";
import { issueLine } from "./zod_errors.ts";

/** Where Braze renders a preview or a test, it has no dispatch yet and says so. */
export const TEST_DISPATCH_ID = "dispatch_id_for_unsent_campaign";

/** A Map, since an object would also answer to "constructor". */
const CHANNELS = new Map<string, Channel>([
  ["pushnotification", "push"],
  ["webhook", "webhook"],
  ["email", "email"],
  ["sms", "sms"],
  ["inappmessage", "in_app"],
  ["contentcard", "content_card"],
]);
/** When a person opens or clicks is no evidence of when the message was sent. */
const SENDING = ["send", "bounce", "abort", "delivery", "retry", "failure"];

const MESSAGE_EVENT = /^users\.messages\.([a-z]+)\.([A-Za-z]+)$/;

/** What may stand outside (in exported files), in `user` or in `properties`. */
const NAMED = [
  ["external_user_id"],
  ["device_id"],
  ["campaign_id"],
  ["dispatch_id"],
  ["send_id"],
  ["message_extras"],
] as const;

const Echo = z.object({
  match_id: fields.matchId,
  ledger_id: fields.ledgerId,
  generation: fields.generation,
}).partial();

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
  const gathered = mergeFields([raw, raw.user, raw.properties].filter(isRecord), NAMED);
  if (!gathered.ok) return gathered;
  // Its own id, type and time stand outside; nothing inside may take their place.
  const { event_type, id, time } = raw;
  const parsed = CurrentsEvent.safeParse({ ...gathered.said, event_type, id, time });
  if (!parsed.success) return { ok: false, reason: issueLine("Currents event", parsed.error) };

  const said = parsed.data;
  const [, channelName = "", eventName = ""] = MESSAGE_EVENT.exec(said.event_type) ?? [];
  const eventType = eventName.toLowerCase();
  const echo = readEcho(said.message_extras);
  const isTest = said.dispatch_id === TEST_DISPATCH_ID;
  const event: BrazeEvent = {
    eventId: said.id,
    claim: null,
    externalUserId: said.external_user_id,
    deviceId: said.device_id,
    evidence: {
      eventType,
      channel: CHANNELS.get(channelName) ?? "other",
      sentAt: said.time,
      timeIsSendTime: SENDING.includes(eventType),
      isTest,
      campaignId: said.campaign_id,
      ledgerId: echo.ledger_id ?? null,
      matchId: echo.match_id ?? null,
      generation: echo.generation ?? null,
      scheduleId: null,
      dispatchId: isTest ? null : said.dispatch_id,
      sendId: said.send_id,
    },
    raw,
  };
  return { ok: true, event };
}

/** `message_extras` is a JSON string of strings; Braze cuts it off past 1,000 bytes. */
function readEcho(extras: unknown): z.infer<typeof Echo> {
  if (typeof extras !== "string") return Echo.safeParse(extras).data ?? {};
  const read = readJson(extras);
  return read.ok ? Echo.safeParse(read.value).data ?? {} : {};
}
