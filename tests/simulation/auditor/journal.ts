/** Checks that each change in Braze is in the journal with a valid reason, and that its schedules push no user twice. */
import { type GroundTruthEntry, statedTime } from "../../../local/braze_sandbox/ground_truth.ts";
import type { Schedule } from "../../../local/braze_sandbox/schedules.ts";
import { wasRevoked } from "./gate.ts";
import { addDays, addMinutes, isEqual, subSeconds } from "date-fns";
import { type RecordedCreate, type RecordedDelete, RUN_SECONDS_MAX } from "../recorder.ts";
import {
  at,
  type AuditContext,
  type Findings,
  generationOf,
  isMadeByHand,
  isOurs,
  isReportedWhole,
  matchOf,
  rowOf,
  SEND,
  wasAlerted,
} from "./context.ts";

const SEND_SECONDS_MAX = 600;
const SEND_LEAD_MINUTES = 60;
/** Braze takes no schedule that is further ahead. */
const FAR_DAYS = 90;
/** Properties that the suite adds to those of the fixture. */
const SUITES_OWN = ["competition", "match_id", "attempt_id"];

export function auditJournal(context: AuditContext, findings: Findings): void {
  for (const recorded of context.recorder.creates) {
    if (recorded.isJournalled) continue;
    const row = context.facts.ledger.find(({ id }) => id === recorded.ledgerId);
    findings.violate(
      "a create is journalled before its call",
      `match ${row?.match_id}, generation ${recorded.generation}, at ${at(recorded.at)}, is not`,
    );
  }
  for (const recorded of context.recorder.deletes) auditDelete(recorded, context, findings);
  for (const matchId of context.history.matchIds) auditDoublePush(matchId, context, findings);
  for (const run of context.facts.hanging) {
    findings.violate("a run that died is marked as lost", run);
  }
}

function auditDelete(recorded: RecordedDelete, context: AuditContext, findings: Findings): void {
  const { scheduleId, reasons, owner } = recorded;
  const details = `${scheduleId} at ${at(recorded.at)}, ${JSON.stringify(owner)}`;
  const [reason] = reasons;
  if (reason === undefined || reasons.length > 1) {
    findings.violate("a delete is journalled with one reason", `${details}: ${reasons}`);
    return;
  }
  const isCurrent = owner !== null && owner.generation === owner.currentGeneration &&
    owner.status !== "cancelled";
  if (reason !== "plan") {
    const schedule = context.model.schedules.find(scheduleId)!;
    if (reason === "operator" && !context.decided.deleted.has(scheduleId)) {
      findings.violate("a person's delete is one that a person asked for", details);
    }
    if (reason !== "operator" && !isOurs(schedule, context)) {
      findings.violate(
        "what the suite did not make is not deleted by itself",
        `${details} (${schedule.origin})`,
      );
    }
    if (isCurrent) findings.violate("a wanted schedule is not treated as unmanaged", details);
    return;
  }
  if (owner === null) {
    findings.violate("a planned delete is of our own schedule", details);
    return;
  }
  const asked = context.recorder.creates.find(({ ledgerId, generation }) => {
    const row = context.facts.ledger.find(({ id }) => id === ledgerId);
    return Number(row?.match_id) === owner.matchId && generation === owner.generation;
  });
  if (!isCurrent || hasCause(recorded, owner.matchId, asked, context)) return;
  findings.violate("a schedule is deleted only because a fixture says so", details);
}

/**
 * Whether something that is known asked for the delete: the fixture is off, the push has another text or audience, it is
 * due after the kick-off, or it is due at another time and Braze has refused to move it. A team without a row, or a kick-off
 * that is not confirmed, says nothing. A delete with an unknown outcome is repeated, since a recreate needs a certain delete.
 */
function hasCause(
  { askedFrom, at: deletedAt, scheduleId }: RecordedDelete,
  matchId: number,
  asked: RecordedCreate | undefined,
  context: AuditContext,
): boolean {
  const { history, model, recorder } = context;
  // What is held is deleted until somebody releases it.
  if (wasAlerted(context, matchId, ["push_held"])) return true;
  const { sendAt } = model.schedules.find(scheduleId)!;
  const moments = [askedFrom, deletedAt].flatMap((until) =>
    history.momentsWithin(matchId, RUN_SECONDS_MAX, until)
  );
  const cannotMove = recorder.refusedMoves.some((refused) =>
    refused.scheduleId === scheduleId && refused.at >= subSeconds(askedFrom, RUN_SECONDS_MAX) &&
    refused.at <= deletedAt
  );
  return moments.some((moment) => {
    const { home, away, kickoffAt, isKickoffConfirmed, properties } = history.match(
      matchId,
      moment,
    );
    if (history.isOff(matchId, moment)) return true;
    const { isComplete, teams } = history.audience(matchId, moment);
    if (isComplete && (teams.length === 0 || asked === undefined)) return true;
    if (isKickoffConfirmed && (sendAt >= kickoffAt || kickoffAt > addDays(moment, FAR_DAYS))) {
      return true;
    }
    const wantedAt = addMinutes(kickoffAt, -SEND_LEAD_MINUTES);
    if (isKickoffConfirmed && cannotMove && !isEqual(sendAt, wantedAt)) return true;
    const wanted: Record<string, unknown> = { home_team: home, away_team: away, ...properties };
    return isComplete && asked !== undefined && (
      JSON.stringify(teams) !== JSON.stringify(asked.teams) ||
      Object.keys({ ...wanted, ...asked.properties })
        .filter((name) => !SUITES_OWN.includes(name))
        .some((name) => wanted[name] !== asked.properties[name])
    );
  });
}

/** No user is pushed twice by schedules in the journal, except after a careless release; every other double push is reported. */
function auditDoublePush(matchId: number, context: AuditContext, findings: Findings): void {
  const { model } = context;
  const sends = model.groundTruth.entries.filter(({ type, schedule }) =>
    type === SEND && matchOf(schedule, context) === matchId && !context.sentAgain.has(schedule.id)
  );
  const byUser = Map.groupBy(sends, ({ user }) => user.index);
  for (const own of byUser.values()) {
    const schedules = [...new Set(own.map(({ schedule }) => schedule.id))]
      .map((id) => model.schedules.find(id)!);
    if (schedules.length < 2) continue;
    const ours = schedules.filter((schedule) => !isMadeByHand(schedule));
    const isReleased = context.released.has(matchId);
    if (context.world.sendGate === "fail_closed") {
      const made = model.schedules.all
        .filter((schedule) => matchOf(schedule, context) === matchId && !isMadeByHand(schedule))
        .toSorted((a, b) => generationOf(a)! - generationOf(b)!);
      const revoked = ours.find((older) => {
        const next = made.find((newer) => generationOf(newer)! > generationOf(older)!);
        return next !== undefined && wasRevoked(older, next);
      });
      if (ours.length > 1 && revoked !== undefined) {
        findings.violate(
          "behind a closed gate no user is pushed twice",
          `match ${matchId}: generations ${ours.map(generationOf)}, due ${
            ours.map(({ sendAt }) => at(sendAt))
          }, generation ${generationOf(revoked)} had been superseded`,
        );
        return;
      }
    }
    if (ours.length > 1 && !isReleased) {
      findings.violate(
        "no user is pushed twice by schedules in the journal",
        `match ${matchId}: generations ${ours.map(generationOf)}, due ${
          ours.map(({ sendAt }) => at(sendAt))
        }, ${ours.map(({ state }) => state)}`,
      );
      return;
    }
    // Events reported both pushes with their echo.
    const isReported = schedules.every((schedule) =>
      own.some((entry) =>
        entry.schedule.id === schedule.id && isReportedWhole(entry, context) &&
        entry.carried.echo &&
        entry.device !== null
      )
    );
    const isRecognisable = isDoublePush(own);
    const rules = ["double_push", "unexpected_send"];
    if (isReported && ours.length === 0 && rowOf(context, matchId) === undefined) {
      findings.unknowable("a match that was never planned is pushed twice by hand");
      return;
    }
    const isAlerted = wasAlerted(context, matchId, rules) ||
      isToldAsContradiction(schedules, matchId, context) || isToldAsListed(schedules, context);
    if (isReported && isRecognisable && context.isLast && !isAlerted) {
      if (schedules.some((schedule) => namesUnplanned(schedule, context))) {
        findings.unknowable("a push by hand carries the send id of a match that was never planned");
        return;
      }
      findings.violate(
        "a double push raises an alert",
        `match ${matchId}: ${schedules.map(({ id, origin }) => `${id} (${origin})`)}`,
      );
      return;
    }
  }
}

/** Whether one of the pushes carried the send id of another match: then it belongs to none, and an alert names both. */
function isToldAsContradiction(
  schedules: readonly Schedule[],
  matchId: number,
  { facts }: AuditContext,
): boolean {
  return schedules.some(({ sendId }) => {
    const [, other] = /^match-([0-9]+)$/.exec(sendId ?? "") ?? [];
    return other !== undefined && Number(other) !== matchId &&
      facts.alerts.some(({ rule, fingerprint }) =>
        rule === "contradicting_evidence" && fingerprint.includes(String(matchId)) &&
        fingerprint.includes(other)
      );
  });
}

/** Whether the send id of a push is that of a match without a row: its events name something unknown, and belong to none. */
function namesUnplanned({ sendId }: Schedule, context: AuditContext): boolean {
  const [, other] = /^match-([0-9]+)$/.exec(sendId ?? "") ?? [];
  return other !== undefined && rowOf(context, Number(other)) === undefined;
}

/** Whether such a push was told before, from the list. */
function isToldAsListed(schedules: readonly Schedule[], context: AuditContext): boolean {
  return schedules.some((schedule) =>
    namesUnplanned(schedule, context) &&
    context.facts.alerts.some(({ fingerprint }) =>
      fingerprint === `unmanaged_schedule:${schedule.id}`
    )
  );
}

/**
 * Whether dispatch ids or times show two pushes. Two events of one device within the duration of a send may be one push,
 * reported in two shapes.
 */
function isDoublePush(sends: readonly GroundTruthEntry[]): boolean {
  const delivered = sends.filter(({ acknowledged }) => acknowledged > 0);
  return [...Map.groupBy(delivered, ({ device }) => device?.id).values()].some((own) => {
    const dispatchIds = own.flatMap(({ carried, dispatchId }) =>
      carried.dispatchId ? [dispatchId] : []
    );
    const times = own.map(statedTime);
    return new Set(dispatchIds).size > 1 ||
      Math.max(...times) - Math.min(...times) > SEND_SECONDS_MAX;
  });
}
