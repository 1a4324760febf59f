import { strictEqual } from "node:assert/strict";
import {
  matchOfSendId,
  ownSendId,
} from "../../../../supabase/functions/_shared/attribution/own_send_id.ts";

Deno.test("ownSendId() returns the send id that matchOfSendId() reads", () => {
  strictEqual(ownSendId(1002, 1), "match-1002");
  strictEqual(ownSendId(1002, 2), "match-1002-2");
  for (const intent of [1, 2, 10]) strictEqual(matchOfSendId(ownSendId(1002, intent)), 1002);
});

for (
  const [sendId, matchId] of [
    ["match-1002", 1002],
    ["match-1002-2", 1002],
    ["match-1002-999999", 1002],
    ["match-999999999999999", 999_999_999_999_999],
    ["match-9999999999999999", null],
    ["match-1002-", null],
    ["match-1002-1000000", null],
    ["match-1002-2-3", null],
    ["match-", null],
    ["match-x", null],
    ["Match-1002", null],
    ["match-1002 ", null],
    ["match-1002\n", null],
    [" match-1002", null],
    ["rematch-1002", null],
    ["", null],
  ] as const
) {
  Deno.test(`matchOfSendId() returns ${matchId} for ${JSON.stringify(sendId)}`, () => {
    strictEqual(matchOfSendId(sendId), matchId);
  });
}
