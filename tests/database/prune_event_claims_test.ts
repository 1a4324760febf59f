import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { event, ingest } from "./events.ts";
import { minutes, NOW, type Suite, withSuite } from "./fixtures.ts";

const DAY = 24 * 60;

async function prune({ sql }: Suite, now: Date): Promise<number> {
  const [row] = await sql`select private.prune_event_claims(${now}) as pruned`;
  return Number(row?.pruned);
}

async function claims({ sql }: Suite): Promise<unknown[]> {
  const rows = await sql`select event_id from public.event_claims order by event_id`;
  return rows.map(({ event_id }) => event_id);
}

Deno.test(
  "prune_event_claims() deletes claims that are older than the settings say, and no younger ones",
  withSuite(async (suite) => {
    await ingest(suite, { events: [event("old", { claim: "strong" })], now: NOW });
    await ingest(suite, { events: [event("new", { claim: "strong" })], now: minutes(1) });
    strictEqual(await prune(suite, minutes(3 * DAY)), 0);
    strictEqual(await prune(suite, minutes(3 * DAY + 1)), 1);
    deepStrictEqual(await claims(suite), ["new"]);

    await suite.sql`update private.settings set event_claims_kept = '1 hour'`;
    strictEqual(await prune(suite, minutes(62)), 1);
    deepStrictEqual(await claims(suite), []);
  }),
);

Deno.test(
  "prune_event_claims() deletes no events",
  withSuite(async (suite) => {
    await ingest(suite, { events: [event("old", { claim: "strong" })] });
    await prune(suite, minutes(30 * DAY));
    strictEqual((await suite.sql`select 1 from public.notification_sends`).length, 1);
  }),
);
