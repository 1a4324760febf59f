/** Derives the schedule that a match should have in Braze, independent of its current one. Pure. */
import { createHash } from "node:crypto";
import { addMilliseconds, isBefore, startOfSecond, subMilliseconds } from "date-fns";
import { matchAudience } from "../braze/audience.ts";
import { writeInstant } from "../braze/instants.ts";
import { ATTEMPT_TIMEOUT_MS } from "../braze/calls.ts";
import { type CreateScheduleBody, TRIGGER_PROPERTIES_BYTES_MAX } from "../braze/schemas.ts";
import { canonicalJson } from "../text/canonical_json.ts";
import type { Environment } from "../runtime/config.ts";
import type { ExpectedCount } from "../store/journal.ts";
import type { Fixture, Team } from "../store/planning.ts";

const MINUTE_MS = 60_000;
export const REPLACED_WITHIN_MS = 30 * MINUTE_MS;
const TEXT_CHANGED_WITHIN_MS = 45 * MINUTE_MS;

export interface IntentSettings
  extends Pick<Environment, "teamAttributes" | "sendLeadMs" | "sendGate"> {
  readonly campaignId: string;
  readonly broadcast: boolean;
}

export interface PlanSettings
  extends
    IntentSettings,
    Pick<Environment, "freezeMs" | "createLeadMs" | "horizonMs" | "fixturesTimeZone"> {
  /** The campaigns whose messages verifiably ask the send gate, and abort without its permission. */
  readonly closedGates: ReadonlySet<string>;
  /** Matches whose schedule Braze may have dropped, and whose turn it is to be replaced. */
  readonly doubted: ReadonlySet<number>;
}

export function planSettings(environment: Environment): PlanSettings {
  const { teamAttributes, sendLeadMs, sendGate, freezeMs, createLeadMs } = environment;
  return {
    campaignId: environment.brazeCampaignId,
    broadcast: environment.brazeBroadcast,
    teamAttributes,
    sendLeadMs,
    sendGate,
    freezeMs,
    createLeadMs,
    horizonMs: environment.horizonMs,
    fixturesTimeZone: environment.fixturesTimeZone,
    closedGates: new Set(),
    doubted: new Set(),
  };
}

/** Somebody said that no push is wanted. */
export type Unwanted =
  | "match_postponed"
  | "match_cancelled"
  | "match_finished"
  | "push_off"
  | "no_audience";

/** Information is missing, so no schedule can be made. That is no order: what exists stays. */
export type Undecided = "unknown_team" | "kickoff_unconfirmed" | "properties_too_large";

export interface Wanted {
  readonly wanted: true;
  readonly sendAt: Date;
  readonly request: CreateScheduleBody;
  readonly signature: string;
  readonly expected: ExpectedCount;
  /** Whether both teams are known. If not, the audience is too small for a schedule that exists. */
  readonly isComplete: boolean;
}

export interface Kept {
  readonly wanted: null;
  readonly reason: Undecided;
  /** When a push would be sent; null: not known. */
  readonly sendAt: Date | null;
}

export type Intent = Wanted | Kept | { readonly wanted: false; readonly reason: Unwanted };

/** `open_create` and the send gate add their ids and the token to the trigger properties. */
const ADDED_PROPERTIES_BYTES_MAX = 1_000;

export function intentFor(
  fixture: Fixture,
  teams: ReadonlyMap<string, Team>,
  settings: IntentSettings,
): Intent {
  if (fixture.status !== "scheduled") {
    return { wanted: false, reason: `match_${fixture.status}` };
  }
  if (!fixture.push) return { wanted: false, reason: "push_off" };
  if (!fixture.kickoffConfirmed) return kept("kickoff_unconfirmed", null);
  const sendAt = sendTimeOf(fixture, settings);
  const playing = [fixture.homeTeam, fixture.awayTeam].map((name) => teams.get(name));
  const isComplete = !playing.includes(undefined);
  const audience = playing.flatMap((team) => team?.notify ? [team] : []);
  if (audience.length === 0) {
    return isComplete ? { wanted: false, reason: "no_audience" } : kept("unknown_team", sendAt);
  }

  // Without the campaign: a schedule stays in the one in which it was created.
  const signedPart = {
    broadcast: settings.broadcast,
    audience: matchAudience(
      settings.teamAttributes,
      audience.map((team) => team.brazeAttributeValue),
    ),
    // Without the kick-off time: Braze can move a schedule but not change its properties.
    trigger_properties: {
      competition: fixture.competition,
      home_team: fixture.homeTeam,
      away_team: fixture.awayTeam,
      ...fixture.triggerProperties,
      match_id: String(fixture.matchId),
    },
  };
  if (bytesOf(signedPart.trigger_properties) > PROPERTIES_BYTES_MAX) {
    return kept("properties_too_large", sendAt);
  }
  // With the gate on, the template rejects a schedule without a token, so it must be created again.
  const signed = settings.sendGate === "off" ? signedPart : { ...signedPart, gated: true };
  return {
    wanted: true,
    sendAt,
    request: {
      campaign_id: settings.campaignId,
      ...signedPart,
      schedule: { time: writeInstant(sendAt) },
    },
    signature: createHash("sha256").update(canonicalJson(signed)).digest("hex"),
    expected: expectedCount(audience),
    isComplete,
  };
}

const PROPERTIES_BYTES_MAX = TRIGGER_PROPERTIES_BYTES_MAX - ADDED_PROPERTIES_BYTES_MAX;

function bytesOf(properties: unknown): number {
  return new TextEncoder().encode(JSON.stringify(properties)).length;
}

function kept(reason: Undecided, sendAt: Date | null): Kept {
  return { wanted: null, reason, sendAt };
}

/** Braze stores whole seconds: a fraction would look like a move on every run. */
export function sendTimeOf(
  { kickoffAt }: Pick<Fixture, "kickoffAt">,
  settings: { readonly sendLeadMs: number },
): Date {
  return startOfSecond(subMilliseconds(kickoffAt, settings.sendLeadMs));
}

/** Whether the send is within the freeze window or past. */
export function isFrozen(
  sendAt: Date,
  settings: { readonly freezeMs: number },
  now: Date,
): boolean {
  return isBefore(sendAt, addMilliseconds(now, settings.freezeMs));
}

/**
 * From here on, no first create of a match is begun: its last try could be answered less than CREATE_LEAD_MINUTES before
 * the send.
 */
export function firstCreateEndsAt(
  sendAt: Date,
  settings: { readonly createLeadMs: number },
): Date {
  return subMilliseconds(sendAt, settings.createLeadMs + ATTEMPT_TIMEOUT_MS);
}

/**
 * Whether too little time is left to replace a schedule. If the create fails, other runs must be able to repeat it before
 * the freeze window. The time is also longer than Braze may cache a response of the send gate.
 */
export function isTooLateToReplace(
  sendAt: Date,
  settings: { readonly freezeMs: number },
  now: Date,
): boolean {
  return isFrozen(sendAt, settings, addMilliseconds(now, REPLACED_WITHIN_MS));
}

/** A new text alone is never worth the risk so close to the send. */
export function isTooLateForText(
  sendAt: Date,
  settings: { readonly freezeMs: number },
  now: Date,
): boolean {
  return isTooLateToReplace(sendAt, settings, now) ||
    isBefore(sendAt, addMilliseconds(now, TEXT_CHANGED_WITHIN_MS));
}

/** A user who follows both teams gets one push, and the overlap is unknown: hence lower and upper bounds. */
function expectedCount(audience: readonly Team[]): ExpectedCount {
  const sizes = audience.flatMap(({ audienceSize }) => audienceSize === null ? [] : [audienceSize]);
  const sum = sizes.reduce((total, size) => total + size, 0);
  const isComplete = sizes.length === audience.length;
  return {
    count: isComplete ? sum : null,
    min: sizes.length === 0 ? null : Math.max(...sizes),
    max: isComplete ? sum : null,
    source: "teams.audience_size",
  };
}
