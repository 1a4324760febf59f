/** Stored events that are judged again after a fact changed. */
import { ok } from "node:assert/strict";
import type { StoredEvent } from "./events.ts";
import { minutes, type Suite } from "./fixtures.ts";

export type Fact = readonly [kind: string, value: string];

/** When the functions under test run, unless a test names another time. */
export const LATER = minutes(30);

export interface Page {
  readonly ids: readonly number[];
  readonly events: readonly (Readonly<Record<string, unknown>> & {
    readonly event_id: string;
    readonly sent_at: string;
  })[];
}

/** Replaces the queue, which scheduling a match fills too. */
export async function queue({ sql }: Suite, facts: readonly Fact[], at: Date): Promise<void> {
  await sql`delete from private.rejudgements`;
  for (const [kind, value] of facts) {
    await sql`
      insert into private.rejudgements (kind, value, changed_at) values (${kind}, ${value}, ${at})`;
  }
}

export async function queued({ sql }: Suite): Promise<string[]> {
  const rows = await sql`select kind, value from private.rejudgements order by id`;
  return rows.map(({ kind, value }) => `${kind} ${value}`);
}

export function load({ call }: Suite, now = LATER, limit = 1_000): Promise<Page | null> {
  return call("load_rejudgements", { p_limit: limit, p_now: now });
}

export async function loaded(suite: Suite, now = LATER, limit = 1_000): Promise<Page> {
  const page = await load(suite, now, limit);
  ok(page !== null, "a change is left to judge");
  return page;
}

export function store(
  { call }: Suite,
  { ids }: Pick<Page, "ids">,
  { verdicts = [], identifiers = [], last, now = LATER }: {
    readonly verdicts?: readonly Readonly<Record<string, unknown>>[];
    readonly identifiers?: readonly Readonly<Record<string, unknown>>[];
    readonly last?: Pick<Page["events"][number], "event_id" | "sent_at"> | undefined;
    readonly now?: Date;
  } = {},
): Promise<number> {
  return call("store_rejudgements", {
    p_ids: ids,
    p_verdicts: verdicts,
    p_identifiers: identifiers,
    p_function: "braze-reconcile",
    p_run_id: crypto.randomUUID(),
    p_now: now,
    p_after_sent_at: last?.sent_at ?? null,
    p_after_event_id: last?.event_id ?? null,
  });
}

/** The new verdict of an event as it was stored. */
export function verdict(
  stored: StoredEvent,
  to: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { match_id, ledger_id, generation, correlation_method, confidence } = stored;
  return {
    sent_at: stored.sent_at,
    event_id: stored.event_id,
    from_method: correlation_method,
    from_ledger_id: ledger_id,
    from_generation: generation,
    from_timing: stored.timing,
    ...{ match_id, ledger_id, generation, correlation_method, confidence },
    timing: stored.timing,
    proof: stored.proof,
    time_diff_ms: null,
    candidate_count: 1,
    candidate_match_ids: null,
    ...to,
  };
}

/** The verdict of an event that can no longer be attributed. */
export const OPEN = {
  match_id: null,
  ledger_id: null,
  generation: null,
  correlation_method: "no_candidate",
  confidence: "none",
  timing: null,
  proof: null,
} as const;
