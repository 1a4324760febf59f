import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import {
  addMatch,
  CAMPAIGN,
  createSchedule,
  ledgerRow,
  NOW,
  only,
  openCreate,
  type OpenedCreate,
  scheduledMatch,
  scheduleRow,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { schedules } from "./preflight.ts";

const NOTE = "Schedule not found in Braze pre-flight check";

interface Check {
  readonly result: string;
  readonly dispatch_id?: string | null;
  readonly send_id?: string | null;
}

function note(
  { call }: Suite,
  checks: readonly (Check & Pick<OpenedCreate, "ledger_id" | "generation">)[],
  now = NOW,
): Promise<readonly number[]> {
  return call("record_preflight", {
    p_checks: checks.map(({ ledger_id, generation, result, dispatch_id, send_id }) => ({
      ledger_id,
      generation,
      result,
      dispatch_id: dispatch_id ?? null,
      send_id: send_id ?? null,
    })),
    p_note: NOTE,
    p_now: now,
  });
}

/** Each dispatch id and send id that is registered, with its generation. */
async function registered({ sql }: Suite): Promise<string[]> {
  const rows = await sql`
    select kind, value, generation from public.schedule_identifiers
    where kind <> 'schedule_id' order by kind, value`;
  return rows.map(({ kind, value, generation }) => `${kind} ${value} ${generation}`);
}

function of(opened: OpenedCreate | undefined) {
  if (opened === undefined) throw new Error("Cannot check: no schedule was made");
  return { ledger_id: opened.ledger_id, generation: opened.generation };
}

Deno.test(
  "record_preflight() records the result and its time",
  withSuite(async (suite) => {
    const opened = await schedules(suite, { 1: 10, 2: 10 });
    await note(suite, [{ ...of(opened.get(1)), result: "unknown" }]);
    const { preflight_at, preflight_result, status } = await ledgerRow(suite, 1);
    deepStrictEqual([preflight_at, preflight_result, status], [NOW, "unknown", "pending"]);
    strictEqual((await ledgerRow(suite, 2)).preflight_at, null);
  }),
);

for (const result of ["ok", "unknown", "campaign_stopped", "changed", "no_schedule_id"]) {
  Deno.test(
    `record_preflight() cancels nothing for ${result}`,
    withSuite(async (suite) => {
      const target = await scheduledMatch(suite);
      deepStrictEqual(await note(suite, [{ ...of(target), result }]), []);
      strictEqual((await ledgerRow(suite, 1001)).status, "pending");
      strictEqual((await scheduleRow(suite, target)).state, "live");
    }),
  );
}

Deno.test(
  "record_preflight() cancels an absent row with its schedule, and reports it again when called again",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const checks = [{ ...of(target), result: "absent" }];
    await suite.sql`update public.braze_schedules set absent_at = ${NOW}`;
    deepStrictEqual(await note(suite, checks), [1001]);
    const first = await ledgerRow(suite, 1001);
    deepStrictEqual(
      [first.status, first.cancel_reason, first.notes, first.preflight_result],
      ["cancelled", "dashboard", NOTE, "absent"],
    );
    strictEqual((await scheduleRow(suite, target)).state, "deleted");
    deepStrictEqual(await note(suite, checks), [1001], "the answer was lost");
    deepStrictEqual(await ledgerRow(suite, 1001), first);
  }),
);

Deno.test(
  "record_preflight() leaves a row unchanged that was resolved or recreated since the check",
  withSuite(async (suite) => {
    const opened = await schedules(suite, { 1: 10, 2: 10 });
    await suite.sql`
      update public.schedule_ledger
      set status = 'sent', sent_evidence = 'push', sent_confirmed_at = ${NOW} where match_id = 1`;
    const cancelled = await note(suite, [
      { ...of(opened.get(1)), result: "absent" },
      { ...of(opened.get(2)), generation: 2, result: "absent" },
    ]);
    deepStrictEqual(cancelled, []);
    for (const [id, status] of [[1, "sent"], [2, "pending"]] as const) {
      const row = await ledgerRow(suite, id);
      deepStrictEqual([row.status, row.preflight_result], [status, null]);
    }
  }),
);

Deno.test(
  "record_preflight() fills missing ids of the ledger and registers them",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    const checks = [{ ...of(target), result: "ok", dispatch_id: "d-1", send_id: "s-1" }];
    await note(suite, checks);
    deepStrictEqual(await registered(suite), ["dispatch_id d-1 1", "send_id s-1 1"]);
    const row = await ledgerRow(suite, 1001);
    deepStrictEqual([row.dispatch_id, row.send_id], ["d-1", "s-1"]);
  }),
);

Deno.test(
  "record_preflight() keeps known ids of the ledger and registers the others",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await note(suite, [{ ...of(target), result: "ok", dispatch_id: "d-1", send_id: "s-1" }]);
    await note(suite, [{ ...of(target), result: "ok", dispatch_id: "d-2" }]);
    deepStrictEqual(await registered(suite), [
      "dispatch_id d-1 1",
      "dispatch_id d-2 1",
      "send_id s-1 1",
    ]);
    strictEqual((await ledgerRow(suite, 1001)).dispatch_id, "d-1");
  }),
);

Deno.test(
  "record_preflight() writes no id to a ledger row if two rows share it",
  withSuite(async (suite) => {
    const opened = await schedules(suite, { 1: 10, 2: 10 });
    await note(suite, [
      { ...of(opened.get(1)), result: "ok", dispatch_id: "shared" },
      { ...of(opened.get(2)), result: "ok", dispatch_id: "shared" },
    ]);
    const { ambiguous } = only(
      await suite.sql`select ambiguous from public.schedule_identifiers where value = 'shared'`,
    );
    strictEqual(ambiguous, true);
    strictEqual((await ledgerRow(suite, 1)).dispatch_id, null);
    strictEqual((await ledgerRow(suite, 2)).dispatch_id, null);
  }),
);

Deno.test(
  "record_preflight() registers Braze's send id with its generation, and needs not register one of our own form",
  withSuite(async (suite) => {
    await addMatch(suite, 1);
    await addMatch(suite, 2);
    const runId = await startRun(suite);
    const ours = await openCreate(suite, runId, 1);
    const theirs = await openCreate(suite, runId, 2);
    await note(suite, [
      { ...of(ours), result: "ok", send_id: "match-1" },
      { ...of(theirs), result: "ok", send_id: "braze-2" },
    ]);
    deepStrictEqual(await registered(suite), ["send_id braze-2 1"]);
    deepStrictEqual(
      [(await ledgerRow(suite, 1)).send_id, (await ledgerRow(suite, 2)).send_id],
      ["match-1", "braze-2"],
    );
  }),
);

Deno.test(
  "record_preflight() writes no send id to a ledger row that names another match",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await note(suite, [{ ...of(target), result: "ok", send_id: "match-7" }]);
    strictEqual((await ledgerRow(suite, 1001)).send_id, null);
  }),
);

Deno.test(
  "the next schedule of a match gets our own send id, and never one that Braze made",
  withSuite(async (suite) => {
    await addMatch(suite, 1);
    await addMatch(suite, 2);
    const runId = await startRun(suite);
    const theirs = await createSchedule(suite, runId, 1);
    const ours = await createSchedule(suite, runId, 2, { p_send_id: "match-2" });
    await note(suite, [
      { ...of(theirs), result: "ok", send_id: "braze-1" },
      { ...of(ours), result: "ok", send_id: "match-2" },
    ]);
    await suite.sql`update public.braze_schedules set state = 'deleted'`;
    const again = (matchId: number, sendId: string) =>
      openCreate(suite, runId, matchId, { p_send_id: sendId });
    strictEqual((await again(1, "match-1")).request.send_id, "match-1");
    strictEqual((await again(2, "match-2")).request.send_id, "match-2");
  }),
);

Deno.test(
  "concurrent record_preflight() of the same rows in different orders does not deadlock",
  withSuite(async (suite) => {
    const ids = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [index + 1, 10]));
    const opened = [...(await schedules(suite, ids)).values()];
    const checks = opened.map((one, index) => ({
      ...of(one),
      result: "ok",
      dispatch_id: `d-${index}`,
    }));
    await Promise.all(
      Array.from(
        { length: 6 },
        (_, index) => note(suite, index % 2 === 0 ? checks : checks.toReversed()),
      ),
    );
    const row = only(
      await suite.sql`
      select count(*)::int as checked from public.schedule_ledger where preflight_result = 'ok'`,
    );
    strictEqual(row.checked, 20);
  }),
);

Deno.test(
  "a ledger row refuses an unknown result, and a result without its time",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    const set = (result: string | null, at: Date | null) =>
      suite
        .sql`update public.schedule_ledger set preflight_result = ${result}, preflight_at = ${at}`;
    await rejects(set("fine", NOW), { constraint_name: "preflight_result_is_known" });
    await rejects(set("ok", null), { constraint_name: "preflight_result_has_its_time" });
    strictEqual((await ledgerRow(suite, 1001)).campaign_id, CAMPAIGN);
  }),
);
