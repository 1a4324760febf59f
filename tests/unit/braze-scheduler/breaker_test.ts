import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createBreaker, watched } from "../../../supabase/functions/braze-scheduler/breaker.ts";
import type { CallResult } from "../../../supabase/functions/_shared/braze/outcome.ts";
import { at } from "../../support/facts.ts";
import { type Answers, failed, fakeBraze, succeeded, timedOut } from "../../support/fake_braze.ts";

const serverError: CallResult<never> = {
  ...failed("rejected", 503),
  outcome: "unknown",
  reason: "server_error",
  detail: "503",
};
const ok = succeeded(null);
const refused = failed("rejected", 400);
const limited = failed("rate_limited", 429);

for (
  const [what, results, tripped] of [
    ["one time-out", [timedOut], null],
    ["two time-outs", [timedOut, timedOut], "time_out"],
    ["a server error and a rate limit", [serverError, limited], "rate_limited"],
    [
      "two refused connections",
      [failed("not_connected"), failed("not_connected")],
      "not_connected",
    ],
    ["a success between", [timedOut, ok, timedOut], null],
    ["a refusal between, which is a clear answer", [timedOut, refused, timedOut], null],
    ["three refusals", [refused, refused, refused], null],
    ["missing permissions", [failed("rejected", 401), failed("rejected", 403)], null],
    ["a call that was not sent between", [timedOut, failed("deadline"), serverError], "503"],
    ["calls that were not sent", [failed("deadline"), failed("deadline")], null],
    ["a success afterwards", [timedOut, timedOut, ok], "time_out"],
  ] as const
) {
  Deno.test(`the breaker returns for ${what}: ${tripped}`, () => {
    const breaker = createBreaker();
    for (const result of results) breaker.note("create", result);
    strictEqual(breaker.tripped, tripped);
  });
}

Deno.test("the breaker counts each kind of call for itself: an endpoint may be ill alone", () => {
  const breaker = createBreaker();
  for (const kind of ["create", "delete", "update"]) breaker.note(kind, timedOut);
  strictEqual(breaker.tripped, null);
  breaker.note("delete", ok);
  breaker.note("create", timedOut);
  strictEqual(breaker.tripped, "time_out");
});

Deno.test("watched() notes every call that changes a schedule, and no other", async () => {
  const answers: Answers = {
    create: () => timedOut,
    update: timedOut,
    delete: timedOut,
    sendId: timedOut,
    campaign: () => timedOut,
  };
  const schedule = { campaignId: "campaign-1", scheduleId: "schedule-1" };
  const noted: string[] = [];
  const braze = watched(fakeBraze(answers, () => {}), {
    tripped: null,
    note: (kind) => void noted.push(kind),
  });
  await braze.campaignDetails("campaign-1");
  await braze.createSendId({ campaignId: "campaign-1", sendId: "match-1" });
  deepStrictEqual(noted, []);
  await braze.createSchedule({
    campaign_id: "campaign-1",
    schedule: { time: "2024-12-07T14:00:00Z" },
  });
  await braze.updateSchedule({ ...schedule, sendAt: at("14:00:00") });
  await braze.deleteSchedule(schedule);
  deepStrictEqual(noted, ["create", "update", "delete"]);
});
