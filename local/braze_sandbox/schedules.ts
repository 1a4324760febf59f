/** The schedules of the campaign: what each request asked for, when it is due, and its state. */
import type { Prng } from "../lib/prng.ts";
import type { Agenda } from "./agenda.ts";
import type { Predicate } from "./parsed_audience.ts";
import type { CampaignState } from "./campaign.ts";
import type { Switchboard } from "./switches.ts";
import type { User } from "./users.ts";

export type TriggerProperties = Readonly<Record<string, unknown>>;

export interface Recipient {
  readonly user: User;
  /** The schedule's properties, overridden by the recipient's own. */
  readonly triggerProperties: TriggerProperties;
}

/** The recipients of a schedule: named users, or all users who match at send time. */
export type Target =
  | { readonly kind: "recipients"; readonly recipients: readonly Recipient[] }
  | { readonly kind: "audience"; readonly matches: Predicate };

export type ScheduleState =
  | "scheduled"
  | "sent"
  /** Ended through the API. */
  | "deleted"
  /** Ended by a person in the dashboard. */
  | "cancelled"
  /** Ended because its campaign was stopped. */
  | "stopped";

export interface ScheduleOrder {
  /** `other_suite`: a copy of the suite that uses our campaign. `neighbour`: another campaign, or a Canvas. */
  readonly origin: "api" | "dashboard" | "other_suite" | "neighbour";
  readonly target: Target;
  readonly triggerProperties: TriggerProperties;
  readonly sendId: string | null;
  readonly sendAt: Date;
}

export interface Schedule extends ScheduleOrder {
  readonly id: string;
  /** The dispatch id in the answer of the create call. */
  readonly answeredDispatchId: string;
  /** The first dispatch id of its send. */
  readonly dispatchId: string;
  readonly createdAt: Date;
  sendAt: Date;
  /** Each time it was planned for, and since when. */
  readonly times: { readonly sendAt: Date; readonly since: Date }[];
  state: ScheduleState;
  /** When it left the state `scheduled`. */
  endedAt: Date | null;
  /** Goes up with every move and every end, which invalidates work planned before. */
  revision: number;
}

/** Sends to the users for whom `includes` holds. */
export type SendWork = (schedule: Schedule, at: Date, includes: (user: User) => boolean) => void;

const everyone = () => true;

export class Schedules {
  readonly #byId = new Map<string, Schedule>();
  readonly #prng: Prng;

  constructor(
    prng: Prng,
    readonly agenda: Agenda,
    readonly switchboard: Switchboard,
    readonly userCount: number,
    readonly send: SendWork,
  ) {
    this.#prng = prng.fork("schedules");
  }

  get all(): readonly Schedule[] {
    return [...this.#byId.values()];
  }

  /** Only a schedule that is still to be sent can be changed. */
  changeable(id: string): Schedule | undefined {
    const schedule = this.#byId.get(id);
    return schedule?.state === "scheduled" ? schedule : undefined;
  }

  find(id: string): Schedule | undefined {
    return this.#byId.get(id);
  }

  /** What waits to be sent at a moment that may be past, with the time for which it was planned then. */
  pendingAt(moment: Date): { readonly schedule: Schedule; readonly sendAt: Date }[] {
    return this.all.flatMap((schedule) => {
      const planned = schedule.times.findLast(({ since }) => since <= moment);
      const isEnded = schedule.endedAt !== null && schedule.endedAt <= moment;
      return planned === undefined || isEnded ? [] : [{ schedule, sendAt: planned.sendAt }];
    });
  }

  create(order: ScheduleOrder, now: Date): Schedule {
    const dispatchId = this.#prng.hex(32);
    const later = this.#prng.hex(32);
    const schedule: Schedule = {
      ...order,
      id: this.#prng.uuid(),
      answeredDispatchId: dispatchId,
      dispatchId: this.switchboard.current.dispatchIdKept ? dispatchId : later,
      createdAt: now,
      times: [{ sendAt: order.sendAt, since: now }],
      state: "scheduled",
      endedAt: null,
      revision: 0,
    };
    this.#byId.set(schedule.id, schedule);
    this.#plan(schedule, now, everyone);
    return schedule;
  }

  move(schedule: Schedule, sendAt: Date, now: Date): void {
    const keepsOldPush = this.#sendOldPush(schedule, now);
    schedule.sendAt = sendAt;
    schedule.times.push({ sendAt, since: now });
    schedule.revision++;
    this.#plan(schedule, now, (user) => !keepsOldPush(user));
  }

  end(schedule: Schedule, state: "deleted" | "cancelled" | "stopped", now: Date): void {
    this.#sendOldPush(schedule, now);
    schedule.state = state;
    schedule.endedAt = now;
    schedule.revision++;
  }

  /** Stopping a campaign cancels its queued schedules; a switch decides whether they return on resume. */
  followCampaign(state: CampaignState, now: Date): void {
    for (const schedule of this.#byId.values()) {
      if (state !== "enabled" && schedule.state === "scheduled") {
        this.end(schedule, "stopped", now);
      } else if (
        state === "enabled" && schedule.state === "stopped" && schedule.sendAt > now &&
        this.switchboard.current.schedulesReturnOnResume
      ) {
        this.comeBack(schedule, now);
      }
    }
  }

  /** A schedule that had ended is there again, for the time that it had. */
  comeBack(schedule: Schedule, now: Date): void {
    schedule.state = "scheduled";
    schedule.endedAt = null;
    this.#plan(schedule, now, everyone);
  }

  #plan(schedule: Schedule, now: Date, includes: (user: User) => boolean): void {
    const { revision } = schedule;
    this.agenda.plan(Math.max(schedule.sendAt.getTime(), now.getTime()), (dueMs) => {
      if (schedule.revision !== revision || schedule.state !== "scheduled") return;
      const at = new Date(dueMs);
      this.send(schedule, at, includes);
      schedule.endedAt = at;
    });
  }

  /**
   * A change close to the send is best effort: some users still get the push as it was planned before. Returns whether
   * a user is one of them.
   */
  #sendOldPush(schedule: Schedule, now: Date): (user: User) => boolean {
    const { nearSendSeconds, nearSendSurvivalProbability } = this.switchboard.current;
    const leadMs = schedule.sendAt.getTime() - now.getTime();
    if (leadMs >= nearSendSeconds * 1_000) return () => false;

    const coins = this.#prng.fork(`${schedule.id}/${schedule.revision}`);
    const kept = Uint8Array.from(
      { length: this.userCount },
      () => coins.chance(nearSendSurvivalProbability) ? 1 : 0,
    );
    const isKept = (user: User) => kept[user.index] === 1;
    const before = { ...schedule };
    this.agenda.plan(
      before.sendAt.getTime(),
      (dueMs) => this.send(before, new Date(dueMs), isKept),
    );
    return isKept;
  }
}
