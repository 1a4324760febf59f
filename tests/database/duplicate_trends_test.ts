import { deepStrictEqual } from "node:assert/strict";
import { minutes, NOW, type Suite, withSuite } from "./fixtures.ts";

async function logDuplicate(
  { sql }: Suite,
  at: Date,
  matchId: number,
  ids: string[],
): Promise<void> {
  const details = { match_id: matchId, duplicate_count: ids.length - 1, schedule_ids: ids };
  await sql`
    insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id, details)
    values (${at}, 'braze-reconcile', 'duplicate_count', 'Match has schedules', ${matchId}, ${
    sql.json(details)
  })`;
}

Deno.test(
  "duplicate_trends counts a duplicate once a day, and returns the worst matches and the trend",
  withSuite(async (suite) => {
    const day = 24 * 60;
    await logDuplicate(suite, NOW, 1, ["kept", "second"]);
    await logDuplicate(suite, minutes(30), 1, ["kept", "second"]);
    await logDuplicate(suite, minutes(60), 1, ["kept", "third"]);
    await logDuplicate(suite, minutes(60), 2, ["kept", "second"]);
    await logDuplicate(suite, minutes(day), 3, ["a", "b", "c", "d", "e"]);
    await logDuplicate(suite, minutes(7 * day), 1, ["kept", "last"]);
    await suite.sql`
      insert into public.scheduler_logs (logged_at, function_name, action, reason)
      values (${NOW}, 'braze-reconcile', 'another', 'r')`;
    const rows = await suite.sql`
      select date::text, duplicates::int, matches::int, most_affected,
        duplicates_the_day_before::int as before, duplicates_in_7_days::int as week
      from public.duplicate_trends order by date`;
    deepStrictEqual([...rows], [
      {
        date: "2024-12-07",
        duplicates: 3,
        matches: 2,
        most_affected: [{ match_id: 1, duplicates: 2 }, { match_id: 2, duplicates: 1 }],
        before: 0,
        week: 3,
      },
      {
        date: "2024-12-08",
        duplicates: 4,
        matches: 1,
        most_affected: [{ match_id: 3, duplicates: 4 }],
        before: 3,
        week: 7,
      },
      {
        date: "2024-12-14",
        duplicates: 1,
        matches: 1,
        most_affected: [{ match_id: 1, duplicates: 1 }],
        before: 0,
        week: 5,
      },
    ]);
  }),
);
