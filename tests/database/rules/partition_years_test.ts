/** Three years, day by day: partitions exist ahead, expired ones are dropped, and every event has a partition. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { addDays, addMonths, addSeconds, differenceInCalendarDays, subMonths } from "date-fns";
import { event, ingest } from "../events.ts";
import { NOW, only, withSuite } from "../fixtures.ts";

const END = addMonths(NOW, 36);
/** As private.settings has it. */
const MONTHS_KEPT = 24;

Deno.test(
  "over three years every event has a partition, and expired events are dropped by whole months",
  withSuite(async (suite) => {
    const { sql } = suite;
    const stored: Date[] = [];
    let partitionsMax = 0;
    for (let now = NOW; now < END; now = addDays(now, 1)) {
      await sql`select private.ensure_partitions(${now}), private.prune_history(${now})`;
      // Braze repeats for a day; clocks differ by a little; a test writes far ahead.
      const times = [now, addDays(now, -1), addSeconds(now, 90), addDays(now, 60)];
      const { recorded, rejected } = await ingest(suite, {
        events: times.map((sent_at, index) => event(`${now.toISOString()}-${index}`, { sent_at })),
        now,
      });
      deepStrictEqual([recorded, rejected], [times.length, 0], now.toISOString());
      stored.push(...times);

      const { ahead, partitions } = only(
        await sql<{ ahead: Date; partitions: number }[]>`
          select max(ends_at) as ahead, count(*)::int as partitions from private.event_partitions`,
      );
      ok(ahead >= addMonths(now, 3), `three months must be ahead of ${now.toISOString()}`);
      partitionsMax = Math.max(partitionsMax, partitions);
    }
    strictEqual(differenceInCalendarDays(END, NOW) * 4, stored.length);
    ok(partitionsMax <= MONTHS_KEPT + 6, `old months must go, got ${partitionsMax} partitions`);

    // The oldest month that is kept began before the last moment that must be.
    const { oldest } = only(
      await sql<{ oldest: Date }[]>`
        select min(starts_at) as oldest from private.event_partitions`,
    );
    ok(oldest <= subMonths(END, MONTHS_KEPT) && oldest > subMonths(END, MONTHS_KEPT + 2));
    const { events } = only(
      await sql<{ events: number }[]>`
        select count(*)::int as events from public.notification_sends`,
    );
    strictEqual(events, stored.filter((sentAt) => sentAt >= oldest).length);
  }),
);

Deno.test(
  "there is no default partition that could hide events",
  withSuite(async ({ sql }) => {
    deepStrictEqual(
      [
        ...await sql`
        select partrelid::regclass::text as name from pg_catalog.pg_partitioned_table where partdefid <> 0`,
      ],
      [],
    );
  }),
);
