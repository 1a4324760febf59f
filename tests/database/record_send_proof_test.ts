import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ingest, proving } from "./events.ts";
import {
  attemptRow,
  close,
  ledgerRow,
  NOW,
  only,
  openCreate,
  scheduledMatch,
  scheduleRow,
  seconds,
  type Suite,
  withSuite,
} from "./fixtures.ts";

type Target = Pick<Awaited<ReturnType<typeof scheduledMatch>>, "ledger_id" | "generation">;

function prove(
  suite: Suite,
  { ledger_id, generation }: Target,
  proof: "push" | "webhook",
  now = NOW,
  ids: { dispatch_id?: string; send_id?: string } = {},
) {
  const events = [proving(crypto.randomUUID(), { ledger_id, generation }, { proof, ...ids })];
  return ingest(suite, { events, now });
}

async function verdict(suite: Suite): Promise<unknown[]> {
  const ledger = await ledgerRow(suite, 1001);
  return [ledger.status, ledger.sent_evidence, ledger.sent_confirmed_at];
}

/** The details of each alert about a send that was not wanted. */
async function unexpectedSends({ sql }: Suite): Promise<unknown[]> {
  const alerts = await sql`
    select details from public.alerts where rule = 'unexpected_send' order by fingerprint`;
  return alerts.map(({ details }) => details);
}

Deno.test(
  "record_send_proof() marks the row as sent on the first proof, and stores its ids",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await prove(suite, target, "push", seconds(1), { dispatch_id: "d1", send_id: "s1" });
    deepStrictEqual(await verdict(suite), ["sent", "push", seconds(1)]);
    const ledger = await ledgerRow(suite, 1001);
    deepStrictEqual([ledger.dispatch_id, ledger.send_id], ["d1", "s1"]);
    const schedule = await scheduleRow(suite, target);
    deepStrictEqual([schedule.state, schedule.first_event_at], ["completed", seconds(1)]);
  }),
);

Deno.test(
  "record_send_proof() writes for the first proof only; later proofs write nothing",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await prove(suite, target, "push", seconds(1), { dispatch_id: "d1" });
    const version = async () => {
      const [row] = await suite.sql`
        select ledger.xmin::text || ' ' || schedule.xmin::text as version
        from public.schedule_ledger as ledger, public.braze_schedules as schedule`;
      return row?.version;
    };
    const before = await version();
    for (const proof of ["push", "webhook"] as const) {
      await prove(suite, target, proof, seconds(9), { dispatch_id: "d2" });
    }
    strictEqual(await version(), before);
  }),
);

Deno.test(
  "record_send_proof() replaces a webhook by a push as evidence, never the reverse",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await prove(suite, target, "webhook", seconds(1));
    deepStrictEqual(await verdict(suite), ["sent", "webhook", seconds(1)]);
    await prove(suite, target, "push", seconds(2));
    deepStrictEqual(await verdict(suite), ["sent", "push", seconds(1)]);
    deepStrictEqual((await scheduleRow(suite, target)).first_event_at, seconds(1));
    await prove(suite, target, "webhook", seconds(3));
    deepStrictEqual(await verdict(suite), ["sent", "push", seconds(1)]);
  }),
);

Deno.test(
  "record_send_proof() stores the stronger of two concurrent proofs",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await ingest(suite, {
      events: [
        proving("a", target, { channel: "webhook", proof: "webhook" }),
        proving("b", target),
      ],
    });
    deepStrictEqual(await verdict(suite), ["sent", "push", NOW]);
  }),
);

Deno.test(
  "record_send_proof() keeps a manual confirmation, and records that events prove the send",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await suite.sql`
      update public.schedule_ledger
      set status = 'sent', sent_evidence = 'operator', sent_confirmed_at = ${NOW}`;
    await prove(suite, target, "webhook", seconds(1));
    deepStrictEqual(await verdict(suite), ["sent", "operator", NOW]);
    deepStrictEqual((await scheduleRow(suite, target)).first_event_at, seconds(1));
  }),
);

for (const cancelReason of ["plan", "dashboard", "operator"]) {
  Deno.test(
    `record_send_proof() marks a row cancelled by ${cancelReason} as sent, since facts override intents`,
    withSuite(async (suite) => {
      const target = await scheduledMatch(suite);
      await suite.sql`
        update public.schedule_ledger set status = 'cancelled', cancel_reason = ${cancelReason}`;
      await suite.sql`update public.braze_schedules set state = 'deleted'`;
      await prove(suite, target, "push");
      deepStrictEqual(await unexpectedSends(suite), [
        { generation: 1, current_generation: 1, state_before: "deleted", delete_confirmed: false },
      ]);
      deepStrictEqual(await verdict(suite), ["sent", "push", NOW]);
      strictEqual((await ledgerRow(suite, 1001)).cancel_reason, null);
    }),
  );
}

Deno.test(
  "record_send_proof() of an old generation raises an alert and leaves the status to the current one",
  withSuite(async (suite) => {
    const first = await scheduledMatch(suite);
    await suite.sql`update public.braze_schedules set state = 'deleted'`;
    const second = await openCreate(suite, first.runId, 1001);
    await prove(suite, first, "push", seconds(1), { dispatch_id: "d1" });
    deepStrictEqual(await unexpectedSends(suite), [
      { generation: 1, current_generation: 2, state_before: "deleted", delete_confirmed: false },
    ]);
    deepStrictEqual(await verdict(suite), ["pending", null, null]);
    strictEqual((await ledgerRow(suite, 1001)).dispatch_id, null);
    strictEqual((await scheduleRow(suite, first)).state, "completed");
    strictEqual((await scheduleRow(suite, second)).state, "creating");
    await prove(suite, first, "push");
    strictEqual(only(await suite.sql`select occurrences from public.alerts`).occurrences, 1);
  }),
);

Deno.test(
  "record_send_proof() resolves a create of unknown outcome",
  withSuite(async (suite) => {
    const first = await scheduledMatch(suite);
    await suite.sql`update public.braze_schedules set state = 'failed'`;
    const second = await openCreate(suite, first.runId, 1001);
    await close(suite, second.attempt_id, "unknown");
    await prove(suite, second, "push", seconds(7));
    strictEqual((await scheduleRow(suite, second)).state, "completed");
    const attempt = await attemptRow(suite, second.attempt_id);
    deepStrictEqual(
      [attempt.outcome, attempt.resolved_as, attempt.resolved_at],
      ["unknown", "proved_by_events", seconds(7)],
    );
    strictEqual((await attemptRow(suite, first.attempt_id)).resolved_as, null, "only that one");
  }),
);

Deno.test(
  "record_send_proof() ignores a generation that was never created",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    await prove(suite, { ledger_id, generation: 7 }, "push");
    deepStrictEqual(await unexpectedSends(suite), []);
    deepStrictEqual(await verdict(suite), ["pending", null, null]);
  }),
);

Deno.test(
  "record_send_proof() of many concurrent first proofs treats exactly one as the first",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await suite.sql`update public.braze_schedules set state = 'deleted'`;
    await Promise.all(
      Array.from({ length: 8 }, (_, index) => prove(suite, target, "push", seconds(index))),
    );
    strictEqual(only(await suite.sql`select occurrences from public.alerts`).occurrences, 1);
    const ledger = await ledgerRow(suite, 1001);
    const schedule = await scheduleRow(suite, target);
    deepStrictEqual(ledger.sent_confirmed_at, schedule.first_event_at);
  }),
);
