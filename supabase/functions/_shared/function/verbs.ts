/**
 * What people do by hand: the members of a request to braze-scheduler or braze-reconcile, and their answers. The SQL
 * function of each verb does it or refuses; each match is answered on its own.
 *
 * Both functions take all of them. braze-scheduler carries out in the same run what calls Braze; after braze-reconcile,
 * its next run does.
 */
import { z } from "zod";
import type { Store } from "../store/store.ts";
import type { Answered, MatchAct, RiskyAct, ScheduleAct } from "../store/verbs.ts";
import { isPastDeadline, type Run } from "./cron_function.ts";
import type { Dependencies } from "./dependencies.ts";
import { createUnmanagedVerbs, type UnmanagedVerbs } from "./unmanaged_verbs.ts";

const MATCHES_MAX = 5_000;
const REASON_CHARACTERS_MAX = 1_000;
const FINGERPRINT_CHARACTERS_MAX = 1_000;
const SCHEDULE_ID_CHARACTERS_MAX = 1_000;

const Reason = z.string().trim().min(1).max(REASON_CHARACTERS_MAX);
const OfMatch = z.strictObject({ match_id: z.int().nonnegative(), reason: Reason });
const RiskyOfMatch = OfMatch.extend({
  /** Although Braze may send the earlier schedule as well. */
  accept_double_push: z.boolean().default(false),
});
const Undoing = OfMatch.extend({
  /** Of operator_actions: a repeated request must not take back the action before. */
  action_id: z.int().positive(),
});
const OfAlert = z.strictObject({
  fingerprint: z.string().min(1).max(FINGERPRINT_CHARACTERS_MAX),
  reason: Reason,
});

/** A schedule that Braze lists and that is not the suite's. */
const OfSchedule = z.strictObject({
  schedule_id: z.string().min(1).max(SCHEDULE_ID_CHARACTERS_MAX),
  reason: Reason,
});
const Adoption = OfSchedule.extend({
  /** Only where the schedule's own properties name none. */
  match_id: z.int().nonnegative().optional(),
});
const Keep = OfSchedule.extend({
  /** Although users get the suite's push of the match as well. */
  accept_double_push: z.boolean().default(false),
});
const Removal = OfSchedule.extend({
  /** Although its match may have no other push. */
  accept_no_push: z.boolean().default(false),
});

/** `{"match_ids": [1, 2], "reason": "…"}` stands for one entry a match. */
function many<Entry extends z.ZodType>(entry: Entry) {
  return z.preprocess((value) => {
    if (typeof value !== "object" || value === null || !("match_ids" in value)) return value;
    const { match_ids: ids, ...rest } = value;
    return Array.isArray(ids)
      ? [...new Set<unknown>(ids)].map((match_id) => ({ match_id, ...rest }))
      : value;
  }, z.array(entry).min(1).max(MATCHES_MAX)).optional();
}

/** In the order in which one request carries them out. */
export const VERB_OPTIONS = {
  undo: z.array(Undoing).min(1).max(MATCHES_MAX).optional(),
  mark_sent: many(OfMatch),
  mark_not_sent: many(OfMatch),
  confirm_removals: many(OfMatch),
  release: many(OfMatch),
  cancel: many(OfMatch),
  declare_gone: many(RiskyOfMatch),
  reschedule: many(RiskyOfMatch),
  push_again: many(RiskyOfMatch),
  adopt_schedule: many(Adoption),
  keep_schedule: many(Keep),
  delete_schedule: many(Removal),
  resolve: many(OfAlert),
} as const;

const Verbs = z.object(VERB_OPTIONS);
type Verbs = z.infer<typeof Verbs>;
export type Verb = keyof Verbs;
type ScheduleEntry =
  | z.infer<typeof Adoption>
  | z.infer<typeof Keep>
  | z.infer<typeof Removal>;
type MatchEntry =
  | z.infer<typeof OfMatch>
  | z.infer<typeof RiskyOfMatch>
  | z.infer<typeof Undoing>;
type Entry = MatchEntry | ScheduleEntry | z.infer<typeof OfAlert>;

const NAMES = Object.keys(VERB_OPTIONS) as readonly Verb[];

/** One for each entry of the request, in `verbs` of the answer. */
export interface Acted {
  readonly verb: Verb;
  readonly match_id: number | null;
  /** Of an alert. */
  readonly fingerprint?: string;
  /** Of a schedule that is not the suite's. */
  readonly schedule_id?: string;
  readonly done: boolean;
  /** Why nothing was done. */
  readonly refused: string | null;
  /** What happens next; in a dry run, what would. */
  readonly next: string | null;
}

export function hasVerbs(options: Verbs): boolean {
  return NAMES.some((verb) => options[verb] !== undefined);
}

/** `run`: the run of the scheduler that follows. */
const NEXT: Readonly<Record<Verb, (run: string, isDryRun: boolean) => string>> = {
  undo: () => "it is as before that action",
  mark_sent: () => "the match is not pushed any more; an event that proves its send replaces this",
  mark_not_sent: () =>
    "the push counts as not sent, unless an event proves it; reschedule gives the match another",
  confirm_removals: (run) => `${run} carries out what was held`,
  release: (run) =>
    `the push goes out at its time; if its schedule was deleted, ${run} makes another`,
  cancel: (run) => `the send gate turns the push away; ${run} deletes its schedule in Braze`,
  declare_gone: (run) => `${run} makes another schedule, if the match wants one`,
  reschedule: (run) => `${run} makes another schedule, if the match wants one`,
  push_again: (run) => `${run} schedules another push, with a send id of its own`,
  adopt_schedule: (run) =>
    `${run} gives it the time that its match wants; text and audience stay until the match's change`,
  keep_schedule: () =>
    "it stays as it is, and is told no more unless the suite schedules its match as well",
  delete_schedule: (_run, isDryRun) =>
    isDryRun ? "Braze is asked to delete it" : "Braze has confirmed the delete",
  resolve: () => "the chat gets the notice of its resolution",
};

export async function carryOutVerbs(
  options: Verbs,
  run: Run,
  dependencies: Dependencies,
): Promise<Acted[]> {
  const { store, environment, clock, functionName } = dependencies;
  const { caller } = run;
  const next = functionName === "braze-scheduler"
    ? "this run"
    : "the next run of braze-scheduler, within 5 minutes,";
  const ifDone = run.dryRun ? "nothing is changed yet; once it is done: " : "";
  const risk = {
    freezeSeconds: Math.round(environment.freezeMs / 1_000),
    leadSeconds: Math.round(environment.sendLeadMs / 1_000),
  };
  const unmanaged = createUnmanagedVerbs(run, dependencies);
  const acted: Acted[] = [];
  for (const verb of NAMES) {
    for (const entry of (options[verb] ?? []) as readonly Entry[]) {
      const now = clock.now();
      const of = "fingerprint" in entry
        ? { match_id: null, fingerprint: entry.fingerprint }
        : "schedule_id" in entry
        ? { match_id: null, schedule_id: entry.schedule_id }
        : { match_id: entry.match_id };
      if (isPastDeadline(run, now)) {
        const refused = "the run had no time left for it: send it again";
        acted.push({ verb, ...of, done: false, refused, next: null });
        continue;
      }
      const act = {
        reason: entry.reason,
        actorKind: caller.kind === "operator" ? "operator" as const : "secret_key" as const,
        actorId: caller.kind === "operator" ? caller.userId : null,
        runId: run.runId,
        dryRun: run.dryRun,
        now,
      };
      const answer = "fingerprint" in entry
        ? await store.verbs.resolve({ ...act, fingerprint: entry.fingerprint })
        : "schedule_id" in entry
        ? await onSchedule(verb, entry, { ...act, brazeScheduleId: entry.schedule_id }, unmanaged)
        : await onMatch(verb, entry, { ...act, ...risk, matchId: entry.match_id }, store);
      const { done, refused, matchId } = answer;
      acted.push({
        verb,
        ...of,
        match_id: matchId,
        done,
        refused,
        next: done ? `${ifDone}${NEXT[verb](next, run.dryRun)}` : null,
      });
    }
  }
  return acted;
}

async function onMatch(
  verb: Verb,
  entry: MatchEntry,
  { freezeSeconds, leadSeconds, ...act }: Omit<RiskyAct, "acceptDoublePush">,
  { verbs }: Pick<Store, "verbs">,
): Promise<Answered> {
  const acceptDoublePush = "accept_double_push" in entry && entry.accept_double_push;
  const risky = { ...act, acceptDoublePush, freezeSeconds, leadSeconds };
  const plain: MatchAct = act;
  switch (verb) {
    case "undo":
      return await verbs.undo({ ...plain, actionId: (entry as z.infer<typeof Undoing>).action_id });
    case "mark_sent":
      return await verbs.markSent(plain);
    case "mark_not_sent":
      return await verbs.markNotSent(plain);
    case "confirm_removals":
      return await verbs.confirmRemovals(plain);
    case "release":
      return await verbs.release({ ...plain, freezeSeconds, leadSeconds });
    case "cancel":
      return await verbs.cancel(plain);
    case "declare_gone":
      return await verbs.declareGone({ ...plain, acceptDoublePush, freezeSeconds });
    case "reschedule":
      return await verbs.reschedule(risky);
    case "push_again":
      return await verbs.pushAgain(risky);
    case "adopt_schedule":
    case "keep_schedule":
    case "delete_schedule":
    case "resolve":
      throw new Error(`Cannot ${verb} match ${act.matchId}: it takes no match`);
  }
}

async function onSchedule(
  verb: Verb,
  entry: ScheduleEntry,
  act: ScheduleAct,
  unmanaged: UnmanagedVerbs,
): Promise<Answered> {
  if (verb === "keep_schedule") {
    const accepted = "accept_double_push" in entry && entry.accept_double_push;
    return await unmanaged.keep(act, accepted);
  }
  if (verb === "delete_schedule") {
    return await unmanaged.remove(act, "accept_no_push" in entry && entry.accept_no_push);
  }
  return await unmanaged.adopt(act, "match_id" in entry ? entry.match_id : undefined);
}
