/** What people do by hand, as the functions call it. */
import { strictEqual } from "node:assert/strict";
import { close, type Suite } from "./fixtures.ts";
import { MATCH } from "./reconciling.ts";

export const RUN_ID = "00000000-0000-0000-0000-00000000000a";
const FREEZE_SECONDS = 900;
const LEAD_SECONDS = 3_600;

export interface Answer {
  readonly done: boolean;
  readonly refused: string | null;
}

type Plain = "cancel_push" | "mark_not_sent" | "mark_sent" | "undo";
type Risky = "reschedule" | "push_again";

/** Sends are due at minutes(540). */
export async function act(
  { call, sql }: Suite,
  name: Plain | Risky,
  p_now: Date,
  acceptDoublePush = false,
): Promise<string | null> {
  const ofAction = name === "undo" ? { p_action_id: await lastAction({ sql }) } : {};
  const risky = name === "reschedule" || name === "push_again";
  const { done, refused } = await call<Answer>(name, {
    p_match_id: MATCH,
    p_reason: "Somebody said so",
    p_actor_kind: "secret_key",
    p_run_id: RUN_ID,
    p_dry_run: false,
    p_now,
    ...ofAction,
    ...(risky
      ? {
        p_accept_double_push: acceptDoublePush,
        p_freeze_seconds: FREEZE_SECONDS,
        p_lead_seconds: LEAD_SECONDS,
      }
      : {}),
  });
  strictEqual(done, refused === null);
  return refused;
}

/** The id of what a person did last to the match and did not take back; 0: nothing. */
export async function lastAction(
  { sql }: Pick<Suite, "sql">,
  matchId: number = MATCH,
): Promise<number> {
  const [last] = await sql<{ id: number }[]>`
    select action.id::int from public.operator_actions as action
    where action.match_id = ${matchId} and action.action <> 'undo'
      and not exists (select 1 from public.operator_actions as undo where undo.undoes = action.id)
    order by action.id desc limit 1`;
  return last?.id ?? 0;
}

export async function deleted(
  suite: Suite,
  runId: string,
  ledgerId: string,
  now: Date,
): Promise<void> {
  const { attempt_id } = await suite.call<{ attempt_id: string }>("open_delete", {
    p_attempt_id: crypto.randomUUID(),
    p_run_id: runId,
    p_lease_seconds: 86_400,
    p_ledger_id: ledgerId,
    p_generation: 1,
    p_request: {},
    p_reason: "plan",
    p_now: now,
  });
  await close(suite, attempt_id, "succeeded", {}, now);
}

export async function kickOff({ sql }: Suite, at: Date): Promise<void> {
  await sql`update public.matches set kickoff_at = ${at} where id = ${MATCH}`;
}
