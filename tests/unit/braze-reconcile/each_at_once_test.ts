import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { eachAtOnce } from "../../../supabase/functions/braze-reconcile/each_at_once.ts";

Deno.test("eachAtOnce() keeps the order of the items, and never works on more than it may", async () => {
  let underWay = 0;
  let most = 0;
  const results = await eachAtOnce([5, 1, 4, 2, 3], 2, () => false, async (item) => {
    most = Math.max(most, ++underWay);
    for (let turn = 0; turn < item; turn++) await Promise.resolve();
    underWay--;
    return item * 10;
  });
  deepStrictEqual(results, [50, 10, 40, 20, 30]);
  strictEqual(most, 2);
});

Deno.test("eachAtOnce() begins nothing when it is late, and returns what was begun", async () => {
  let begun = 0;
  const results = await eachAtOnce([1, 2, 3, 4], 2, () => begun >= 3, (item) => {
    begun++;
    return Promise.resolve(item);
  });
  deepStrictEqual(results, [1, 2, 3]);
});
