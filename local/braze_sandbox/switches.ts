/**
 * The sandbox's switches: behaviour that Braze does not document, and faults.
 *
 * The defaults are Braze's documented behaviour, or a cautious assumption where it is undocumented.
 */
import { z } from "zod";
import { SEND_GATES } from "./connected_content.ts";
import { FaultRule } from "./fault_rule.ts";
import { isRecord, snakeCased, toCamelCase, toSnakeCase } from "./wire.ts";

const probability = z.number().min(0).max(1);
const seconds = z.int().min(0);
const refusal = z.enum(["refuse", "accept"]);

const delivery = {
  enabled: z.boolean(),
  /** An event is never delivered; the ground truth marks it as lost. */
  lossProbability: probability,
  /** An event is delivered once more, later. */
  duplicateProbability: probability,
  /** Each event is delayed by 0 to this many seconds. */
  delaySecondsMax: seconds,
  /** Shuffles events that are delivered together; otherwise they are in order of time. */
  reorder: z.boolean(),
};

const SwitchesSchema = z.strictObject({
  listingMode: z.enum(["per_campaign", "per_schedule", "omit"]),
  /** How old the state is that the listing shows. */
  listingLagSeconds: seconds,
  /** The most entries of our campaign that the listing shows; null: all. */
  listingMax: seconds.nullable(),
  /** `another`: the entries are those of another campaign, as for a wrong key or workspace. */
  listingCampaign: z.enum(["ours", "another"]),
  /** `none`: `next_send_time` as Braze writes a time that is local to each user. */
  listingTimeZone: z.enum(["utc", "none"]),

  /** How update and delete answer for a schedule that is unknown, deleted or sent. */
  onUpdateMissing: refusal,
  onDeleteMissing: refusal,
  onUnknownSendId: refusal,
  onStoppedCampaign: refusal,
  onPastTime: z.enum(["send_now", "refuse"]),
  audienceNeedsBroadcast: z.boolean(),

  createAnswersDispatchId: z.boolean(),
  createAnswersSendId: z.boolean(),
  /** Events carry the dispatch id of the create answer. */
  dispatchIdKept: z.boolean(),
  dispatchIdsPerSchedule: z.int().min(1),
  /** A user gets the dispatch id of another send of the same second, which may be of another campaign. */
  sharedDispatchProbability: probability,
  eventsCarryDispatchId: z.boolean(),
  eventsCarrySendId: z.boolean(),
  eventsCarryEcho: z.boolean(),
  /** None of a send's messages carries ids or echoes. */
  silentSendProbability: probability,
  /** An event is dated hours ahead. */
  datedAheadProbability: probability,

  /** A change this close to the send takes effect for only some users. */
  nearSendSeconds: seconds,
  nearSendSurvivalProbability: probability,
  schedulesReturnOnResume: z.boolean(),

  /** Whether the templates ask the send gate, and what they do without an answer. */
  sendGate: z.enum(SEND_GATES),

  /** How far Braze's clock, in event times, is ahead of ours; negative if it is behind. */
  clockSkewSeconds: z.int().min(-300).max(300),
  sendSpreadSeconds: seconds,
  abortProbability: probability,
  bounceProbability: probability,
  openProbability: probability,
  openDelaySecondsMax: seconds,
  statisticsLagSeconds: seconds,

  /** `waitSeconds`: the length of the windows whose events are delivered together. */
  currents: z.strictObject({ ...delivery, waitSeconds: seconds }),
  webhook: z.strictObject(delivery),

  faults: z.array(FaultRule),
});
export type Switches = Readonly<z.infer<typeof SwitchesSchema>>;
export type SwitchesPatch = {
  readonly [K in keyof Switches]?: K extends "currents" | "webhook" ? Partial<Switches[K]>
    : K extends "faults" ? readonly z.input<typeof FaultRule>[]
    : Switches[K];
};

const DEFAULTS: Switches = {
  listingMode: "per_campaign",
  listingLagSeconds: 0,
  listingMax: null,
  listingCampaign: "ours",
  listingTimeZone: "utc",
  onUpdateMissing: "refuse",
  onDeleteMissing: "refuse",
  onUnknownSendId: "refuse",
  onStoppedCampaign: "refuse",
  onPastTime: "send_now",
  audienceNeedsBroadcast: false,
  createAnswersDispatchId: true,
  createAnswersSendId: false,
  dispatchIdKept: true,
  dispatchIdsPerSchedule: 1,
  sharedDispatchProbability: 0,
  eventsCarryDispatchId: true,
  eventsCarrySendId: true,
  eventsCarryEcho: true,
  silentSendProbability: 0,
  datedAheadProbability: 0,
  nearSendSeconds: 0,
  nearSendSurvivalProbability: 0.5,
  schedulesReturnOnResume: false,
  sendGate: "off",
  clockSkewSeconds: 0,
  sendSpreadSeconds: 90,
  abortProbability: 0.01,
  bounceProbability: 0.005,
  openProbability: 0.04,
  openDelaySecondsMax: 3_600,
  statisticsLagSeconds: 0,
  currents: {
    enabled: true,
    lossProbability: 0,
    duplicateProbability: 0.01,
    delaySecondsMax: 0,
    reorder: true,
    waitSeconds: 60,
  },
  webhook: {
    enabled: false,
    lossProbability: 0,
    duplicateProbability: 0.01,
    delaySecondsMax: 0,
    reorder: true,
  },
  faults: [],
};

export type PatchResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly issues: readonly string[] };

export class Switchboard {
  #current: Switches;

  constructor(patch: SwitchesPatch = {}) {
    this.#current = SwitchesSchema.parse(merged(DEFAULTS, patch));
  }

  get current(): Switches {
    return this.#current;
  }

  set(patch: SwitchesPatch): void {
    this.#current = SwitchesSchema.parse(merged(this.#current, patch));
  }

  /** Sets switches from a request body with snake_case keys; returns errors as text. */
  setFromWire(body: unknown): PatchResult {
    if (!isRecord(body)) return { ok: false, issues: ["body: must be an object of switches"] };
    const result = SwitchesSchema.safeParse(merged(this.#current, toCamelCase(body)));
    if (!result.success) return { ok: false, issues: result.error.issues.map(issueLine) };
    this.#current = result.data;
    return { ok: true };
  }

  toWire(): unknown {
    return toSnakeCase(this.#current);
  }
}

/** Merges groups key by key, so that one switch of a group can be set alone; replaces lists. */
function merged(base: unknown, patch: unknown): unknown {
  if (!isRecord(base) || !isRecord(patch)) return patch;
  const out: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) out[key] = merged(base[key], value);
  return out;
}

function issueLine(issue: z.core.$ZodIssue): string {
  return `${issue.path.map((part) => snakeCased(String(part))).join(".") || "body"}: ${
    snakeCased(issue.message)
  }`;
}
