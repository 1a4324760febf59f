import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { withSuite } from "./fixtures.ts";
import { addDue, addEvent, DATE, EVENING, recountAll, rollUp } from "./health.ts";

Deno.test(
  "measure_webhook_health() returns the same figures and writes nothing",
  withSuite(async (suite) => {
    await addEvent(suite, await addDue(suite, 1));
    await recountAll(suite);
    const measured = await suite.call<{ metrics: unknown; patterns: unknown[] }>(
      "measure_webhook_health",
      { p_date: DATE, p_now: EVENING },
    );
    strictEqual((await suite.sql`select 1 from public.webhook_health_metrics`).length, 0);
    deepStrictEqual(measured.metrics, await rollUp(suite));
    strictEqual(measured.patterns.length, 4);
  }),
);
