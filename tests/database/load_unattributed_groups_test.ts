import { deepStrictEqual } from "node:assert/strict";
import { event, ingest } from "./events.ts";
import { minutes, NOW, scheduledMatch, withSuite } from "./fixtures.ts";

Deno.test(
  "load_unattributed_groups() pages by time and never splits a second",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    await ingest(suite, {
      events: [1, 2].flatMap((minute) =>
        ["x", "y", "z"].map((dispatch_id) =>
          event(`${minute}${dispatch_id}`, { dispatch_id, sent_at: minutes(minute) })
        )
      ),
    });
    const page = async (after: Date) =>
      (await suite.call<{ sent_at: string }[]>("load_unattributed_groups", {
        p_after: after,
        p_until: minutes(60),
        p_limit: 2,
      })).map(({ sent_at }) => new Date(sent_at).getTime());
    deepStrictEqual(await page(NOW), Array(3).fill(minutes(1).getTime()));
    deepStrictEqual(await page(minutes(1)), Array(3).fill(minutes(2).getTime()));
    deepStrictEqual(await page(minutes(2)), []);
  }),
);
