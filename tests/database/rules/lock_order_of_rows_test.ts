/**
 * Two requests that write the same rows in different orders must lock them in one order, or Postgres ends one of them.
 *
 * A third transaction holds the row in the middle until both wait: if their orders differ, each has a row that the other needs.
 */
import { deepStrictEqual } from "node:assert/strict";
import { event, ingest, type Receipt, type StoredEvent } from "../events.ts";
import {
  addMatch,
  CAMPAIGN,
  NOW,
  openCreate,
  type OpenedCreate,
  seconds,
  type Sql,
  startRun,
  type Suite,
  withSuite,
} from "../fixtures.ts";

const POLLS_MAX = 500;
const POLL_MS = 20;

async function whileHeld<A, B>(
  { sql }: Suite,
  hold: (held: Sql) => Promise<unknown>,
  first: () => Promise<A>,
  second: () => Promise<B>,
): Promise<[A, B]> {
  const held = await sql.reserve();
  try {
    await held`begin`;
    await hold(held);
    const one = first();
    await untilWaiting(sql, 1);
    const other = second();
    await untilWaiting(sql, 2);
    await held`rollback`;
    return await Promise.all([one, other]);
  } finally {
    held.release();
  }
}

async function untilWaiting(sql: Sql, wanted: number): Promise<void> {
  for (let polls = 0; polls < POLLS_MAX; polls++) {
    const [{ waiting } = { waiting: 0 }] = await sql<{ waiting: number }[]>`
      select count(*)::int as waiting from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`;
    if (waiting === wanted) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`Cannot go on: ${wanted} must wait for a lock, got fewer`);
}

/** Three matches, in the order of their ledger rows' keys. */
async function threeMatches(suite: Suite): Promise<[OpenedCreate, OpenedCreate, OpenedCreate]> {
  const runId = await startRun(suite);
  const opened: OpenedCreate[] = [];
  for (const match of [1001, 1002, 1003]) {
    await addMatch(suite, match);
    opened.push(await openCreate(suite, runId, match));
  }
  const [first, middle, last] = opened.sort((a, b) => a.ledger_id < b.ledger_id ? -1 : 1);
  return [first!, middle!, last!];
}

const holdRow = ({ ledger_id }: OpenedCreate) => (held: Sql) =>
  held`select from public.schedule_ledger where id = ${ledger_id} for no key update`;

const proofOf = ({ ledger_id, generation }: OpenedCreate) => ({
  ledger_id,
  generation,
  proof: "push",
});

Deno.test(
  "concurrent ingest_events() of the same events in different orders do not deadlock",
  withSuite(async (suite) => {
    const events = ["a", "b", "c"].map((id) => event(id));
    const [first, second] = await whileHeld(
      suite,
      (held) =>
        held`
          select public.ingest_events(
            ${held.json([event("b")] as never)}, '[]', '[]', '[]', gen_random_uuid(), ${NOW}
          )`,
      () => ingest(suite, { events }),
      () => ingest(suite, { events: events.toReversed() }),
    );
    deepStrictEqual([first.recorded, second.recorded, second.duplicates], [3, 0, 3]);
  }),
);

Deno.test(
  "concurrent ingest_identified_events() of the same events in different orders do not deadlock, and store each once",
  withSuite(async (suite) => {
    const [{ ledger_id }] = await threeMatches(suite);
    const claims = [["ledger_id", ledger_id]];
    const names = [{
      claims,
      generation: null,
      send_id: null,
      campaign_id: CAMPAIGN,
      due_by: null,
    }];
    const events = ["a", "b", "c"].map((id) => ({ ...event(id), names: 1, proof: null }));
    const named = (p_events: readonly unknown[]) =>
      suite.call<Receipt>("ingest_identified_events", {
        p_events,
        p_explicit_ids: names,
        p_run_id: crypto.randomUUID(),
        p_now: NOW,
      });
    const [first, second] = await whileHeld(
      suite,
      (held) =>
        held`
          select public.ingest_events(
            ${held.json([event("b")] as never)}, '[]', '[]', '[]', gen_random_uuid(), ${NOW}
          )`,
      () => named(events),
      () => named(events.toReversed()),
    );
    deepStrictEqual([first.recorded, second.recorded, second.duplicates], [3, 0, 3]);
  }),
);

Deno.test(
  "concurrent ingest_events() that prove the same sends in different orders do not deadlock",
  withSuite(async (suite) => {
    const matches = await threeMatches(suite);
    const proofs = matches.map(proofOf);
    await whileHeld(
      suite,
      holdRow(matches[1]),
      () => ingest(suite, { proofs, now: seconds(1) }),
      () => ingest(suite, { proofs: proofs.toReversed(), now: seconds(2) }),
    );
    const ledgers = await suite.sql`select status, sent_confirmed_at from public.schedule_ledger`;
    deepStrictEqual(
      ledgers.map(({ status, sent_confirmed_at }) => [status, sent_confirmed_at]),
      matches.map(() => ["sent", seconds(1)]),
    );
  }),
);

/** The event is attributed to another match. */
function moved(stored: StoredEvent, to: OpenedCreate) {
  return {
    ...stored,
    from_method: stored.correlation_method,
    from_ledger_id: stored.ledger_id,
    from_generation: stored.generation,
    ledger_id: to.ledger_id,
    match_id: Number(to.request.trigger_properties.match_id),
    generation: to.generation,
    correlation_method: "dispatch_id",
    confidence: "high",
    candidate_match_ids: null,
  };
}

Deno.test(
  "concurrent reattribute_events() that revoke proofs of each other's matches do not deadlock",
  withSuite(async (suite) => {
    const [first, middle, last] = await threeMatches(suite);
    const guessed = ({ ledger_id, generation, request }: OpenedCreate) =>
      event(`guess of ${ledger_id}`, {
        ledger_id,
        generation,
        match_id: Number(request.trigger_properties.match_id),
        dispatch_id: `dispatch of ${ledger_id}`,
        correlation_method: "time_exact",
        confidence: "medium",
      });
    const [ofFirst, ofMiddle, ofLast] = [guessed(first), guessed(middle), guessed(last)];
    await ingest(suite, { events: [ofFirst, ofMiddle, ofLast] });
    const reattribute = (reattributions: unknown[], proofs: unknown[]) => () =>
      suite.call<{ reattributed: number }>("reattribute_events", {
        p_reattributions: reattributions,
        p_proofs: proofs,
        p_function: "braze-webhook",
        p_run_id: crypto.randomUUID(),
        p_now: seconds(60),
      });

    const [one, other] = await whileHeld(
      suite,
      holdRow(middle),
      reattribute([moved(ofFirst, last), moved(ofMiddle, last)], [proofOf(last)]),
      reattribute([moved(ofLast, middle)], [proofOf(middle), proofOf(first)]),
    );
    deepStrictEqual([one.reattributed, other.reattributed], [2, 1]);
    const statuses = await suite.sql`select status::text from public.schedule_ledger`;
    deepStrictEqual(statuses.map(({ status }) => status), ["sent", "sent", "sent"]);
  }),
);
