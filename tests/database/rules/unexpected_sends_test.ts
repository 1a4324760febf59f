import { deepStrictEqual } from "node:assert/strict";
import { ingest, proving } from "../events.ts";
import { minutes, scheduledMatch, withSuite } from "../fixtures.ts";
import { alerts, markDeleted, prove } from "../unexpected_sends.ts";

const deletedOnce = {
  fingerprint: "unexpected_send:1001:1",
  kind: "harm",
  severity: "critical",
  title:
    "Match 1001 Home 1001–Away 1001: sent although Braze had confirmed its delete (schedule 1)",
  occurrences: 1,
  match_id: 1001,
  is_open: true,
};

Deno.test(
  "the first event of a deleted schedule raises unexpected_send, later ones do not",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await markDeleted(suite, match);
    await prove(suite, match, 1);
    deepStrictEqual(await alerts(suite), [deletedOnce]);
    await prove(suite, match, 1, minutes(542));
    deepStrictEqual(await alerts(suite), [deletedOnce]);
  }),
);

Deno.test(
  "two concurrent requests that prove the same unwanted send raise one alert",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await markDeleted(suite, match);
    await Promise.all(Array.from({ length: 6 }, () => prove(suite, match, 1)));
    deepStrictEqual(await alerts(suite), [deletedOnce]);
  }),
);

Deno.test(
  "an old schedule that is sent beside its successor raises unexpected_send, the successor does not",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await suite.sql`
      insert into public.braze_schedules
        (ledger_id, generation, campaign_id, braze_schedule_id, send_at_utc, state, created_at, updated_at)
      select ledger_id, 2, campaign_id, 'schedule-1001-2', send_at_utc, 'live', created_at, updated_at
      from public.braze_schedules where ledger_id = ${match.ledger_id}`;
    await suite.sql`update public.schedule_ledger set generation = 2 where id = ${match.ledger_id}`;
    await prove(suite, match, 2);
    deepStrictEqual(await alerts(suite), []);
    await prove(suite, match, 1);
    deepStrictEqual((await alerts(suite)).map(({ title }) => title), [
      "Match 1001 Home 1001–Away 1001: an old schedule was sent (schedule 1)",
    ]);
  }),
);

Deno.test(
  "a schedule of a cancelled match that Braze refused to delete raises unexpected_send when it is sent",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await suite.sql`update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan'`;
    await suite.sql`update public.braze_schedules set state = 'unknown'`;
    await prove(suite, match, 1);
    deepStrictEqual(await alerts(suite), [{
      ...deletedOnce,
      title: "Match 1001 Home 1001–Away 1001: sent although it was cancelled (schedule 1)",
    }]);
  }),
);

for (
  const [state, says] of [
    ["deleting", "sent before its delete was confirmed"],
    ["deleted", "sent although it was taken for gone"],
  ] as const
) {
  Deno.test(
    `a schedule that is ${state} without Braze's confirmation is not said to have been deleted`,
    withSuite(async (suite) => {
      const match = await scheduledMatch(suite);
      await suite.sql`update public.braze_schedules set state = ${state}`;
      await prove(suite, match, 1);
      deepStrictEqual((await alerts(suite)).map(({ title }) => title), [
        `Match 1001 Home 1001–Away 1001: ${says} (schedule 1)`,
      ]);
    }),
  );
}

Deno.test(
  "a wanted send raises nothing",
  withSuite(async (suite) => {
    await prove(suite, await scheduledMatch(suite), 1);
    deepStrictEqual(await alerts(suite), []);
  }),
);

Deno.test(
  "the alert and its event are rolled back together",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await markDeleted(suite, match);
    // A later statement of the same transaction fails.
    const broken = { kind: "no such kind", value: "x", ledger_id: match.ledger_id, generation: 1 };
    await ingest(suite, { events: [proving("a", match, { identifiers: [broken] })] }).then(() => {
      throw new Error("Cannot test: the transaction must fail, and did not");
    }, () => {});
    deepStrictEqual(await alerts(suite), []);
    await prove(suite, match, 1);
    deepStrictEqual(await alerts(suite), [deletedOnce]);
  }),
);
