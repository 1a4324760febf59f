/**
 * Events of Braze Currents: `{ event_type, id, time, user: {…}, properties: {…} }`.
 *
 * Over HTTP the ids are nested as above; in exported files the same fields are flat. Both forms are read.
 * Source: Braze docs, "Custom HTTP connector" and "Message engagement events".
 */
import { z } from "zod";
import { isRecord } from "../text/exact_json.ts";
import type { Channel, TimeKind } from "../attribution/evidence.ts";
import type { BrazeEvent, ReadEvent } from "./event.ts";
import { type EchoFields, readMessageExtras } from "./echo_fields.ts";
import * as fields from "./fields.ts";
import { mergeFields } from "./merge_fields.ts";
import { issueLine } from "./zod_errors.ts";

/** A Map, because an object also has inherited keys such as "constructor". */
const CHANNELS = new Map<string, Channel>([
  ["pushnotification", "push"],
  ["webhook", "webhook"],
  ["email", "email"],
  ["sms", "sms"],
  ["inappmessage", "in_app"],
  ["contentcard", "content_card"],
]);

export const MESSAGE_EVENT = /^users\.messages\.([a-z]+)\.([A-Za-z]+)$/;

/** Fields that may be at the top level (exported files), in `user` or in `properties`. */
const NESTED_FIELDS = [
  ["external_user_id"],
  ["user_id"],
  ["device_id"],
  ["campaign_id"],
  ["canvas_id"],
  ["dispatch_id"],
  ["send_id"],
  ["message_extras"],
] as const;

const CurrentsEvent = z.object({
  event_type: z.string().regex(MESSAGE_EVENT, "must be users.messages.<channel>.<Event>"),
  id: z.string().min(1).max(fields.ID_CHARACTERS_MAX),
  time: fields.unixTime,
  external_user_id: fields.userId,
  user_id: fields.userId,
  device_id: fields.identifier,
  campaign_id: fields.identifier,
  canvas_id: fields.identifier,
  dispatch_id: fields.identifier,
  send_id: fields.identifier,
  message_extras: z.unknown().optional(),
});

export function isCurrentsEvent(value: Record<string, unknown>): boolean {
  return typeof value.event_type === "string" && value.event_type.startsWith("users.");
}

export function readCurrentsEvent(raw: Record<string, unknown>, receivedAt: Date): ReadEvent {
  return readUsual(raw, receivedAt) ?? readAny(raw, receivedAt);
}

function readAny(
  raw: Record<string, unknown>,
  receivedAt: Date,
): ReadEvent {
  const merged = mergeFields([raw, raw.user, raw.properties].filter(isRecord), NESTED_FIELDS);
  if (!merged.ok) return merged;
  // Id, type and time are read from the top level only.
  const { event_type, id, time } = raw;
  const parsed = CurrentsEvent.safeParse({ ...merged.fields, event_type, id, time });
  if (!parsed.success) return { ok: false, reason: issueLine("Currents event", parsed.error) };

  const message = parsed.data;
  // The schema has checked its form.
  const kind = kindOf(message.event_type)!;
  const extras = readMessageExtras(message.message_extras);
  if (!extras.ok) return extras;
  const event: BrazeEvent = {
    eventId: message.id,
    claim: null,
    externalUserId: message.external_user_id,
    brazeUserId: message.user_id,
    deviceId: message.device_id,
    evidence: {
      ...kind,
      sentAt: message.time,
      receivedAt,
      campaignId: message.campaign_id,
      canvasId: message.canvas_id,
      ...extras.echo,
      scheduleId: null,
      dispatchId: message.dispatch_id,
      sendId: message.send_id,
    },
  };
  return { ok: true, event };
}

interface Kind {
  readonly eventType: string;
  readonly channel: Channel;
  readonly timeKind: TimeKind;
}

/** How many kinds and echoes are kept: the events of a matchday repeat few. */
const KEPT_MAX = 1_000;
const kinds = new Map<string, Kind | null>();
const echoes = new Map<string, EchoFields | null>();

/** The usual event, read without a schema; null when anything about it is unusual. */
function readUsual(raw: Record<string, unknown>, receivedAt: Date): ReadEvent | null {
  const { event_type, id, time, user, properties } = raw;
  if (
    typeof event_type !== "string" || typeof id !== "string" || typeof time !== "number" ||
    event_type.length > fields.ID_CHARACTERS_MAX || id.length === 0 ||
    id.length > fields.ID_CHARACTERS_MAX ||
    !(time >= USUAL_TIME_MIN && time < USUAL_TIME_MAX) || !isRecord(user) || !isRecord(properties)
  ) return null;
  const kind = kept(kinds, event_type, kindOf);
  const objects = [raw, user, properties];
  const externalUserId = onlyText("external_user_id", objects);
  const brazeUserId = onlyText("user_id", objects);
  const deviceId = onlyText("device_id", objects);
  const campaignId = onlyText("campaign_id", objects);
  const canvasId = onlyText("canvas_id", objects);
  const dispatchId = onlyText("dispatch_id", objects);
  const sendId = onlyText("send_id", objects);
  const extras = onlyText("message_extras", objects, EXTRAS_CHARACTERS_MAX);
  if (
    kind === null || externalUserId === undefined || brazeUserId === undefined ||
    deviceId === undefined || campaignId === undefined || canvasId === undefined ||
    dispatchId === undefined || sendId === undefined || extras === undefined
  ) return null;
  const echo = kept(echoes, extras ?? "", echoOf);
  if (echo === null) return null;
  return {
    ok: true,
    event: {
      eventId: id,
      claim: null,
      externalUserId,
      brazeUserId,
      deviceId,
      evidence: {
        ...kind,
        sentAt: new Date(time * 1_000),
        receivedAt,
        campaignId,
        canvasId,
        ...echo,
        scheduleId: null,
        dispatchId,
        sendId,
      },
    },
  };
}

const USUAL_TIME_MIN = Date.UTC(2000) / 1_000;
const USUAL_TIME_MAX = Date.UTC(2100) / 1_000;
/** Braze cuts message extras off after 1,000 bytes. */
const EXTRAS_CHARACTERS_MAX = 1_000;

function kindOf(name: string): Kind | null {
  const [, channelName = "", eventName] = MESSAGE_EVENT.exec(name) ?? [];
  if (eventName === undefined) return null;
  const eventType = eventName.toLowerCase();
  return {
    eventType,
    channel: CHANNELS.get(channelName) ?? "other",
    timeKind: eventType === "send" ? "send" : "occurrence",
  };
}

function echoOf(extras: string): EchoFields | null {
  const read = readMessageExtras(extras);
  return read.ok ? read.echo : null;
}

/** The text that one of the objects holds, null when none does, undefined when that is unusual. */
function onlyText(
  name: string,
  objects: readonly Readonly<Record<string, unknown>>[],
  charactersMax = fields.ID_CHARACTERS_MAX,
): string | null | undefined {
  let found: string | null = null;
  for (const object of objects) {
    const value = object[name];
    if (value === undefined || value === null || value === "") continue;
    if (found !== null || typeof value !== "string" || value.length > charactersMax) return;
    found = value;
  }
  return found;
}

function kept<Value>(
  known: Map<string, Value>,
  key: string,
  read: (key: string) => Value,
): Value {
  const value = known.get(key);
  if (value !== undefined) return value;
  const made = read(key);
  if (known.size >= KEPT_MAX) known.clear();
  known.set(key, made);
  return made;
}
