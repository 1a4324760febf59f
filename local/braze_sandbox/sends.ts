/** What happens at send time: who gets a push, on which devices, and which events report it. */
import type { Prng } from "../lib/prng.ts";
import type { Campaign } from "./campaign.ts";
import { type ConnectedContent, isAborted } from "./connected_content.ts";
import type { Outbox } from "./outbox.ts";
import type { Recipient, Schedule } from "./schedules.ts";
import type { Switchboard, Switches } from "./switches.ts";
import type { AbortType, Carried, DeliveryKind, EventType, GroundTruth } from "./ground_truth.ts";
import type { Device, User, UserBase } from "./users.ts";

/** Opens come no sooner than this after their send. */
const OPEN_DELAY_SECONDS_MIN = 20;

const ABORT = "users.messages.pushnotification.Abort";

export class Sender {
  readonly #prng: Prng;
  #sends = 0;
  /** The dispatch ids of what went out in the last second in which anything did. */
  #recent: { second: number; dispatchIds: string[] } = { second: -1, dispatchIds: [] };

  constructor(
    prng: Prng,
    readonly users: UserBase,
    readonly campaign: Campaign,
    readonly switchboard: Switchboard,
    readonly groundTruth: GroundTruth,
    readonly outbox: Outbox,
    readonly content: ConnectedContent,
  ) {
    this.#prng = prng.fork("sends");
  }

  send(schedule: Schedule, at: Date, includes: (user: User) => boolean): void {
    if (this.campaign.state !== "enabled") {
      schedule.state = "stopped";
      return;
    }
    if (schedule.state === "scheduled") schedule.state = "sent";
    this.campaign.noteSend(at);

    const switches = this.switchboard.current;
    const prng = this.#prng.fork(`${this.#sends++}/${schedule.id}`);
    const second = Math.floor(at.getTime() / 1_000);
    const dispatchIdFor = this.#dispatchIds(schedule, second, switches, prng.fork("dispatch"));
    const one = new OneSend(this, schedule, switches, prng);
    const deliver = (isTurnedAway: boolean) => {
      for (const recipient of this.#recipients(schedule, at)) {
        if (!includes(recipient.user)) continue;
        const time = second + prng.below(switches.sendSpreadSeconds + 1);
        if (isTurnedAway) one.abort(recipient, dispatchIdFor(), time);
        else one.reach(recipient, dispatchIdFor(), time);
      }
    };
    const { sendGate } = switches;
    if (sendGate === "off") return deliver(false);
    // Each user's message asks the same address, so the first answer is used for all.
    const token = String(schedule.triggerProperties["send_gate_token"] ?? "");
    this.content.ask(token, at, (content) => deliver(isAborted(sendGate, content)));
  }

  *#recipients({ target, triggerProperties }: Schedule, at: Date): Iterable<Recipient> {
    if (target.kind === "recipients") return yield* target.recipients;
    for (const user of this.users.all) {
      if (target.matches(user, at)) yield { user, triggerProperties };
    }
  }

  /** One or several dispatch ids for the send, and sometimes that of a concurrent send. */
  #dispatchIds(
    schedule: Schedule,
    second: number,
    { dispatchIdsPerSchedule, sharedDispatchProbability }: Switches,
    prng: Prng,
  ): () => string {
    if (this.#recent.second !== second) this.#recent = { second, dispatchIds: [] };
    const neighbours = [...this.#recent.dispatchIds];
    const own = new Map([[0, schedule.dispatchId]]);
    const ownAt = (index: number) => {
      const id = own.get(index) ?? prng.hex(32);
      own.set(index, id);
      return id;
    };
    this.#recent.dispatchIds.push(schedule.dispatchId);
    return () => {
      if (neighbours.length > 0 && prng.chance(sharedDispatchProbability)) {
        return neighbours[prng.below(neighbours.length)]!;
      }
      return ownAt(dispatchIdsPerSchedule === 1 ? 0 : prng.below(dispatchIdsPerSchedule));
    };
  }
}

class OneSend {
  readonly #carried: Carried;

  constructor(
    readonly sender: Sender,
    readonly schedule: Schedule,
    readonly switches: Switches,
    readonly prng: Prng,
  ) {
    const isSilent = prng.fork("silent").chance(switches.silentSendProbability);
    this.#carried = {
      dispatchId: switches.eventsCarryDispatchId && !isSilent,
      sendId: switches.eventsCarrySendId && !isSilent,
      echo: switches.eventsCarryEcho && !isSilent,
    };
  }

  /** Neither the push nor the webhook message goes out; only the push has an event. */
  abort(recipient: Recipient, dispatchId: string, time: number): void {
    if (!recipient.user.pushEnabled) return;
    this.#report(ABORT, recipient, null, dispatchId, time, "liquid_abort_message");
  }

  reach(recipient: Recipient, dispatchId: string, time: number): void {
    const { prng, switches } = this;
    if (recipient.user.pushEnabled) {
      // A cap counts per user and dispatch: one abort for any number of devices.
      if (prng.chance(switches.abortProbability)) {
        this.#report(ABORT, recipient, null, dispatchId, time, "frequency_capped");
      } else {
        for (const device of recipient.user.devices) {
          this.#push(recipient, device, dispatchId, time);
        }
      }
    }
    if (switches.webhook.enabled) {
      this.#report("campaign.webhook", recipient, null, dispatchId, time);
    }
  }

  #push(recipient: Recipient, device: Device, dispatchId: string, time: number): void {
    const { prng, switches } = this;
    this.#report("users.messages.pushnotification.Send", recipient, device, dispatchId, time);
    if (prng.chance(switches.bounceProbability)) {
      this.#report("users.messages.pushnotification.Bounce", recipient, device, dispatchId, time);
    } else if (prng.chance(switches.openProbability)) {
      const delay = OPEN_DELAY_SECONDS_MIN + prng.below(switches.openDelaySecondsMax + 1);
      const opened = time + delay;
      this.#report("users.messages.pushnotification.Open", recipient, device, dispatchId, opened);
    }
  }

  #report(
    type: EventType,
    { user, triggerProperties }: Recipient,
    device: Device | null,
    dispatchId: string,
    time: number,
    abortType: AbortType | null = null,
  ): void {
    const kind: DeliveryKind = type === "campaign.webhook" ? "webhook" : "currents";
    const entry = {
      id: this.prng.uuid(),
      kind,
      type,
      schedule: this.schedule,
      triggerProperties,
      user,
      device,
      dispatchId,
      time: time + this.switches.clockSkewSeconds,
      carried: this.#carried,
      abortType,
      lost: false,
      acknowledged: 0,
      dropped: null,
    };
    this.sender.groundTruth.add(entry);
    this.sender.outbox.put(entry, time, this.prng);
  }
}
