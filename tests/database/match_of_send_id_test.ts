import { deepStrictEqual } from "node:assert/strict";
import { matchOfSendId } from "../../supabase/functions/_shared/attribution/own_send_id.ts";
import { callAs, withSuite } from "./fixtures.ts";

const MATCHES: Readonly<Record<string, number | null>> = {
  "match-7": 7,
  "match-0": 0,
  "match-1001-2": 1001,
  "match-123456789012345": 123456789012345,
  "match-1234567890123456": null,
  "match-7-1234567": null,
  "match-7-": null,
  "match-": null,
  "match-x": null,
  "match--7": null,
  " match-7": null,
  "match-7\n": null,
  "Match-7": null,
  "rematch-7": null,
  "": null,
};

Deno.test(
  "match_of_send_id() and matchOfSendId() name the match of a send id of our own form, and no other",
  withSuite(async ({ sql }) => {
    for (const [sendId, matchId] of Object.entries(MATCHES)) {
      const answer = await callAs<string | null>(sql, "service_role", "private.match_of_send_id", {
        p_send_id: sendId,
      });
      deepStrictEqual(
        [sendId, answer === null ? null : Number(answer), matchOfSendId(sendId)],
        [sendId, matchId, matchId],
      );
    }
  }),
);
