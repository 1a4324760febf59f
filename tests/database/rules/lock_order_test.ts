/**
 * Two requests that write the same rows must lock them in one order, or Postgres ends one of them.
 *
 * A pause in the middle of each write makes the overlap certain, which production has by chance.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { event, ingest, proving } from "../events.ts";
import {
  addMatch,
  answered,
  close,
  ledgerRow,
  NOW,
  openCreate,
  type OpenedCreate,
  seconds,
  startRun,
  type Suite,
  withSuite,
} from "../fixtures.ts";

const HEAD_START_MS = 60;

/** Each row that is written to the table holds its writer up while it keeps the locks it has. */
async function pauseAtEachRow(
  { sql }: Suite,
  table: string,
  // Postgres keeps the triggers of `after` until the statement has written all its rows.
  moment: "before insert" | "after insert or update" = "after insert or update",
): Promise<void> {
  await sql.unsafe(`
    create function public.pause() returns trigger language plpgsql
      as 'begin perform pg_catalog.pg_sleep(0.25); return new; end';
    grant execute on function public.pause() to service_role;
    -- The name sorts before those of the foreign keys' triggers, and so does its turn.
    create trigger "A_pause" ${moment} on ${table}
      for each row execute function public.pause();`);
}

async function openedCreate(suite: Suite) {
  await addMatch(suite, 1001);
  const opened = await openCreate(suite, await startRun(suite), 1001);
  const { ledger_id, generation } = opened;
  return {
    ...opened,
    dispatchId: { kind: "dispatch_id", value: "dispatch-1", ledger_id, generation },
  };
}

function inTurn<A, B>(first: () => Promise<A>, second: () => Promise<B>): Promise<[A, B]> {
  return Promise.all([
    first(),
    new Promise((resolve) => setTimeout(resolve, HEAD_START_MS)).then(second),
  ]);
}

Deno.test(
  "ingest_events() that proves a send and close_attempt() of its create do not deadlock",
  withSuite(async (suite) => {
    const { dispatchId, ...opened } = await openedCreate(suite);
    await pauseAtEachRow(suite, "public.schedule_identifiers");
    const [receipt, closed] = await inTurn(
      () => ingest(suite, { events: [proving("e1", opened, { identifiers: [dispatchId] })] }),
      () => close(suite, opened.attempt_id, "succeeded", answered("schedule-1", "dispatch-1")),
    );
    strictEqual(receipt.recorded, 1);
    strictEqual((await ledgerRow(suite, 1001)).status, "sent");
    strictEqual(closed.outcome, "succeeded");
  }),
);

Deno.test(
  "ingest_events() that registers an identifier and close_attempt() of its create do not deadlock",
  withSuite(async (suite) => {
    const { dispatchId, ...opened } = await openedCreate(suite);
    await pauseAtEachRow(suite, "public.schedule_identifiers");
    const [receipt, closed] = await inTurn(
      () => ingest(suite, { events: [event("e1", { identifiers: [dispatchId] })] }),
      () => close(suite, opened.attempt_id, "succeeded", answered("schedule-1", "dispatch-1")),
    );
    strictEqual(receipt.registered, 1);
    strictEqual(closed.outcome, "succeeded");
  }),
);

Deno.test(
  "concurrent ingest_events() with the same proofs in different orders do not deadlock",
  withSuite(async (suite) => {
    const runId = await startRun(suite);
    const opened: OpenedCreate[] = [];
    for (const match of [1001, 1002, 1003]) {
      await addMatch(suite, match);
      opened.push(await openCreate(suite, runId, match));
    }
    // Different events of the same sends: only their proofs meet.
    const events = (request: string) =>
      opened.map((target, index) =>
        proving(`${request}-${index}`, { ...target, match_id: 1001 + index })
      );
    await pauseAtEachRow(suite, "public.schedule_ledger");
    await inTurn(
      () => ingest(suite, { events: events("one"), now: seconds(1) }),
      () => ingest(suite, { events: events("other").toReversed(), now: seconds(2) }),
    );
    for (const match of [1001, 1002, 1003]) {
      const { status, sent_confirmed_at } = await ledgerRow(suite, match);
      deepStrictEqual(
        [status, sent_confirmed_at],
        ["sent", seconds(1)],
        "the second request finds them sent already",
      );
    }
  }),
);

Deno.test(
  "concurrent raise_alerts() of the same alerts in different orders do not deadlock",
  withSuite(async (suite) => {
    await pauseAtEachRow(suite, "public.alerts", "before insert");
    const alerts = ["a", "b", "c"].map((fingerprint) => ({
      fingerprint,
      rule: "create_unknown",
      severity: "warning",
      audience: "admin",
      title: "A create was not heard of again",
      details: {},
    }));
    const raise = (p_alerts: unknown[]) => suite.call("raise_alerts", { p_alerts, p_now: NOW });
    const raised = await inTurn(() => raise(alerts), () => raise(alerts.toReversed()));
    deepStrictEqual(raised, [3, 0]);
  }),
);

Deno.test(
  "one of two concurrent close_attempt() of an attempt closes it",
  withSuite(async (suite) => {
    const { attempt_id } = await openedCreate(suite);
    await pauseAtEachRow(suite, "public.schedule_attempts");
    const [first, second] = await inTurn(
      () => close(suite, attempt_id, "succeeded", answered("schedule-1")),
      () => close(suite, attempt_id, "unknown"),
    );
    strictEqual(first.outcome, "succeeded");
    strictEqual(second.outcome, "succeeded");
  }),
);
