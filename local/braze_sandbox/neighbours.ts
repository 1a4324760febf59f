/**
 * What else the workspace sends: Canvases and other campaigns, such as those of a second suite. Currents has one connector
 * for the whole workspace, so their events reach our receiver, too.
 *
 * They have a ground truth of their own: neither our campaign's list nor its statistics know them.
 */
import type { Prng } from "../lib/prng.ts";
import type { Agenda } from "./agenda.ts";
import { type DatedAhead, datedAhead } from "./dated_ahead.ts";
import type { DispatchIds } from "./dispatch_ids.ts";
import {
  GroundTruth,
  type GroundTruthEntry,
  type Neighbour,
  type PushEventType,
} from "./ground_truth.ts";
import type { Outbox } from "./outbox.ts";
import type { Schedule } from "./schedules.ts";
import type { Switchboard, Switches } from "./switches.ts";
import type { Device, User, UserBase } from "./users.ts";

const OPEN_DELAY_SECONDS_MIN = 20;

export interface NeighbourOrder {
  readonly neighbour: Neighbour;
  readonly sendAt: Date;
  readonly sendId: string | null;
  /** What its own template renders as extras; null: none. */
  readonly extras: Readonly<Record<string, string>> | null;
  readonly includes: (user: User) => boolean;
}

export class Neighbours {
  readonly groundTruth = new GroundTruth();
  readonly #prng: Prng;
  #sends = 0;

  constructor(
    prng: Prng,
    readonly agenda: Agenda,
    readonly users: UserBase,
    readonly switchboard: Switchboard,
    readonly outbox: Outbox,
    readonly dispatchIds: DispatchIds,
  ) {
    this.#prng = prng.fork("neighbours");
  }

  plan(order: NeighbourOrder, now: Date): void {
    const prng = this.#prng.fork(String(this.#sends++));
    const dispatchId = prng.hex(32);
    const send: Schedule = {
      id: prng.uuid(),
      origin: "neighbour",
      target: { kind: "audience", matches: order.includes },
      triggerProperties: order.extras ?? {},
      sendId: order.sendId,
      sendAt: order.sendAt,
      answeredDispatchId: dispatchId,
      dispatchId,
      createdAt: now,
      times: [{ sendAt: order.sendAt, since: now }],
      state: "scheduled",
      endedAt: null,
      revision: 0,
    };
    this.agenda.plan(order.sendAt.getTime(), (dueMs) => {
      send.state = "sent";
      send.endedAt = new Date(dueMs);
      this.#send(order, send, Math.floor(dueMs / 1_000), prng);
    });
  }

  #send(
    { neighbour, extras, includes }: NeighbourOrder,
    send: Schedule,
    second: number,
    prng: Prng,
  ) {
    const switches = this.switchboard.current;
    const dispatchIdFor = this.dispatchIds
      .forSend(send.dispatchId, second, switches, prng.fork("dispatch"));
    const ahead = datedAhead(switches, prng);
    const reported = { send, neighbour, hasExtras: extras !== null, switches, prng, ahead };
    for (const user of this.users.all) {
      if (!user.pushEnabled || !includes(user)) continue;
      const time = second + prng.below(switches.sendSpreadSeconds + 1);
      for (const device of user.devices) {
        const one = { ...reported, user, device, dispatchId: dispatchIdFor() };
        this.#report(one, "users.messages.pushnotification.Send", time);
        if (!prng.chance(switches.openProbability)) continue;
        const delay = OPEN_DELAY_SECONDS_MIN + prng.below(switches.openDelaySecondsMax + 1);
        this.#report(one, "users.messages.pushnotification.Open", time + delay);
      }
    }
  }

  #report(
    { send, neighbour, hasExtras, switches, prng, ahead, user, device, dispatchId }: {
      readonly send: Schedule;
      readonly neighbour: Neighbour;
      readonly hasExtras: boolean;
      readonly switches: Switches;
      readonly prng: Prng;
      readonly ahead: DatedAhead;
      readonly user: User;
      readonly device: Device;
      readonly dispatchId: string;
    },
    type: PushEventType,
    time: number,
  ): void {
    const entry: GroundTruthEntry = {
      id: prng.uuid(),
      kind: "currents",
      type,
      neighbour,
      schedule: send,
      triggerProperties: send.triggerProperties,
      user,
      device,
      dispatchId,
      time: time + switches.clockSkewSeconds,
      aheadSeconds: ahead(),
      carried: { dispatchId: switches.eventsCarryDispatchId, sendId: true, echo: hasExtras },
      abortType: null,
      lost: false,
      acknowledged: 0,
      dropped: null,
    };
    this.groundTruth.add(entry);
    this.outbox.put(entry, time, prng);
  }
}
