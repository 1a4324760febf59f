/**
 * What was really sent: one entry for each Currents event and webhook message.
 *
 * Tests compare the suite's data with it. Only the fields about the delivery (`lost`, `acknowledged`, `dropped`) depend
 * on the receiver.
 */
import type { Schedule, TriggerProperties } from "./schedules.ts";
import type { Device, User } from "./users.ts";

export type PushEventType =
  | "users.messages.pushnotification.Send"
  | "users.messages.pushnotification.Bounce"
  | "users.messages.pushnotification.Abort"
  | "users.messages.pushnotification.Open";
export type EventType = PushEventType | "campaign.webhook";
export type DeliveryKind = "currents" | "webhook";

/** Which identifiers the messages of one send carry: decided at send time, the same in every retry. */
export interface Carried {
  readonly dispatchId: boolean;
  readonly sendId: boolean;
  readonly echo: boolean;
}

export type AbortType = "frequency_capped" | "liquid_abort_message";

/** A sender of the workspace that is not our campaign. */
export interface Neighbour {
  readonly kind: "canvas" | "campaign";
  readonly id: string;
}

export interface GroundTruthEntry {
  /** The Currents event id; for a webhook message a name that is never transmitted. */
  readonly id: string;
  readonly kind: DeliveryKind;
  readonly type: EventType;
  /** Null: our campaign. */
  readonly neighbour: Neighbour | null;
  readonly schedule: Schedule;
  readonly triggerProperties: TriggerProperties;
  readonly user: User;
  readonly device: Device | null;
  readonly dispatchId: string;
  /** Whole UNIX seconds. */
  readonly time: number;
  /** How much later than `time` the event itself is dated. */
  readonly aheadSeconds: number;
  readonly carried: Carried;
  /** Why nothing was sent; null for anything but an Abort. */
  readonly abortType: AbortType | null;
  /** Put into no delivery. */
  lost: boolean;
  /** Deliveries that were answered with 2xx. */
  acknowledged: number;
  /** The last answer, if Braze gave up; null while it retries or after it succeeded. */
  dropped: number | "unreachable" | "timeout" | null;
}

/** The time that the event states, in UNIX seconds. */
export function statedTime({ time, aheadSeconds }: GroundTruthEntry): number {
  return time + aheadSeconds;
}

export class GroundTruth {
  readonly entries: GroundTruthEntry[] = [];
  readonly #bySchedule = new Map<string, GroundTruthEntry[]>();

  add(entry: GroundTruthEntry): void {
    this.entries.push(entry);
    const ofSchedule = this.#bySchedule.get(entry.schedule.id);
    if (ofSchedule === undefined) this.#bySchedule.set(entry.schedule.id, [entry]);
    else ofSchedule.push(entry);
  }

  of(scheduleId: string): readonly GroundTruthEntry[] {
    return this.#bySchedule.get(scheduleId) ?? [];
  }
}

export function groundTruthLine(entry: GroundTruthEntry): Record<string, unknown> {
  return {
    kind: entry.kind,
    event_id: entry.id,
    event_type: entry.type,
    ...ourProperties(entry.triggerProperties),
    schedule_id: entry.schedule.id,
    external_user_id: entry.user.externalId,
    device_id: entry.device?.id ?? null,
    dispatch_id: entry.dispatchId,
    send_id: entry.schedule.sendId,
    time: entry.time,
    lost: entry.lost,
    acknowledged: entry.acknowledged,
    dropped: entry.dropped,
  };
}

/** The ground truth of one schedule, as counts. */
export function summaryLine(schedule: Schedule, groundTruth: GroundTruth): Record<string, unknown> {
  const entries = groundTruth.of(schedule.id);
  const ofType = (type: EventType) => entries.filter((entry) => entry.type === type);
  const sends = ofType("users.messages.pushnotification.Send");
  return {
    schedule_id: schedule.id,
    ...ourProperties(schedule.triggerProperties),
    send_id: schedule.sendId,
    origin: schedule.origin,
    state: schedule.state,
    send_at: schedule.sendAt.toISOString(),
    created_at: schedule.createdAt.toISOString(),
    ended_at: schedule.endedAt?.toISOString() ?? null,
    dispatch_ids: [...new Set(entries.map((entry) => entry.dispatchId))],
    push_sends: sends.length,
    push_users: new Set(sends.map((entry) => entry.user.index)).size,
    bounces: ofType("users.messages.pushnotification.Bounce").length,
    aborts: ofType("users.messages.pushnotification.Abort").length,
    opens: ofType("users.messages.pushnotification.Open").length,
    webhook_messages: ofType("campaign.webhook").length,
    lost: entries.filter((entry) => entry.lost).length,
    acknowledged: entries.filter((entry) => entry.acknowledged > 0).length,
    dropped: entries.filter((entry) => entry.dropped !== null).length,
    waiting: entries.filter(isWaiting).length,
  };
}

/** Not lost, not given up, not yet acknowledged. */
export function isWaiting(entry: GroundTruthEntry): boolean {
  return !entry.lost && entry.dropped === null && entry.acknowledged === 0;
}

function ourProperties({ match_id, ledger_id, generation }: TriggerProperties) {
  return {
    match_id: match_id ?? null,
    ledger_id: ledger_id ?? null,
    generation: generation ?? null,
  };
}
