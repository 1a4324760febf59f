import { match } from "node:assert/strict";
import { refusal } from "../../../../local/stack/newest_run.ts";

Deno.test("a clock that is too old is refused with three ways to go on", () => {
  const newest = new Date("2024-12-07T14:09:00.200Z");
  match(
    refusal(newest, new Date("2024-12-06T08:00:00Z"), "/d"),
    /^Cannot start at 2024-12-06T08:00:00Z: .* newest run in \/d, got one of 2024-12-07T14:09:00Z; start over with --fresh, go on with --clock 2024-12-07T14:09:01Z, or choose another --data folder$/,
  );
});
