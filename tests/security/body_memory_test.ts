/** Reading a body stays within the memory of a hosted function, for any content. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";

/** A hosted function has 256 MB for its code and all its concurrent requests. */
const HEAP_MEGABYTES = 64;

Deno.test("the largest body of any kind is read within 64 MB", async () => {
  const script = new URL("../support/hostile/read_largest_body.ts", import.meta.url);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      `--v8-flags=--max-old-space-size=${HEAP_MEGABYTES}`,
      fileURLToPath(script),
    ],
    env: { NO_COLOR: "1" },
  }).output();
  strictEqual(success, true, new TextDecoder().decode(stderr).slice(0, 1_000));
  deepStrictEqual(JSON.parse(new TextDecoder().decode(stdout)), {
    lists: "0 events, 1 rejects",
    "lists without an end": "0 events, 1 rejects",
    objects: "too_many_events",
    zeros: "too_many_events",
    names: "0 events, 1 rejects",
    "events of lists": "0 events, 9 rejects",
    "events as many as may be": "20000 events, 0 rejects",
    text: "0 events, 1 rejects",
  });
});
