/** Derives the schedule that a match should have in Braze, independent of its current one. Pure. */
import { createHash } from "node:crypto";
import { addMilliseconds, isBefore, startOfSecond, subMilliseconds } from "date-fns";
import { matchAudience } from "../braze/audience.ts";
import { writeInstant } from "../braze/instants.ts";
import type { CreateScheduleBody } from "../braze/schemas.ts";
import { canonicalJson } from "../text/canonical_json.ts";
import type { Environment } from "../runtime/config.ts";
import type { ExpectedCount } from "../store/journal.ts";
import type { Fixture, Team } from "../store/planning.ts";

const MINUTE_MS = 60_000;
const REPLACED_WITHIN_MS = 30 * MINUTE_MS;
const TEXT_CHANGED_WITHIN_MS = 45 * MINUTE_MS;

export interface IntentSettings
  extends Pick<Environment, "teamAttributes" | "sendLeadMs" | "sendGate"> {
  readonly campaignId: string;
  readonly broadcast: boolean;
}

export interface PlanSettings extends IntentSettings, Pick<Environment, "freezeMs" | "horizonMs"> {
  /** The campaigns whose messages verifiably ask the send gate, and abort without its permission. */
  readonly closedGates: ReadonlySet<string>;
}

export function planSettings(environment: Environment): PlanSettings {
  const { teamAttributes, sendLeadMs, sendGate, freezeMs, horizonMs } = environment;
  return {
    campaignId: environment.brazeCampaignId,
    broadcast: environment.brazeBroadcast,
    teamAttributes,
    sendLeadMs,
    sendGate,
    freezeMs,
    horizonMs,
    closedGates: new Set(),
  };
}

export type Unwanted =
  | "match_postponed"
  | "match_cancelled"
  | "match_finished"
  | "no_audience"
  | "unknown_team";

export interface Wanted {
  readonly wanted: true;
  readonly sendAt: Date;
  readonly request: CreateScheduleBody;
  readonly signature: string;
  readonly expected: ExpectedCount;
}

export type Intent = Wanted | { readonly wanted: false; readonly reason: Unwanted };

export function intentFor(
  fixture: Fixture,
  teams: ReadonlyMap<string, Team>,
  settings: IntentSettings,
): Intent {
  if (fixture.status !== "scheduled") {
    return { wanted: false, reason: `match_${fixture.status}` };
  }
  const playing = [fixture.homeTeam, fixture.awayTeam].map((name) => teams.get(name));
  const audience = playing.flatMap((team) => team?.notify ? [team] : []);
  if (audience.length === 0) {
    const reason = playing.includes(undefined) ? "unknown_team" : "no_audience";
    return { wanted: false, reason };
  }

  // Braze stores whole seconds: a fraction would look like a move on every run.
  const sendAt = startOfSecond(subMilliseconds(fixture.kickoffAt, settings.sendLeadMs));
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
  };
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
