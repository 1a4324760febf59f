import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ingest, reject } from "./events.ts";
import { minutes, withSuite } from "./fixtures.ts";
import { bodies, digestOf, load } from "./rejects.ts";

Deno.test(
  "mark_replayed() excludes a reject from the next load, once",
  withSuite(async (suite) => {
    await ingest(suite, { rejects: [reject("a"), reject("b")] });
    const mark = (now: Date) =>
      suite.call("mark_replayed", { p_digests: [digestOf("a")], p_now: now });
    strictEqual(await mark(minutes(1)), 1);
    strictEqual(await mark(minutes(2)), 0);
    deepStrictEqual(bodies(await load(suite)), ["b"]);
    const [kept] = await suite.sql`
      select replayed_at, body from public.webhook_rejects where replayed_at is not null`;
    deepStrictEqual(kept?.replayed_at, minutes(1));
  }),
);
