import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { addMatch, createSchedule, endRun, minutes, NOW, startRun, withSuite } from "./fixtures.ts";
import { changeWithoutAnswer, MATCH } from "./reconciling.ts";

Deno.test(
  "load_reconciliation() returns pending, recent and unresolved matches with the last scheduler run",
  withSuite(async (suite) => {
    const change = await changeWithoutAnswer(suite, "delete");
    await addMatch(suite, 1002);
    await createSchedule(suite, change.runId, 1002, { p_send_at: minutes(-10_000) });
    await suite.sql`
      update public.schedule_ledger
      set status = 'sent', sent_evidence = 'push', sent_confirmed_at = ${NOW} where match_id = 1002`;
    await addMatch(suite, 1003);
    await suite.sql`update public.matches set updated_at = ${minutes(5)} where id = 1003`;
    await suite.sql`update public.matches set updated_at = ${minutes(-5)} where id <> 1003`;
    await endRun(suite, change.runId);
    // deno-lint-ignore no-explicit-any -- as it is answered
    const load = (now: Date): Promise<any> =>
      suite.call("load_reconciliation", { p_past_from: minutes(-2_880), p_now: now });

    const known = await load(minutes(10));
    deepStrictEqual(known.matches.map((match: { match_id: number }) => match.match_id), [MATCH]);
    strictEqual(known.matches[0].schedules[0].state, "deleting");
    deepStrictEqual(
      known.attempts.map((one: Record<string, unknown>) => [one.kind, one.is_superseded]),
      [["delete", false]],
    );
    deepStrictEqual(new Date(known.scheduler_ran_at), NOW);
    deepStrictEqual(known.fresh_match_ids, [1003]);
    strictEqual((await load(minutes(2_000))).scheduler_ran_at, null, "too long ago to count");
  }),
);

Deno.test(
  "load_reconciliation() omits a send id that other matches share",
  withSuite(async (suite) => {
    await addMatch(suite, MATCH);
    const runId = await startRun(suite);
    const { ledger_id } = await createSchedule(suite, runId, MATCH, { p_send_id: "send-1" });
    const sendId = async () => {
      // deno-lint-ignore no-explicit-any -- as it is answered
      const known: any = await suite.call("load_reconciliation", { p_past_from: NOW, p_now: NOW });
      return known.matches[0].send_id;
    };
    strictEqual(await sendId(), "send-1");
    await suite.sql`
      insert into public.schedule_identifiers (kind, value, ledger_id, ambiguous, source, first_seen_at)
      values ('send_id', 'send-1', ${ledger_id}, true, 'event', ${NOW})`;
    strictEqual(await sendId(), null);
  }),
);
