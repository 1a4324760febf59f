/** What people do by hand, one SQL function each; all record who did it, and why. */
import { z } from "zod";
import { row } from "../text/camel_case.ts";
import type { ExpectedCount } from "./journal.ts";
import type { Rpc } from "./rpc.ts";

const Answered = row({
  match_id: z.int().nullable(),
  done: z.boolean(),
  /** Why it is refused. */
  refused: z.string().nullable(),
});
export type Answered = z.infer<typeof Answered>;

/** `campaign_id`: of the schedule that is to be deleted; null where no list shows it. */
const OpenedDelete = Answered.and(row({ campaign_id: z.string().nullable() }));

interface Act {
  readonly reason: string;
  readonly actorKind: "secret_key" | "operator";
  readonly actorId: string | null;
  readonly runId: string;
  readonly dryRun: boolean;
  readonly now: Date;
}

export interface MatchAct extends Act {
  readonly matchId: number;
}

export interface UndoAct extends MatchAct {
  /** The row of operator_actions that is taken back. */
  readonly actionId: number;
}

export interface AlertAct extends Act {
  readonly fingerprint: string;
}

/** About a schedule that Braze lists and that is not the suite's. */
export interface ScheduleAct extends Act {
  readonly brazeScheduleId: string;
}

/** An act that could bring users a second push. */
export interface RiskyAct extends MatchAct {
  readonly acceptDoublePush: boolean;
  readonly freezeSeconds: number;
  readonly leadSeconds: number;
}

/** Not repeated: a second call would answer that there is nothing to do; that of an undo is answered like the first. */
export function createVerbs(rpc: Rpc) {
  return {
    cancel: (act: MatchAct) => rpc.call("cancel_push", act, Answered),
    reschedule: (act: RiskyAct) => rpc.call("reschedule", act, Answered),
    declareGone: (act: Omit<RiskyAct, "leadSeconds">) => rpc.call("declare_gone", act, Answered),
    release: (act: Omit<RiskyAct, "acceptDoublePush">) => rpc.call("release_hold", act, Answered),
    pushAgain: (act: RiskyAct) => rpc.call("push_again", act, Answered),
    markSent: (act: MatchAct) => rpc.call("mark_sent", act, Answered),
    markNotSent: (act: MatchAct) => rpc.call("mark_not_sent", act, Answered),
    undo: (act: UndoAct) => rpc.call("undo", act, Answered),
    confirmRemovals: (act: MatchAct) => rpc.call("confirm_removals", act, Answered),
    /** Makes it the schedule of a match that has none. `signature` and `expected`: what the match wants now. */
    adoptSchedule: (
      act: ScheduleAct & {
        readonly matchId: number;
        readonly signature: string;
        readonly expected: ExpectedCount;
      },
    ) => rpc.call("adopt_unmanaged", act, Answered),
    keepSchedule: (act: ScheduleAct & { readonly acceptDoublePush: boolean }) =>
      rpc.call("keep_unmanaged", act, Answered),
    /** Journals the delete; the database refuses it with 409 for the current, wanted schedule of a match. */
    deleteSchedule: (
      act: ScheduleAct & {
        readonly attemptId: string;
        readonly leaseSeconds: number;
        readonly acceptNoPush: boolean;
      },
    ) => rpc.call("delete_unmanaged", act, OpenedDelete),
    resolve: (act: AlertAct) => rpc.call("resolve_alert", act, Answered),
  };
}
