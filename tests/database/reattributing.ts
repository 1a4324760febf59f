import { addMatch, createSchedule, NOW, seconds, startRun, type Suite } from "./fixtures.ts";

export type Group = Record<string, unknown>;

/** Registers the identifiers first, as production does. */
export async function loadAffectedEvents(
  { sql, call }: Suite,
  ...identifiers: Group[]
): Promise<Group[]> {
  await sql`select private.register_identifiers(${
    sql.json(identifiers as never)
  }, 'event', ${NOW})`;
  return await call("load_affected_events", { p_identifiers: identifiers });
}

export function reattribute(
  { call }: Suite,
  reattributions: readonly Group[],
  proofs: readonly Group[] = [],
): Promise<{ readonly reattributed: number }> {
  return call("reattribute_events", {
    p_reattributions: reattributions,
    p_proofs: proofs,
    p_function: "braze-webhook",
    p_run_id: crypto.randomUUID(),
    p_now: seconds(60),
  });
}

/** The new attribution of a group. */
export function verdict(group: Group, to: Group): Group {
  return {
    ...group,
    from_method: group.correlation_method,
    from_ledger_id: group.ledger_id,
    from_generation: group.generation,
    time_diff_ms: 0,
    candidate_count: 1,
    candidate_match_ids: null,
    ...to,
  };
}

export async function ledgerId(suite: Suite, matchId = 1001): Promise<string> {
  await addMatch(suite, matchId);
  const runId = await startRun(suite);
  const { ledger_id } = await createSchedule(suite, runId, matchId);
  await suite.sql`update public.job_runs set outcome = 'succeeded'`;
  return ledger_id;
}

export const registered = (ledger_id: string, fields: Group = {}): Group => ({
  kind: "dispatch_id",
  value: "d1",
  ledger_id,
  ambiguous: false,
  ...fields,
});

export const attributedBy = (ledger_id: string, method: string, fields: Group = {}) => ({
  match_id: 1001,
  ledger_id,
  generation: 1,
  correlation_method: method,
  confidence: "high",
  ...fields,
});

export async function attributions({ sql }: Suite): Promise<unknown[]> {
  const rows = await sql`
    select event_id, match_id, correlation_method, confidence
    from public.notification_sends order by event_id`;
  return rows.map((row) => [row.event_id, row.match_id, row.correlation_method, row.confidence]);
}
