/** Finds what looks wrong with a fixture itself, whatever becomes of its schedule. Pure. */
import { addMilliseconds, isAfter, isBefore } from "date-fns";
import { type Intent, type PlanSettings, sendTimeOf } from "../_shared/scheduling/intent.ts";
import { currentOf } from "../_shared/scheduling/schedule.ts";
import type { Alert } from "../_shared/store/alerts_and_logs.ts";
import type { Fixture, Team } from "../_shared/store/planning.ts";
import { nearestName } from "./names.ts";
import * as alerts from "./plan_alerts.ts";
import { replacedParts } from "./reused_id.ts";

const HOUR_MS = 3_600_000;
/** A match that will get no push unless somebody acts is told this long before its send, … */
const TOLD_BEFORE_MS = 24 * HOUR_MS;
/** … and is critical from here on. */
const CRITICAL_BEFORE_MS = 3 * HOUR_MS;

export function fixtureAlerts(
  fixture: Fixture,
  intent: Intent,
  teams: ReadonlyMap<string, Team>,
  settings: PlanSettings,
  now: Date,
): Alert[] {
  if (intent.wanted === false) return [];
  const sendAt = sendTimeOf(fixture, settings);
  const isBeforeSend = (ms: number) => !isBefore(now, addMilliseconds(sendAt, -ms));
  const isSent = fixture.ledger?.status === "sent";
  const severity = isBeforeSend(CRITICAL_BEFORE_MS) && !isSent ? "critical" : "warning";
  const replaced = replacedParts(fixture, teams);

  const unknown = [fixture.homeTeam, fixture.awayTeam].filter((name) => !teams.has(name));
  const found = unknown.map((name) =>
    alerts.unknownTeam(
      fixture,
      name,
      nearestName(name, teams.keys()),
      // While one team is known, the match has its push.
      intent.wanted === null && !hasSchedule(fixture) ? severity : "warning",
    )
  );
  if (replaced.length > 0) found.push(alerts.matchIdReused(fixture, replaced));
  if (intent.wanted === null && intent.reason === "properties_too_large" && !isSent) {
    found.push(alerts.propertiesTooLarge(fixture, sendAt, hasSchedule(fixture)));
  }
  if (intent.wanted === null && intent.reason === "kickoff_unconfirmed" && !isSent) {
    const isKept = hasSchedule(fixture);
    if (isKept || isBeforeSend(TOLD_BEFORE_MS)) {
      found.push(alerts.kickoffUnconfirmed(fixture, sendAt, isKept, severity));
    }
  }
  const isOpen = fixture.kickoffConfirmed && isAfter(fixture.kickoffAt, now) && !isSent;
  if (isOpen && isMidnight(fixture.kickoffAt, settings.fixturesTimeZone)) {
    found.push(alerts.kickoffAtMidnight(fixture, settings.fixturesTimeZone));
  }
  return found;
}

/** Braze has a schedule of the match, or may have one. */
function hasSchedule({ ledger }: Fixture): boolean {
  if (ledger?.status !== "pending") return false;
  const state = currentOf(ledger)?.state;
  return state !== undefined && state !== "failed" && state !== "deleted";
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** A feed that knows the day and not the time often says 00:00. */
function isMidnight(time: Date, timeZone: string): boolean {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", { timeZone, timeStyle: "medium" });
    formats.set(timeZone, format);
  }
  return format.format(time) === "00:00:00";
}
