/**
 * Braze as documented: scheduling, sending and reporting the sends.
 *
 * Pure: the time is an argument, randomness comes from the seed, and it uses no network. The caller asks for the
 * deliveries that are due (`nextDueAt`, `due`) and reports their outcome (`report`). It likewise makes the requests of
 * templates (`takeLookupRequests`, `receiveLookup`).
 */
import { Prng } from "../lib/prng.ts";
import { Agenda } from "./agenda.ts";
import { type Answer, type Call, refusal } from "./answer.ts";
import { Campaign, type CampaignState } from "./campaign.ts";
import { ConnectedContent, type Content, type LookupRequest } from "./connected_content.ts";
import { Faults } from "./faults.ts";
import { type Allowance, Limits } from "./limits.ts";
import { type Delivery, Outbox } from "./outbox.ts";
import {
  campaignDetails,
  campaignSeries,
  listScheduled,
  listSegments,
  segmentDetails,
  segmentSeries,
  sendSeries,
} from "./report_calls.ts";
import type { Outcome } from "./retries.ts";
import {
  createSchedule,
  createSendId,
  deleteSchedule,
  meterCreate,
  updateSchedule,
} from "./schedule_calls.ts";
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

type Meter = (model: BrazeModel, call: Call, now: Date) => Allowance;
type Operation = (model: BrazeModel, call: Call, now: Date) => Answer;

const pool: Meter = ({ limits }, _call, now) => limits.takePool(now);
const series: Meter = ({ limits }, _call, now) => limits.takeCampaignSeries(now);
const sendIds: Meter = ({ limits }, _call, now) => limits.takeSendId(now);

const ENDPOINTS: Readonly<Record<string, readonly [Operation, Meter]>> = {
  "POST /campaigns/trigger/schedule/create": [createSchedule, meterCreate],
  "POST /campaigns/trigger/schedule/update": [updateSchedule, pool],
  "POST /campaigns/trigger/schedule/delete": [deleteSchedule, pool],
  "POST /sends/id/create": [createSendId, sendIds],
  "GET /messages/scheduled_broadcasts": [listScheduled, pool],
  "GET /campaigns/details": [campaignDetails, pool],
  "GET /campaigns/data_series": [campaignSeries, series],
  "GET /sends/data_series": [sendSeries, pool],
  "GET /segments/list": [listSegments, pool],
  "GET /segments/details": [segmentDetails, pool],
  "GET /segments/data_series": [segmentSeries, pool],
};

export class BrazeModel {
  readonly switchboard: Switchboard;
  readonly users: UserBase;
  readonly campaign: Campaign;
  readonly segments: readonly Segment[];
  readonly schedules: Schedules;
  readonly groundTruth = new GroundTruth();
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
    const sender = new Sender(
      prng,
      this.users,
      this.campaign,
      this.switchboard,
      this.groundTruth,
      this.#outbox,
      this.#content,
    );
    this.schedules = new Schedules(
      prng,
      this.#agenda,
      this.switchboard,
      users.count,
      (schedule, at, includes) => sender.send(schedule, at, includes),
    );
  }

  isEndpoint(method: string, path: string): boolean {
    return `${method} ${path}` in ENDPOINTS;
  }

  answer(call: Call, now: Date): Answer {
    const [operation, meter] = ENDPOINTS[`${call.method} ${call.path}`] ?? [];
    if (operation === undefined || meter === undefined) return refusal(404, "Invalid URL");
    const allowance = meter(this, call, now);
    const answer = allowance.allowed
      ? operation(this, call, now)
      : refusal(429, "Rate limit exceeded");
    return { ...answer, allowance };
  }

  /** When `due` next has work. */
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
