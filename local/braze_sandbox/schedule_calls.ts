/** /campaigns/trigger/schedule/{create,update,delete} and /sends/id/create. */
import { type Answer, type Call, parseTime, refusal, success } from "./answer.ts";
import { parseAudience } from "./audience.ts";
import type { Allowance } from "./limits.ts";
import type { BrazeModel } from "./model.ts";
import type { Recipient, Schedule, Target, TriggerProperties } from "./schedules.ts";
import { isRecord } from "./wire.ts";

const RECIPIENTS_MAX = 50;
const TRIGGER_PROPERTIES_BYTES_MAX = 50 * 1_024;
const SEND_ID = /^[\x20-\x7e]{1,64}$/;

const UNKNOWN_CAMPAIGN = "Cannot find a campaign for the given campaign_id";

/** A create for an audience is metered per audience; one for named users takes from the pool. */
export function meterCreate(model: BrazeModel, { body }: Call, now: Date): Allowance {
  return body["recipients"] === undefined
    ? model.limits.takeBroadcast(String(body["campaign_id"]), body["audience"], now)
    : model.limits.takePool(now);
}

export function createSchedule(model: BrazeModel, { body }: Call, now: Date): Answer {
  const switches = model.switchboard.current;
  if (body["campaign_id"] !== model.campaign.id) return refusal(400, UNKNOWN_CAMPAIGN);
  const stopped = STOPPED[model.campaign.state];
  if (stopped !== undefined && switches.onStoppedCampaign === "refuse") {
    return refusal(400, stopped);
  }

  const time = readTime(body["schedule"]);
  if (!time.ok) return time.answer;
  if (time.at < now && switches.onPastTime === "refuse") {
    return refusal(400, "The schedule time must be in the future");
  }

  const properties = body["trigger_properties"] ?? {};
  if (!isRecord(properties)) return refusal(400, "trigger_properties must be an object");
  if (bytesOf(properties) > TRIGGER_PROPERTIES_BYTES_MAX) {
    return refusal(400, "trigger_properties must be at most 50 KB");
  }

  const sendId = body["send_id"];
  if (sendId !== undefined && typeof sendId !== "string") {
    return refusal(400, "send_id must be a string");
  }
  const isSendIdKnown = sendId !== undefined && model.sendIds.has(sendId);
  if (sendId !== undefined && !isSendIdKnown && switches.onUnknownSendId === "refuse") {
    return refusal(400, "send_id must be created before it is used");
  }

  const target = readTarget(model, body, properties);
  if (!target.ok) return target.answer;

  const schedule = model.schedules.create({
    origin: "api",
    target: target.target,
    triggerProperties: properties,
    // Braze makes a send id of its own for broadcasts that name none.
    sendId: isSendIdKnown ? sendId : target.target.kind === "audience" ? model.makeSendId() : null,
    sendAt: time.at,
  }, now);
  return success(201, {
    ...(switches.createAnswersDispatchId ? { dispatch_id: schedule.answeredDispatchId } : {}),
    ...(switches.createAnswersSendId && schedule.sendId !== null
      ? { send_id: schedule.sendId }
      : {}),
    schedule_id: schedule.id,
  });
}

export function updateSchedule(model: BrazeModel, { body }: Call, now: Date): Answer {
  const found = findSchedule(model, body, model.switchboard.current.onUpdateMissing);
  if (!found.ok) return found.answer;
  const time = readTime(body["schedule"]);
  if (!time.ok) return time.answer;
  if (time.at < now && model.switchboard.current.onPastTime === "refuse") {
    return refusal(400, "The schedule time must be in the future");
  }
  model.schedules.move(found.schedule, time.at, now);
  return success(201);
}

export function deleteSchedule(model: BrazeModel, { body }: Call, now: Date): Answer {
  const found = findSchedule(model, body, model.switchboard.current.onDeleteMissing);
  if (!found.ok) return found.answer;
  model.schedules.end(found.schedule, "deleted", now);
  return success(201);
}

export function createSendId(model: BrazeModel, { body }: Call): Answer {
  if (body["campaign_id"] !== model.campaign.id) return refusal(400, UNKNOWN_CAMPAIGN);
  const sendId = body["send_id"] ?? model.makeSendId();
  if (typeof sendId !== "string" || !SEND_ID.test(sendId)) {
    return refusal(400, "send_id must be at most 64 ASCII characters");
  }
  model.sendIds.add(sendId);
  return success(201, { send_id: sendId });
}

const STOPPED: Readonly<Record<string, string>> = {
  archived:
    "The campaign is archived. Unarchive the campaign in order for trigger requests to take effect.",
  stopped:
    "The campaign is paused. Resume the campaign in order for trigger requests to take effect.",
  draft:
    "The campaign is a draft. Launch the campaign in order for trigger requests to take effect.",
};

type Fields = Readonly<Record<string, unknown>>;

function findSchedule(
  model: BrazeModel,
  body: Fields,
  onMissing: "refuse" | "accept",
): { ok: true; schedule: Schedule } | { ok: false; answer: Answer } {
  if (body["campaign_id"] !== model.campaign.id) {
    return { ok: false, answer: refusal(400, UNKNOWN_CAMPAIGN) };
  }
  const id = body["schedule_id"];
  if (typeof id !== "string") {
    return { ok: false, answer: refusal(400, "schedule_id must be a string") };
  }
  const schedule = model.schedules.changeable(id);
  if (schedule !== undefined) return { ok: true, schedule };
  return {
    ok: false,
    answer: onMissing === "accept"
      ? success(201)
      : refusal(400, "Cannot find a scheduled message for the given schedule_id"),
  };
}

function readTime(schedule: unknown): { ok: true; at: Date } | { ok: false; answer: Answer } {
  const fields = isRecord(schedule) ? schedule : {};
  if (fields["in_local_time"] === true || fields["at_optimal_time"] === true) {
    return {
      ok: false,
      answer: refusal(400, "in_local_time and at_optimal_time are not part of this sandbox"),
    };
  }
  const at = parseTime(fields["time"]);
  return at === undefined
    ? { ok: false, answer: refusal(400, "Cannot parse send_at datetime") }
    : { ok: true, at };
}

function readTarget(
  model: BrazeModel,
  body: Fields,
  properties: TriggerProperties,
): { ok: true; target: Target } | { ok: false; answer: Answer } {
  const refused = (message: string) => ({ ok: false as const, answer: refusal(400, message) });
  const { recipients, audience, broadcast = false } = body;
  if (typeof broadcast !== "boolean") return refused("broadcast must be true or false");

  if (recipients !== undefined) {
    if (!Array.isArray(recipients) || !recipients.every(isRecord)) {
      return refused("recipients must be a list of objects");
    }
    if (broadcast) return refused("broadcast cannot be combined with recipients");
    if (recipients.length === 0) return refused("No recipients were given");
    if (recipients.length > RECIPIENTS_MAX) return refused("At most 50 recipients are allowed");
    return {
      ok: true,
      target: { kind: "recipients", recipients: resolve(model, recipients, properties) },
    };
  }

  if (audience !== undefined) {
    if (!broadcast && model.switchboard.current.audienceNeedsBroadcast) {
      return refused("broadcast must be true when no recipients are given");
    }
    const parsed = parseAudience(audience);
    return parsed.ok
      ? { ok: true, target: { kind: "audience", matches: parsed.matches } }
      : refused(parsed.reason);
  }

  if (!broadcast) return refused("No recipients were given");
  return { ok: true, target: { kind: "audience", matches: () => true } };
}

/** Of several entries for one user the last one counts; unknown ids are skipped. */
function resolve(
  model: BrazeModel,
  recipients: readonly Fields[],
  properties: TriggerProperties,
): Recipient[] {
  const byUser = new Map<number, Recipient>();
  for (const fields of recipients) {
    const user = model.users.find(String(fields["external_user_id"] ?? fields["braze_id"]));
    if (user === undefined) continue;
    const own = isRecord(fields["trigger_properties"]) ? fields["trigger_properties"] : {};
    byUser.set(user.index, { user, triggerProperties: { ...properties, ...own } });
  }
  return [...byUser.values()];
}

function bytesOf(value: unknown): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
