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

/** Ids that may be at the top level (exported files), in `user` or in `properties`. */
const ID_FIELDS = [
  "external_user_id",
  "user_id",
  "device_id",
  "campaign_id",
  "canvas_id",
  "dispatch_id",
  "send_id",
] as const;
type Ids = Readonly<Record<typeof ID_FIELDS[number], string | null>>;
const NESTED_FIELDS = [...ID_FIELDS, "message_extras"].map((name) => [name] as const);

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

function readAny(raw: Record<string, unknown>, receivedAt: Date): ReadEvent {
  const merged = mergeFields([raw, raw.user, raw.properties].filter(isRecord), NESTED_FIELDS);
  if (!merged.ok) return merged;
  // Id, type and time are read from the top level only.
  const { event_type, id, time } = raw;
  const parsed = CurrentsEvent.safeParse({ ...merged.fields, event_type, id, time });
  if (!parsed.success) return { ok: false, reason: issueLine("Currents event", parsed.error) };

  const message = parsed.data;
  const extras = readMessageExtras(message.message_extras);
  if (!extras.ok) return extras;
  // The schema has checked the form of the kind.
  const kind = kindOf(message.event_type)!;
  return eventOf(message.id, message.time, kind, message, extras.echo, receivedAt);
}

function eventOf(
  eventId: string,
  sentAt: Date,
  kind: Kind,
  ids: Ids,
  echo: EchoFields,
  receivedAt: Date,
): ReadEvent {
  const event: BrazeEvent = {
    eventId,
    claim: null,
    externalUserId: ids.external_user_id,
    brazeUserId: ids.user_id,
    deviceId: ids.device_id,
    evidence: {
      ...kind,
      sentAt,
      receivedAt,
      campaignId: ids.campaign_id,
      canvasId: ids.canvas_id,
      ...echo,
      scheduleId: null,
      dispatchId: ids.dispatch_id,
      sendId: ids.send_id,
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
  const ids = onlyIds(objects);
  const extras = onlyText("message_extras", objects, EXTRAS_CHARACTERS_MAX);
  if (kind === null || ids === null || extras === undefined) return null;
  const echo = kept(echoes, extras ?? "", echoOf);
  if (echo === null) return null;
  return eventOf(id, new Date(time * 1_000), kind, ids, echo, receivedAt);
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

/** null when one of them is unusual. */
function onlyIds(objects: readonly Readonly<Record<string, unknown>>[]): Ids | null {
  const ids: Partial<Record<typeof ID_FIELDS[number], string | null>> = {};
  for (const name of ID_FIELDS) {
    const id = onlyText(name, objects);
    if (id === undefined) return null;
    ids[name] = id;
  }
  return ids as Ids;
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
