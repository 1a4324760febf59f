/** What happens at send time: who gets a push, on which devices, and which events report it. */
import type { Prng } from "../lib/prng.ts";
import type { Campaign } from "./campaign.ts";
import { type ConnectedContent, isAborted } from "./connected_content.ts";
import { type DatedAhead, datedAhead } from "./dated_ahead.ts";
import type { DispatchIds } from "./dispatch_ids.ts";
import type { Outbox } from "./outbox.ts";
import type { Recipient, Schedule } from "./schedules.ts";
import type { Switchboard, Switches } from "./switches.ts";
import type { AbortType, Carried, DeliveryKind, EventType, GroundTruth } from "./ground_truth.ts";
import type { Device, User, UserBase } from "./users.ts";

/** The shortest time between a send and its open. */
const OPEN_DELAY_SECONDS_MIN = 20;

const ABORT = "users.messages.pushnotification.Abort";

export class Sender {
  readonly #prng: Prng;
  #sends = 0;

  constructor(
    prng: Prng,
    readonly users: UserBase,
    readonly campaign: Campaign,
    readonly switchboard: Switchboard,
    readonly groundTruth: GroundTruth,
    readonly outbox: Outbox,
    readonly content: ConnectedContent,
    readonly dispatchIds: DispatchIds,
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
    const dispatchIdFor = this.dispatchIds
      .forSend(schedule.dispatchId, second, switches, prng.fork("dispatch"));
    const one = new OneSend(this, schedule, switches, prng);
    const deliver = (isGateClosed: boolean) => {
      for (const recipient of this.#recipients(schedule, at)) {
        if (!includes(recipient.user)) continue;
        const time = second + prng.below(switches.sendSpreadSeconds + 1);
        if (isGateClosed) one.abort(recipient, dispatchIdFor(), time);
        else one.reach(recipient, dispatchIdFor(), time);
      }
    };
    const { sendGate } = switches;
    if (sendGate === "off") return deliver(false);
    // All users' messages request the same address, so the first answer is cached for the rest.
    const token = String(schedule.triggerProperties["send_gate_token"] ?? "");
    this.content.request(token, at, (content) => deliver(isAborted(sendGate, content)));
  }

  *#recipients({ target, triggerProperties }: Schedule, at: Date): Iterable<Recipient> {
    if (target.kind === "recipients") return yield* target.recipients;
    for (const user of this.users.all) {
      if (target.matches(user, at)) yield { user, triggerProperties };
    }
  }
}

class OneSend {
  readonly #carried: Carried;
  readonly #ahead: DatedAhead;

  constructor(
    readonly sender: Sender,
    readonly schedule: Schedule,
    readonly switches: Switches,
    readonly prng: Prng,
  ) {
    const isSilent = prng.fork("silent").chance(switches.silentSendProbability);
    this.#ahead = datedAhead(switches, prng);
    this.#carried = {
      dispatchId: switches.eventsCarryDispatchId && !isSilent,
      sendId: switches.eventsCarrySendId && !isSilent,
      echo: switches.eventsCarryEcho && !isSilent,
    };
  }

  /** Sends neither the push nor the webhook message; only the push has an Abort event. */
  abort(recipient: Recipient, dispatchId: string, time: number): void {
    if (!recipient.user.pushEnabled) return;
    this.#record(ABORT, recipient, null, dispatchId, time, "liquid_abort_message");
  }

  reach(recipient: Recipient, dispatchId: string, time: number): void {
    const { prng, switches } = this;
    if (recipient.user.pushEnabled) {
      // The frequency cap counts per user and dispatch: one abort, regardless of the number of devices.
      if (prng.chance(switches.abortProbability)) {
        this.#record(ABORT, recipient, null, dispatchId, time, "frequency_capped");
      } else {
        for (const device of recipient.user.devices) {
          this.#push(recipient, device, dispatchId, time);
        }
      }
    }
    if (switches.webhook.enabled) {
      this.#record("campaign.webhook", recipient, null, dispatchId, time);
    }
  }

  #push(recipient: Recipient, device: Device, dispatchId: string, time: number): void {
    const { prng, switches } = this;
    this.#record("users.messages.pushnotification.Send", recipient, device, dispatchId, time);
    if (prng.chance(switches.bounceProbability)) {
      this.#record("users.messages.pushnotification.Bounce", recipient, device, dispatchId, time);
    } else if (prng.chance(switches.openProbability)) {
      const delay = OPEN_DELAY_SECONDS_MIN + prng.below(switches.openDelaySecondsMax + 1);
      const opened = time + delay;
      this.#record("users.messages.pushnotification.Open", recipient, device, dispatchId, opened);
    }
  }

  #record(
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
      neighbour: null,
      schedule: this.schedule,
      triggerProperties,
      user,
      device,
      dispatchId,
      time: time + this.switches.clockSkewSeconds,
      aheadSeconds: this.#ahead(),
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
