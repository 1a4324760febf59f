import { deepStrictEqual } from "node:assert/strict";
import { nextTryAt } from "../../../../supabase/functions/_shared/alerts/back_off.ts";
import { at } from "../../../support/facts.ts";

for (
  const [attempts, time] of [
    [1, "06:01:00"],
    [2, "06:02:00"],
    [4, "06:08:00"],
    [6, "06:32:00"],
    [7, "07:00:00"],
    [50, "07:00:00"],
  ] as const
) {
  Deno.test(`nextTryAt() waits until ${time} after attempt ${attempts} at 06:00`, () => {
    deepStrictEqual(nextTryAt(attempts, null, at("06:00:00")), at(time));
  });
}

for (
  const [what, retryAt, time] of [
    ["as long as the webhook asks", "06:00:30", "06:00:30"],
    ["not into the past", "05:00:00", "06:00:00"],
    ["an hour at most", "23:00:00", "07:00:00"],
  ] as const
) {
  Deno.test(`nextTryAt() waits ${what}`, () => {
    deepStrictEqual(nextTryAt(9, at(retryAt), at("06:00:00")), at(time));
  });
}
