/**
 * Messages of Braze's webhook channel, in the body that our template gives them, and the flat shape of other
 * senders: `{ external_user_id, dispatch_id, send_id, sent_at, trigger_properties: { match_id } }`.
 *
 * Such a body brings neither an id nor, mostly, a time, and Braze repeats it after a lost answer. So its id is
 * a hash over what tells it from any other message, and its time that of its first telling.
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
  match_id: fields.matchId,
  ledger_id: fields.ledgerId,
  generation: fields.generation,
}).partial();

/** What the flat shape has in its trigger properties, and others outside; and one thing that goes by two names. */
const ECHOED = [["match_id"], ["ledger_id"], ["generation"]] as const;
const SCHEDULE = [["schedule_id", "braze_schedule_id"]] as const;

/** What must be there for a body to be a message at all. */
const NAMING = [
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
  const parsed = Body.safeParse({ ...raw, ...echo.said, ...schedule.said });
  if (!parsed.success) return { ok: false, reason: issueLine("Webhook message", parsed.error) };
  if (!NAMING.some((name) => name in raw)) {
    return {
      ok: false,
      reason: `Webhook message must hold one of ${NAMING.join(", ")}, got ${
        truncate(Object.keys(raw).slice(0, 10).join(", ")) || "nothing"
      }`,
    };
  }

  const said = parsed.data;
  const isTemplate = said.event_type === TEMPLATE_EVENT_TYPE;
  const isTest = said.dispatch_id === TEST_DISPATCH_ID;
  const evidence = {
    eventType: isTemplate ? "send" : said.event_type ?? "send",
    channel: isTemplate ? "webhook" as const : "push" as const,
    sentAt: said.sent_at ?? receivedAt,
    timeIsSendTime: said.sent_at != null && said.event_type !== "open",
    isTest,
    campaignId: said.campaign_id ?? null,
    ledgerId: said.ledger_id ?? null,
    matchId: said.match_id ?? null,
    generation: said.generation ?? null,
    scheduleId: said.schedule_id ?? null,
    dispatchId: isTest ? null : said.dispatch_id ?? null,
    sendId: said.send_id ?? null,
  };
  const ownId = said.event_id ?? said.id ?? null;
  const deviceId = said.device_id ?? null;
  const externalUserId = said.external_user_id ?? null;
  const namesItsSend = [
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
      // Users that we never named are told apart by Braze's own name for them.
      said.braze_id ?? null,
      deviceId,
      said.sent_at?.toISOString() ?? null,
    ]),
    claim: said.sent_at != null ? null : ownId !== null || namesItsSend ? "strong" : "weak",
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
