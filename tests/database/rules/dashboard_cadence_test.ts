/** The dashboard computes next and stalled runs from the same periods as pg_cron and the heartbeat. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { Cron } from "croner";
import { CADENCES, isStalled, nextRun, silences } from "../../../dashboard/src/cadence.ts";
import { withDatabase } from "../../support/database.ts";

Deno.test("the cadences of the dashboard are those of pg_cron and of the heartbeat", () =>
  withDatabase(async (sql) => {
    const jobs = await sql<{ name: string; schedule: string; minutes: number }[]>`
      select job.jobname as name, job.schedule,
        (extract(epoch from period.period) / 60)::int as minutes
      from cron.job as job
      join private.job_periods as period on period.function_name = job.jobname`;
    deepStrictEqual(
      Object.fromEntries(CADENCES.map(({ name, every }) => [name, every])),
      Object.fromEntries(jobs.map(({ name, minutes }) => [name, minutes])),
    );
    for (const { name, schedule } of jobs) {
      const cadence = CADENCES.find((each) => each.name === name)!;
      const cron = new Cron(schedule, { timezone: "UTC", paused: true });
      for (const minutes of [0, 4, 5, 9, 10, 21, 40, 41, 215, 216, 719, 1_415, 1_439]) {
        const now = new Date(Date.UTC(2024, 11, 7) + minutes * 60_000 + 1_000);
        strictEqual(
          nextRun(cadence, now).toISOString(),
          cron.nextRun(now)?.toISOString(),
          `${name} after ${now.toISOString()}`,
        );
      }
    }
  }));

Deno.test("a function is stalled after twice its period without success", () => {
  const cadence = { every: 30 };
  const last = new Date("2024-12-07T10:00:00Z");
  strictEqual(isStalled(cadence, last, new Date("2024-12-07T11:00:00Z")), false);
  strictEqual(isStalled(cadence, last, new Date("2024-12-07T11:00:01Z")), true);
  strictEqual(isStalled(cadence, null, last), false);
});

Deno.test("a dead cron is told once, and a single function by its own last success", () => {
  const now = new Date("2024-12-07T11:00:00Z");
  const ago = (minutes: number) => new Date(now.getTime() - minutes * 60_000);
  const successes = (minutes: number) =>
    new Map(CADENCES.map(({ name }) => [name, ago(minutes)] as const));
  deepStrictEqual(silences(ago(4), successes(4), now), []);
  deepStrictEqual(silences(ago(58), successes(58), now), [{ cadence: null, since: ago(58) }]);
  deepStrictEqual(
    silences(ago(4), new Map([...successes(4), ["braze-reconcile", ago(61)]]), now)
      .map(({ cadence, since }) => [cadence?.name, since]),
    [["braze-reconcile", ago(61)]],
  );
  // A fresh install has run nothing yet.
  deepStrictEqual(silences(null, new Map(), now), []);
});
