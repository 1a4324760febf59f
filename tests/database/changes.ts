import { LEASE_SECONDS, minutes, NOW, scheduledMatch, type Suite } from "./fixtures.ts";

export type Target = Awaited<ReturnType<typeof scheduledMatch>>;
export type Arguments = Record<string, unknown>;

export function openUpdate({ call }: Suite, target: Target, args: Arguments = {}) {
  return call<{ attempt_id: string; request: unknown }>("open_update", {
    ...opening(target),
    p_ledger_id: target.ledger_id,
    p_generation: target.generation,
    p_send_at: minutes(600),
    p_request: { schedule: { time: minutes(600).toISOString() } },
    p_reason: "plan",
    ...args,
  });
}

export function openDelete({ call }: Suite, target: Target, args: Arguments = {}) {
  return call<{ attempt_id: string; request: unknown }>("open_delete", {
    ...opening(target),
    p_ledger_id: target.ledger_id,
    p_generation: target.generation,
    p_request: { schedule_id: "schedule-1001-1" },
    p_reason: "plan",
    ...args,
  });
}

export function opening({ runId }: Target): Arguments {
  return {
    p_attempt_id: crypto.randomUUID(),
    p_run_id: runId,
    p_lease_seconds: LEASE_SECONDS,
    p_now: NOW,
  };
}

export async function attempts({ sql }: Suite): Promise<number> {
  const [count] = await sql`select count(*)::int as n from public.schedule_attempts`;
  return Number(count?.n);
}
