import { deepStrictEqual } from "node:assert/strict";
import { only, withSuite } from "./fixtures.ts";
import { addDue } from "./health.ts";

Deno.test(
  "missing_ids counts the pending schedules without a dispatch id or send id",
  withSuite(async (suite) => {
    await addDue(suite, 1, { dispatch_id: "d", send_id: "s" });
    await addDue(suite, 2, { send_id: "t" });
    await addDue(suite, 3);
    await addDue(suite, 4, { status: "cancelled", cancel_reason: "plan" });
    deepStrictEqual(only(await suite.sql`select * from public.missing_ids`), {
      total_schedules: "3",
      with_dispatch_id: "1",
      with_send_id: "2",
      missing_dispatch_id: "2",
      missing_send_id: "1",
    });
  }),
);
