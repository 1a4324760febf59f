/**
 * Braze as documented: scheduling, sending and reporting the sends.
 *
 * Pure: the time is an argument, randomness comes from the seed, and it uses no network. The caller asks for the
 * deliveries that are due (`nextDueAt`, `due`) and reports their outcome (`report`). It likewise makes the requests of
 * templates (`takeLookupRequests`, `receiveLookup`).
 */
import { Prng } from "../lib/prng.ts";
import { Agenda } from "./agenda.ts";
import { Campaign, type CampaignState } from "./campaign.ts";
import { ConnectedContent, type Content, type LookupRequest } from "./connected_content.ts";
import { DispatchIds } from "./dispatch_ids.ts";
import { Faults } from "./faults.ts";
import { Limits } from "./limits.ts";
import { Neighbours } from "./neighbours.ts";
import { type Delivery, Outbox } from "./outbox.ts";
import type { Outcome } from "./retries.ts";
import { Schedules } from "./schedules.ts";
import { Sender } from "./sends.ts";
import { Switchboard, type SwitchesPatch } from "./switches.ts";
import { GroundTruth } from "./ground_truth.ts";
import { type TeamWeight, UserBase } from "./users.ts";

export interface ModelOptions {
  readonly seed: number;
  readonly campaignId: string;
  readonly users: {
    readonly count: number;
    readonly seed: number;
    readonly teams: readonly TeamWeight[];
  };
  readonly switches?: SwitchesPatch;
}

export interface Segment {
  readonly id: string;
  readonly name: string;
  readonly team: string;
}

export class BrazeModel {
  readonly switchboard: Switchboard;
  readonly users: UserBase;
  readonly campaign: Campaign;
  readonly segments: readonly Segment[];
  readonly schedules: Schedules;
  readonly groundTruth = new GroundTruth();
  readonly neighbours: Neighbours;
  readonly limits = new Limits();
  readonly faults: Faults;
  readonly sendIds = new Set<string>();
  readonly #content = new ConnectedContent();
  readonly #agenda = new Agenda();
  readonly #outbox: Outbox;
  readonly #prng: Prng;

  constructor({ seed, campaignId, users, switches }: ModelOptions) {
    const prng = new Prng(seed);
    this.#prng = prng.fork("model");
    this.switchboard = new Switchboard(switches);
    this.faults = new Faults(this.switchboard, prng);
    this.users = new UserBase(users);
    this.campaign = new Campaign(campaignId, seed);
    this.segments = users.teams.map(({ value }) => ({
      id: prng.fork(`segments/${value}`).uuid(),
      name: `Team: ${value}`,
      team: value,
    }));
    this.#outbox = new Outbox(prng, this.#agenda, this.switchboard, this.campaign);
    const dispatchIds = new DispatchIds();
    this.neighbours = new Neighbours(
      prng,
      this.#agenda,
      this.users,
      this.switchboard,
      this.#outbox,
      dispatchIds,
    );
    const sender = new Sender(
      prng,
      this.users,
      this.campaign,
      this.switchboard,
      this.groundTruth,
      this.#outbox,
      this.#content,
      dispatchIds,
    );
    this.schedules = new Schedules(
      prng,
      this.#agenda,
      this.switchboard,
      users.count,
      (schedule, at, includes) => sender.send(schedule, at, includes),
    );
  }

  /** When `due` next has something to do. */
  nextDueAt(): Date | undefined {
    const dueMs = this.#agenda.nextDueMs();
    return dueMs === undefined ? undefined : new Date(dueMs);
  }

  /** Runs the sends that are due by `now`, and returns the deliveries to post. */
  due(now: Date): Delivery[] {
    this.#agenda.runUntil(now.getTime());
    return this.#outbox.takeDue();
  }

  /** Reports the outcome of a delivery; Braze's rules decide whether it is retried. */
  report(deliveryId: string, outcome: Outcome, now: Date): void {
    this.#outbox.report(deliveryId, outcome, now);
  }

  /** The requests that templates make before they send; the caller passes each answer to `receiveLookup`. */
  takeLookupRequests(): LookupRequest[] {
    return this.#content.takeRequests();
  }

  receiveLookup(requestId: string, content: Content, now: Date): void {
    this.#content.receive(requestId, content, now);
  }

  segmentOf(team: string): Segment | undefined {
    return this.segments.find((segment) => segment.team === team);
  }

  setCampaignState(state: CampaignState, now: Date): void {
    this.campaign.setState(state, now);
    this.schedules.followCampaign(state, now);
  }

  makeSendId(): string {
    return this.#prng.hex(24);
  }
}
