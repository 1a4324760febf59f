import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ingest, reject } from "./events.ts";
import { minutes, NOW, only, withSuite } from "./fixtures.ts";
import { bodies, digestOf, load } from "./rejects.ts";

Deno.test(
  "load_rejects() returns bodies to the byte, with the time of first receipt and the periods of the partitions",
  withSuite(async (suite) => {
    const long = "x".repeat(1_000);
    await ingest(suite, { rejects: [reject(long)] });
    await ingest(suite, { rejects: [reject(long)], now: minutes(60) });
    const { rejects, places } = await load(suite);
    const kept = only(rejects);
    deepStrictEqual(
      [atob(kept.body_base64), kept.digest, kept.content_type, new Date(kept.first_received_at)],
      [long, digestOf(long), "text/plain", NOW],
    );
    strictEqual(
      places.some(({ from, until }) => new Date(from) <= NOW && NOW < new Date(until)),
      true,
    );
  }),
);

Deno.test(
  "load_rejects() accepts a reason, a limit and a position to continue from",
  withSuite(async (suite) => {
    const all = ["a", "b", "c", "d"];
    await ingest(suite, { rejects: all.map((body) => reject(body, `Reason of ${body}`)) });
    deepStrictEqual(bodies(await load(suite)), all);
    deepStrictEqual(bodies(await load(suite, { p_reason_like: "%of b" })), ["b"]);
    const first = await load(suite, { p_limit: 3 });
    const rest = await load(suite, { p_after: first.rejects.at(-1)?.digest });
    strictEqual(first.rejects.length, 3);
    deepStrictEqual([...bodies(first), ...bodies(rest)].sort(), all);
  }),
);

Deno.test(
  "load_rejects() stops at its byte limit, and always returns at least one",
  withSuite(async (suite) => {
    await ingest(suite, { rejects: ["a", "b", "c"].map((letter) => reject(letter.repeat(100))) });
    strictEqual((await load(suite, { p_bytes_max: 1 })).rejects.length, 1);
    strictEqual((await load(suite, { p_bytes_max: 101 })).rejects.length, 2);
  }),
);
