import {
  addMatch,
  close,
  LEASE_SECONDS,
  minutes,
  NOW,
  openCreate,
  type OpenedCreate,
  scheduledMatch,
  startRun,
  type Suite,
} from "./fixtures.ts";

export const MATCH = 1001;

export async function createWithoutAnswer(
  suite: Suite,
): Promise<OpenedCreate & { readonly runId: string }> {
  await addMatch(suite, MATCH);
  const runId = await startRun(suite);
  const opened = await openCreate(suite, runId, MATCH, { p_send_id: "send-1" });
  await close(suite, opened.attempt_id, "unknown");
  return { ...opened, runId };
}

export async function changeWithoutAnswer(suite: Suite, kind: "update" | "delete") {
  const target = await scheduledMatch(suite);
  const { attempt_id } = await suite.call<{ attempt_id: string }>(`open_${kind}`, {
    p_attempt_id: crypto.randomUUID(),
    p_run_id: target.runId,
    p_lease_seconds: LEASE_SECONDS,
    p_ledger_id: target.ledger_id,
    p_generation: 1,
    p_request: { schedule: { time: minutes(600) } },
    p_reason: "plan",
    p_now: NOW,
    ...(kind === "update" ? { p_send_at: minutes(600) } : {}),
  });
  await close(suite, attempt_id, "unknown");
  return { ...target, attemptId: attempt_id };
}
