/** An in-memory database, as far as the functions see it, and a record of every call. */
import type { LogEntry } from "../../supabase/functions/_shared/store/alerts_and_logs.ts";
import type { JudgedEvent, Receipt } from "../../supabase/functions/_shared/store/events.ts";
import type { Alert } from "../../supabase/functions/_shared/store/alerts_and_logs.ts";
import type { Look, Observed } from "../../supabase/functions/_shared/store/observations.ts";
import type { PlanInput } from "../../supabase/functions/_shared/store/planning.ts";
import { DatabaseError } from "../../supabase/functions/_shared/store/rpc.ts";
import type { Known } from "../../supabase/functions/_shared/store/reconciliation.ts";
import type { Answered } from "../../supabase/functions/_shared/store/verbs.ts";
import type { Claim } from "../../supabase/functions/_shared/store/runs.ts";
import type { Store } from "../../supabase/functions/_shared/store/store.ts";
import { ledgerIdOf, NO_FACTS } from "./facts.ts";

export const RUN_ID = "0b9f6f6e-0000-4000-8000-000000000001";

/** Errors as PostgREST and our SQL functions return them. */
export const refusals = {
  unavailable: new DatabaseError("test", 503, "57P03", null, "the database system is starting up"),
  leaseLost: new DatabaseError("test", 409, "P0001", "lease_lost", "the run lost its lease"),
  conflict: new DatabaseError("test", 409, "P0001", "not_pending", "the row is not pending"),
  badData: new DatabaseError("test", 400, "22P05", null, "unsupported Unicode escape sequence"),
  broken: new DatabaseError("test", 404, "PGRST202", null, "no such function"),
} as const;

export type Note = (call: string, said?: unknown) => void;

/** The parts of the store that a test replaces. */
export type StoreChanges =
  & { readonly [Part in keyof Omit<Store, "planning">]?: Partial<Store[Part]> }
  & { readonly claim?: Claim; readonly planInput?: Partial<PlanInput> };

export interface AlertsAndLogs {
  readonly alerts: Alert[];
  readonly logs: LogEntry[];
}

/** Every call succeeds unless a test replaces it. */
export function fakeStore(note: Note, sink: AlertsAndLogs, changes: StoreChanges = {}): Store {
  const noted = <T>(call: string, said: unknown, answer: T): Promise<T> => {
    note(call, said);
    return Promise.resolve(answer);
  };
  const claimed: Claim = { claimed: true, reason: "claimed", runId: RUN_ID };
  return {
    runs: {
      claim: (run) => noted("runs.claim", run, changes.claim ?? claimed),
      finish: (run) => noted("runs.finish", run, undefined),
      ...changes.runs,
    },
    planning: {
      holdSuccessors: (limits) => noted("planning.holdSuccessors", limits, []),
      loadPlanInput: (window) =>
        noted("planning.load", window, {
          fixtures: [],
          teams: [],
          changesAllowed: { removals: 5, remakes: 5 },
          wasIll: false,
          sendIdsUsed: 0,
          ...changes.planInput,
        }),
      holdChanges: (held) => noted("planning.holdChanges", held, undefined),
    },
    journal: {
      openCreate: (attempt) =>
        noted("journal.openCreate", attempt, {
          attemptId: attempt.attemptId,
          ledgerId: ledgerIdOf(attempt.matchId),
          generation: 1,
          // As open_create does: the events echo it.
          request: {
            ...attempt.request,
            trigger_properties: { ...attempt.request.trigger_properties, generation: "1" },
          },
        }),
      openUpdate: (attempt) => noted("journal.openUpdate", attempt, undefined),
      openDelete: (attempt) => noted("journal.openDelete", attempt, undefined),
      openSendId: (attempt) => noted("journal.openSendId", attempt, undefined),
      close: (attemptId, result) => noted("journal.close", { attemptId, ...result }, undefined),
      reactivateSchedule: (keep) => noted("journal.reactivateSchedule", keep, true),
      giveUp: (runId) => noted("journal.giveUp", runId, []),
      cancelLedger: (cancel) => noted("journal.cancelLedger", cancel, true),
      ...changes.journal,
    },
    events: {
      facts: (request) => noted("events.facts", request, NO_FACTS),
      ingest: (events, rejects, from) =>
        noted("events.ingest", { events, rejects, from }, receiptOf(events, rejects.length)),
      // No ledger row exists here: each event is judged by all its evidence.
      ingestIdentified: (args) =>
        noted("events.ingestIdentified", args, {
          recorded: 0,
          registered: 0,
          left: args.eventId.map((_, place) => place + 1),
          repeated: [],
        }),
      loadRejudgements: (limit, now) => noted("events.loadRejudgements", { limit, now }, null),
      storeRejudgements: (page) =>
        noted("events.storeRejudgements", page, page.rejudgements.length),
      ...changes.events,
    },
    observations: {
      toObserve: (campaignId) =>
        noted("observations.toObserve", campaignId, {
          campaignIds: [campaignId],
          lastSendAt: null,
        }),
      record: (look) => noted("observations.record", look, observed(look)),
      load: () =>
        noted("observations.load", undefined, { campaigns: [], schedules: [], absent: [] }),
      loadDoubted: (earliestSendAt) => noted("observations.loadDoubted", earliestSendAt, []),
      cancelAbsent: (schedule) => noted("observations.cancelAbsent", schedule, true),
      ...changes.observations,
    },
    brazeAnswers: {
      record: (functionName, answers) =>
        noted("brazeAnswers.record", { functionName, answers }, { raised: 0, resolved: 0 }),
      ...changes.brazeAnswers,
    },
    preflight: {
      load: (window) => noted("preflight.load", window, { sends: [], teams: [] }),
      note: (checks) => noted("preflight.note", checks, []),
      raiseUnwanted: (now) => noted("preflight.raiseUnwanted", { now }, 0),
      raiseMissed: (due) => noted("preflight.raiseMissed", due, 0),
      noteShutOut: (campaign) => noted("preflight.noteShutOut", campaign, undefined),
      ...changes.preflight,
    },
    audits: {
      load: (scheduleIds) => noted("audits.load", scheduleIds, { pending: [], known: [] }),
      record: (audit) => noted("audits.record", audit, undefined),
      ...changes.audits,
    },
    health: {
      lastDate: () => noted("health.lastDate", undefined, null),
      measure: (date) => noted("health.measure", date, { date }),
      rollUp: (date) => noted("health.rollUp", date, { date }),
      teamsToMeasure: (sendsUntil) => noted("health.teamsToMeasure", sendsUntil, []),
      storeAudienceSizes: (sizes) => noted("health.storeAudienceSizes", sizes, sizes.length),
      ...changes.health,
    },
    counts: {
      mark: (_now, of) => noted("counts.mark", of ?? null, { isComplete: true, ledgerIds: [] }),
      recount: (ledgerId) => noted("counts.recount", ledgerId, { users: 0, doublePushUsers: 0 }),
      raiseHarms: () => noted("counts.raiseHarms", undefined, { raised: 0, resolved: 0 }),
      ...changes.counts,
    },
    reconciliation: {
      load: (window) => noted("reconciliation.load", window, NOTHING_KNOWN),
      confirmByEvents: (ledgerIds) => noted("reconciliation.confirmByEvents", ledgerIds, []),
      adopt: (schedule) => noted("reconciliation.adopt", schedule, true),
      openUnmanagedDelete: (attempt) =>
        noted("reconciliation.openUnmanagedDelete", attempt, undefined),
      resolveUnknownAttempts: (schedules, attempts) =>
        noted("reconciliation.resolveUnknownAttempts", { schedules, attempts }, {
          schedules: schedules.length,
          attemptIds: attempts.map(({ attemptId }) => attemptId),
        }),
      confirmByStatistics: (match, count) =>
        noted("reconciliation.confirmByStatistics", { match, count }, true),
      storeReportedCounts: (counts) =>
        noted("reconciliation.storeReportedCounts", counts, counts.length),
      ...changes.reconciliation,
    },
    verbs: {
      undo: (act) => noted("verbs.undo", act, acted(act)),
      markSent: (act) => noted("verbs.markSent", act, acted(act)),
      markNotSent: (act) => noted("verbs.markNotSent", act, acted(act)),
      confirmRemovals: (act) => noted("verbs.confirmRemovals", act, acted(act)),
      release: (act) => noted("verbs.release", act, acted(act)),
      cancel: (act) => noted("verbs.cancel", act, acted(act)),
      declareGone: (act) => noted("verbs.declareGone", act, acted(act)),
      reschedule: (act) => noted("verbs.reschedule", act, acted(act)),
      pushAgain: (act) => noted("verbs.pushAgain", act, acted(act)),
      adoptSchedule: (act) => noted("verbs.adoptSchedule", act, acted(act)),
      keepSchedule: (act) => noted("verbs.keepSchedule", act, acted({ matchId: null })),
      deleteSchedule: (act) =>
        noted("verbs.deleteSchedule", act, {
          ...acted({ matchId: null }),
          campaignId: "campaign-1",
        }),
      resolve: (act) => noted("verbs.resolve", act, acted({ matchId: null })),
      ...changes.verbs,
    },
    unattributedEvents: {
      sends: (window) => noted("unattributedEvents.sends", window, { seconds: [], schedules: [] }),
      attributeByElimination: (_campaignId, elimination) =>
        noted("unattributedEvents.attributeByElimination", elimination, elimination.events),
      ...changes.unattributedEvents,
    },
    alertsAndLogs: {
      raiseAlerts(alerts) {
        sink.alerts.push(...alerts);
        return noted("alertsAndLogs.raiseAlerts", alerts, alerts.length);
      },
      syncAlerts(judged) {
        sink.alerts.push(...judged.alerts);
        const { length } = judged.alerts;
        return noted("alertsAndLogs.syncAlerts", judged, { raised: length, resolved: 0 });
      },
      writeLogs(entries) {
        sink.logs.push(...entries);
        return noted("alertsAndLogs.writeLogs", entries, undefined);
      },
      ...changes.alertsAndLogs,
    },
    deliveries: {
      // This runs at the end of every run and is not recorded, since most tests do not test it.
      claim: () => Promise.resolve([]),
      silenceReasons: () => Promise.resolve([]),
      record: (deliveries, outcome) =>
        noted("deliveries.record", { deliveries, outcome }, undefined),
      ...changes.deliveries,
    },
    quality: {
      judge: (limits) => noted("quality.judge", limits, []),
      ...changes.quality,
    },
    rejects: {
      load: (request) => noted("rejects.load", request, { rejects: [], places: [] }),
      markReplayed: (digests) => noted("rejects.markReplayed", digests, undefined),
      ...changes.rejects,
    },
    gate: {
      load: (asked) => noted("gate.load", asked, null),
      ...changes.gate,
    },
  };
}

/** The first look at Braze: no schedule is absent, and nothing is compared. */
export function observed({ campaigns, beganAt, until, schedules }: Look): Observed {
  return {
    campaigns: campaigns.map(({ listed: _, ...campaign }) => ({
      ...campaign,
      beganAt,
      until,
      expectedNextSend: null,
      nextSendAgrees: null,
    })),
    schedules: [...schedules],
    absent: [],
  };
}

/** A receipt in which every event is new. */
export function receiptOf(
  events: readonly JudgedEvent[],
  rejected: number,
  changes: Partial<Receipt> = {},
): Receipt {
  const count = (confidence: string) =>
    events.filter(({ attribution }) => attribution.confidence === confidence).length;
  return {
    received: events.length + rejected,
    recorded: events.length,
    duplicates: 0,
    rejected,
    high: count("high"),
    medium: count("medium"),
    low: count("low"),
    unattributed: count("none"),
    registered: 0,
    ...changes,
  };
}

const NOTHING_KNOWN: Known = {
  matches: [],
  attempts: [],
  supersededScheduleIds: [],
  keptScheduleIds: [],
  duplicateDays: [],
  schedulerRanAt: null,
  freshMatchIds: [],
};

function acted({ matchId }: { readonly matchId: number | null }): Answered {
  return { matchId, done: true, refused: null };
}
