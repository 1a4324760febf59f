/** Braze delivers at least once, unordered, and over many connections. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Prng } from "../../../local/lib/prng.ts";
import { event, ingest, type StoredEvent } from "../events.ts";
import { scheduledMatch, seconds, type Suite, withSuite } from "../fixtures.ts";

const CONNECTIONS = 8;
const BATCHES = 400;
const BATCH_SIZE = 50;
const EVENTS = 2_000;

async function inParallel(suite: Suite, batches: readonly StoredEvent[][]) {
  const { ledger_id, generation } = await scheduledMatch(suite);
  const rest = [...batches];
  const tally = { received: 0, recorded: 0, duplicates: 0, registered: 0 };
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    for (let batch = rest.pop(); batch !== undefined; batch = rest.pop()) {
      const receipt = await ingest(suite, {
        events: batch.map((each) => ({
          ...each,
          identifiers: [{ kind: "dispatch_id", value: "d1", ledger_id, generation }],
        })),
      });
      tally.received += receipt.received;
      tally.recorded += receipt.recorded;
      tally.duplicates += receipt.duplicates;
      tally.registered += receipt.registered;
    }
  }));
  return tally;
}

for (const claim of [null, "strong"]) {
  Deno.test(
    `ingest_events() of overlapping batches over ${CONNECTIONS} connections counts each event once (claim: ${claim})`,
    withSuite(async (suite) => {
      const prng = new Prng(7);
      const events = Array.from(
        { length: EVENTS },
        (_, index) => event(`e${index}`, { claim, sent_at: seconds(index % 90) }),
      );
      const batches = Array.from(
        { length: BATCHES },
        () => prng.shuffled(events).slice(0, BATCH_SIZE),
      );
      const eventIds = new Set(batches.flat().map(({ event_id }) => event_id));
      const tally = await inParallel(suite, batches);
      deepStrictEqual(tally, {
        received: BATCHES * BATCH_SIZE,
        recorded: eventIds.size,
        duplicates: BATCHES * BATCH_SIZE - eventIds.size,
        registered: 1,
      });
      const [count] = await suite.sql`select count(*)::int as n from public.notification_sends`;
      strictEqual(count?.n, eventIds.size);
    }),
  );
}
