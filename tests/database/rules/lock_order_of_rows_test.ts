/**
 * Two requests that write the same rows in different orders must lock them in one order, or Postgres ends one of them.
 *
 * A third transaction holds the row in the middle until both wait: if their orders differ, each has a row that the other needs.
 */
import { deepStrictEqual } from "node:assert/strict";
import { columnsOf, event, ingest, proving, type StoredEvent } from "../events.ts";
import {
  addMatch,
  minutes,
  NOW,
  openCreate,
  type OpenedCreate,
  seconds,
  type Sql,
  startRun,
  type Suite,
  withSuite,
} from "../fixtures.ts";
import { store, verdict } from "../rejudging.ts";

/** Sends are due at minutes(540). */
const SENT_AT = minutes(541);
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

const matchOf = ({ request }: OpenedCreate) => Number(request.trigger_properties.match_id);

const proofOf = (id: string, opened: OpenedCreate) =>
  proving(id, { ...opened, match_id: matchOf(opened) }, { sent_at: SENT_AT });

Deno.test(
  "concurrent ingest_events() of the same events in different orders do not deadlock",
  withSuite(async (suite) => {
    const events = ["a", "b", "c"].map((id) => event(id, { sent_at: SENT_AT }));
    const [first, second] = await whileHeld(
      suite,
      (held) =>
        held`
          select public.ingest_events(
            ${
          held.json([event("b", { sent_at: SENT_AT })] as never)
        }, '[]', gen_random_uuid(), ${NOW}
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
    const [{ ledger_id, generation }] = await threeMatches(suite);
    const kind = { ledger_id, generation, first_at: SENT_AT, last_send_at: SENT_AT };
    const events = ["a", "b", "c"].map((id) => event(id, { sent_at: SENT_AT }));
    const named = (events: readonly StoredEvent[]) =>
      suite.call<{ readonly recorded: number; readonly repeated: readonly number[] }>(
        "ingest_identified_events",
        columnsOf(kind, events, NOW),
      );
    const [first, second] = await whileHeld(
      suite,
      (held) =>
        held`
          select public.ingest_events(
            ${
          held.json([event("b", { sent_at: SENT_AT })] as never)
        }, '[]', gen_random_uuid(), ${NOW}
          )`,
      () => named(events),
      () => named(events.toReversed()),
    );
    deepStrictEqual([first.recorded, second.recorded, second.repeated], [3, 0, [1, 2, 3]]);
  }),
);

Deno.test(
  "concurrent ingest_events() that prove the same sends in different orders do not deadlock",
  withSuite(async (suite) => {
    const matches = await threeMatches(suite);
    // Different events of the same sends: only their proofs meet.
    const events = (request: string) =>
      matches.map((each) => proofOf(`${request} ${matchOf(each)}`, each));
    await whileHeld(
      suite,
      holdRow(matches[1]),
      () => ingest(suite, { events: events("one"), now: seconds(1) }),
      () => ingest(suite, { events: events("other").toReversed(), now: seconds(2) }),
    );
    const ledgers = await suite.sql`select status, sent_confirmed_at from public.schedule_ledger`;
    deepStrictEqual(
      ledgers.map(({ status, sent_confirmed_at }) => [status, sent_confirmed_at]),
      matches.map(() => ["sent", seconds(1)]),
    );
  }),
);

Deno.test(
  "concurrent store_rejudgements() that revoke proofs of each other's matches do not deadlock",
  withSuite(async (suite) => {
    const [first, middle, last] = await threeMatches(suite);
    const [ofFirst, ofMiddle, ofLast] = [first, middle, last].map((each) => proofOf("a", each))
      .map((proof, index) => ({ ...proof, event_id: `of ${index}` })) as [
        StoredEvent,
        StoredEvent,
        StoredEvent,
      ];
    await ingest(suite, { events: [ofFirst, ofMiddle, ofLast] });
    const moved = (stored: StoredEvent, to: OpenedCreate) =>
      verdict(stored, {
        ledger_id: to.ledger_id,
        match_id: matchOf(to),
        generation: to.generation,
      });
    const judge = (...verdicts: Record<string, unknown>[]) => () =>
      store(suite, { ids: [] }, { verdicts });

    const changed = await whileHeld(
      suite,
      holdRow(middle),
      judge(moved(ofFirst, last), moved(ofMiddle, last)),
      judge(moved(ofLast, middle)),
    );
    deepStrictEqual(changed, [2, 1]);
    const statuses = await suite.sql`
      select status::text from public.schedule_ledger order by id`;
    deepStrictEqual(statuses.map(({ status }) => status), ["pending", "sent", "sent"]);
  }),
);

Deno.test(
  "concurrent store_rejudgements() of the same events in different orders do not deadlock",
  withSuite(async (suite) => {
    const [first] = await threeMatches(suite);
    const events = ["a", "b", "c"].map((id) => event(id, { sent_at: SENT_AT }));
    await ingest(suite, { events });
    const verdicts = events.map((each) =>
      verdict(each, {
        match_id: matchOf(first),
        ledger_id: first.ledger_id,
        generation: 1,
        correlation_method: "dispatch_id",
        confidence: "high",
      })
    );
    const changed = await whileHeld(
      suite,
      (held) => held`select from public.notification_sends where event_id = 'b' for no key update`,
      () => store(suite, { ids: [] }, { verdicts }),
      () => store(suite, { ids: [] }, { verdicts: verdicts.toReversed() }),
    );
    deepStrictEqual(changed, [3, 0]);
  }),
);
