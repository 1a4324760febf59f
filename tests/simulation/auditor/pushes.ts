/**
 * Checks that no push is lost in silence: each wanted match was pushed, or somebody was told as soon as it could be known,
 * and that stayed so. And nobody was pushed for a match that was off, unless that stands as an alert.
 */
import { addMinutes, max, subHours, subMinutes } from "date-fns";
import type { Schedule } from "../../../local/braze_sandbox/schedules.ts";
import type { AlertRow } from "./facts.ts";
import { schedulesOf } from "./ledger.ts";
import {
  at,
  type AuditContext,
  type Findings,
  generationOf,
  isAbout,
  isOpenAt,
  isOurs,
  isReportedWhole,
  matchOf,
  rowOf,
  SEND,
  wasOffUntilSeen,
} from "./context.ts";

/** The suite cannot do anything for a match that is due so soon after its start. */
const FIRST_MINUTES = 20;
/** What is due so shortly before the end cannot be judged. */
const LAST_HOURS = 2;
/** Somebody is told within this time of when it could be known. */
const TOLD_WITHIN_MINUTES = 5;
/** One alert may take over from another only so much later: each run resolves and raises its own. */
const GAP_MINUTES = 11;
/** A push at an earlier time of the match, or so much later, counts: that is what the alerts about moves are for. */
const SAME_PUSH_HOURS = 24;

export function auditPushes(context: AuditContext, findings: Findings): void {
  if (!context.isLast) return;
  for (const matchId of context.history.matchIds) {
    for (const sendAt of wantedTimes(matchId, context)) {
      auditWantedPush(matchId, sendAt, context, findings);
    }
  }
  for (const schedule of context.model.schedules.all) {
    auditUnwantedPush(schedule, context, findings);
  }
}

/** The times at which a push was due and wanted, as the fixtures were at that very time. */
function wantedTimes(matchId: number, { history, world, facts, now }: AuditContext): Date[] {
  // The suite answers for what was due after its first call. pg_cron may not make it for a long time here.
  const first = max([addMinutes(world.startAt, FIRST_MINUTES), facts.schedulerCalledAt ?? now]);
  const asked = history.changesOf(matchId).flatMap((change) => {
    const wanted = history.wanted(matchId, change);
    return wanted === null ? [] : [wanted.sendAt.getTime()];
  });
  return [...new Set(asked)].map((ms) => new Date(ms)).filter((sendAt) =>
    sendAt > first && sendAt < subHours(now, LAST_HOURS) &&
    history.wanted(matchId, sendAt)?.sendAt.getTime() === sendAt.getTime()
  );
}

function auditWantedPush(
  matchId: number,
  sendAt: Date,
  context: AuditContext,
  findings: Findings,
): void {
  // That a person called it off is no secret.
  if (rowOf(context, matchId)?.cancel_reason === "operator") return;
  if (isPushed(matchId, sendAt, context)) return;
  const { now, facts } = context;
  const alerts = facts.alerts.filter((alert) => isAbout(alert, matchId, context));
  if (wasCalledOffWhileLate(matchId, sendAt, alerts, context)) return;
  const toldFrom = standingSince(alerts, now);
  const details = `match ${matchId}, due ${at(sendAt)}, row ${rowOf(context, matchId)?.status} (${
    rowOf(context, matchId)?.cancel_reason
  })`;
  if (toldFrom === null) {
    findings.violate(
      "a push is not lost in silence",
      `${details}: no alert stands; there were ${
        alerts.map(({ fingerprint, first_seen_at, resolved_at }) =>
          `${fingerprint} ${at(first_seen_at)}–${resolved_at === null ? "" : at(resolved_at)}`
        )
      }`,
    );
    return;
  }
  const knowable = knowableFrom(matchId, sendAt, context);
  if (knowable === null || toldFrom <= addMinutes(knowable, TOLD_WITHIN_MINUTES)) return;
  findings.violate(
    "a lost push is told within five minutes, and the alert stays",
    `${details}: known from ${at(knowable)}, told from ${at(toldFrom)} to the end; there were ${
      alerts.map(({ fingerprint, first_seen_at, resolved_at }) =>
        `${fingerprint} ${at(first_seen_at)}–${resolved_at === null ? "" : at(resolved_at)}`
      )
    }`,
  );
}

/**
 * Its push was told to come late, and the fixtures called the match off before that late time; or it was told to be
 * unclear until the match was called off.
 */
function wasCalledOffWhileLate(
  matchId: number,
  sendAt: Date,
  alerts: readonly AlertRow[],
  context: AuditContext,
): boolean {
  const standing = alerts.filter((alert) => isOpenAt(alert, sendAt));
  const endedWithTheMatch = standing.some(({ resolved_at }) =>
    resolved_at !== null && context.history.isOff(matchId, resolved_at)
  );
  return endedWithTheMatch || standing.length > 0 &&
      context.model.schedules.all.some((schedule) =>
        isOurs(schedule, context) && matchOf(schedule, context) === matchId &&
        schedule.createdAt < sendAt && schedule.endedAt !== null &&
        schedule.endedAt > sendAt && schedule.endedAt < schedule.sendAt &&
        context.history.isOff(matchId, schedule.endedAt)
      );
}

/** Somebody got it, or Braze sent it and nobody was there to get it. */
function isPushed(matchId: number, sendAt: Date, context: AuditContext): boolean {
  const { model } = context;
  const until = addMinutes(sendAt, SAME_PUSH_HOURS * 60);
  return model.schedules.all.some((schedule) => {
    if (matchOf(schedule, context) !== matchId || context.sentAgain.has(schedule.id)) return false;
    if (schedule.sendAt > until) return false;
    const entries = model.groundTruth.of(schedule.id);
    return entries.some(({ type, abortType }) =>
      type === SEND || abortType === "frequency_capped"
    ) ||
      (schedule.state === "sent" && entries.length === 0);
  });
}

/** Since when, without a gap, some alert has been open until now. */
function standingSince(alerts: readonly AlertRow[], now: Date): Date | null {
  if (!alerts.some((alert) => isOpenAt(alert, now))) return null;
  let since = now;
  for (;;) {
    const earlier = alerts.filter(({ first_seen_at, resolved_at }) =>
      first_seen_at < since &&
      (resolved_at === null || addMinutes(resolved_at, GAP_MINUTES) >= since)
    ).map(({ first_seen_at }) => first_seen_at.getTime());
    if (earlier.length === 0) return since;
    since = new Date(Math.min(...earlier));
  }
}

/**
 * When it was certain that no push goes out: at its time if no create may have made one, once a pre-flight check has run
 * to its end. Null: only the events that never came show it, and their absence is told when it lasts.
 */
function knowableFrom(matchId: number, sendAt: Date, context: AuditContext): Date | null {
  const { facts } = context;
  const row = rowOf(context, matchId);
  const isLive = context.model.schedules.all.some((schedule) =>
    isOurs(schedule, context) && matchOf(schedule, context) === matchId &&
    (schedule.endedAt === null || schedule.endedAt >= sendAt) && schedule.createdAt < sendAt
  );
  const mayHaveMade = facts.journal.filter(({ kind, ledger_id, opened_at }) =>
    kind === "create" && ledger_id === row?.id && opened_at < sendAt
  ).some((create) =>
    create.outcome !== "failed" &&
    !facts.journal.some((ended) =>
      ended.kind === "delete" && ended.ledger_id === create.ledger_id &&
      ended.generation === create.generation && ended.outcome === "succeeded" &&
      ended.closed_at! < sendAt
    )
  );
  if (isLive || mayHaveMade) return null;
  return facts.runs.find(({ function_name, started_at }) =>
    function_name === "braze-preflight-check" && started_at >= sendAt
  )?.finished_at ?? null;
}

/** Nobody is pushed for a match that was off before its send, without an alert that stands. */
function auditUnwantedPush(schedule: Schedule, context: AuditContext, findings: Findings): void {
  const { model, facts, now } = context;
  const matchId = matchOf(schedule, context);
  if (matchId === null || !isOurs(schedule, context) || context.sentAgain.has(schedule.id)) return;
  const sends = model.groundTruth.of(schedule.id).filter(({ type }) => type === SEND);
  const { sendAt } = schedule;
  const wasOff = wasOffUntilSeen(matchId, subMinutes(sendAt, 1), context) &&
    wasOffUntilSeen(matchId, sendAt, context);
  if (sends.length === 0 || !wasOff) return;
  const row = rowOf(context, matchId);
  const isCurrent = schedule.state === "sent" && row !== undefined &&
    schedulesOf(row, row.generation, context).includes(schedule);
  const isReported = sends.some((entry) => isReportedWhole(entry, context) && entry.carried.echo);
  if (facts.alerts.some((alert) => isAbout(alert, matchId, context) && isOpenAt(alert, now))) {
    return;
  }
  if (!isCurrent && !isReported) {
    findings.unknowable("a schedule that was taken off is sent, and no event shows it");
    return;
  }
  findings.violate(
    "a push for a match that is off stands as an alert",
    `match ${matchId}, generation ${generationOf(schedule)} (${schedule.state}), sent ${
      at(max([sendAt, schedule.createdAt]))
    }, row ${rowOf(context, matchId)?.status}; there were ${
      facts.alerts.filter((alert) => isAbout(alert, matchId, context))
        .map(({ fingerprint }) => fingerprint)
    }`,
  );
}
