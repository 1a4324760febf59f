/** The two ways of events into the database: straight to Postgres, and through PostgREST. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { startStack } from "../../local/stack/stack.ts";
import { withStack } from "../support/database.ts";
import { batchesOf, postAll, startMatchday, untilConnected } from "../support/direct_door.ts";
import type { Answer } from "../support/suite.ts";

type Stack = Awaited<ReturnType<typeof startStack>>;

/** Everything of a stored event but when it was received; each stack has a campaign and a minute of its own. */
function storedEvents({ sql }: Stack) {
  return sql`
    select to_jsonb(event) - 'received_at' as event from public.notification_sends as event
    order by event.event_id`;
}

const OWN = { sent_at: null, campaign_id: null, time_diff_ms: null };

function counts(answers: readonly Answer[]) {
  return answers.map(({ status, body: { run_id: _, ...tally } }) => ({ status, ...tally }));
}

Deno.test("both ways store the same rows and answer the same counts", async () => {
  const outcomes: unknown[] = [];
  const seed = "both-ways";
  for (const env of [{}, { INGEST_DATABASE_URL: "" }]) {
    await withStack({ env }, async (stack) => {
      const matchday = await startMatchday(stack, seed);
      const [first, ...bodies] = batchesOf(matchday, seed, 4, 20);
      const opening = await postAll(stack, [first]);
      if (!("INGEST_DATABASE_URL" in env)) await untilConnected(stack);
      // The last one repeats the one before.
      const answers = await postAll(stack, [...bodies, bodies.at(-1)]);
      const rows = await storedEvents(stack);
      strictEqual(rows.length, 80);
      outcomes.push({
        counts: counts([...opening, ...answers]),
        rows: rows.map(({ event }) => ({ ...event, ...OWN, raw_payload: null })),
        payloads: rows.map(({ event: { raw_payload } }) => ({
          ...raw_payload,
          time: null,
          properties: { ...raw_payload.properties, campaign_id: null },
        })),
      });
    });
  }
  deepStrictEqual(outcomes[0], outcomes[1]);
});

Deno.test("the direct connection stores events while PostgREST is down, under service_role and its time limit", async () => {
  await withStack({}, async (stack) => {
    const matchday = await startMatchday(stack, "without-rest");
    const [first, second] = batchesOf(matchday, "without-rest", 2, 20);
    const [opening] = await postAll(stack, [first]);
    strictEqual(opening?.status, 200);
    await untilConnected(stack);
    const [connection] = await stack.sql`
      select count(*)::int as connections from pg_stat_activity where usename = 'braze_ingest'`;
    strictEqual(connection!.connections <= 2, true, `${connection!.connections} connections`);
    await stack.postgrest.stop();

    const [answer] = await postAll(stack, [second]);
    deepStrictEqual([answer?.status, answer?.body.recorded, answer?.body.high], [200, 20, 20]);
    const [settings] = await stack.sql`
      select setconfig from pg_db_role_setting join pg_roles on pg_roles.oid = setrole
      where rolname = 'braze_ingest'`;
    deepStrictEqual(
      [...settings!.setconfig].sort().slice(-2),
      ["role=service_role", "statement_timeout=8s"],
    );
  });
});

Deno.test("PostgREST takes the events while the direct connection is broken, and it is opened again", async () => {
  await withStack({}, async (stack) => {
    const { sql } = stack;
    const matchday = await startMatchday(stack, "broken");
    const bodies = batchesOf(matchday, "broken", 4, 20);
    await postAll(stack, bodies.slice(0, 1));
    await untilConnected(stack);

    // The role belongs to the whole server, so only this stack's connections are ended.
    await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where usename = 'braze_ingest' and datname = current_database()`;
    const [afterBreak] = await postAll(stack, bodies.slice(1, 2));
    deepStrictEqual([afterBreak?.status, afterBreak?.body.recorded], [200, 20]);
    await postAll(stack, bodies.slice(2, 3));
    await untilConnected(stack);
    await stack.postgrest.stop();
    const [again] = await postAll(stack, bodies.slice(3, 4));
    deepStrictEqual([again?.status, again?.body.recorded], [200, 20]);
    strictEqual((await storedEvents(stack)).length, 80);
  });
});
