import { deepStrictEqual } from "node:assert/strict";
import { tallyAnswers } from "../../../../supabase/functions/_shared/braze/tally.ts";
import { failed, fakeBraze, succeeded, timedOut } from "../../../support/fake_braze.ts";

const NOTHING_NOTED = () => {};

Deno.test("tallyAnswers() keeps the last answer of each operation, with its permission, until it is taken", async () => {
  const answers = [failed("rejected", 403), succeeded(null), failed("rejected", 401)];
  const { braze, takeAnswers } = tallyAnswers({
    ...fakeBraze({}, NOTHING_NOTED),
    deleteSchedule: () => Promise.resolve(answers.shift()!),
  });
  for (let call = 0; call < 3; call++) {
    await braze.deleteSchedule({ campaignId: "c", scheduleId: "s" });
  }
  await braze.campaignDetails("c");
  deepStrictEqual(
    takeAnswers().map(({ operation, permission, kind, httpStatus }) => [
      operation,
      permission,
      kind,
      httpStatus,
    ]),
    [
      ["delete schedule", "campaigns.trigger.schedule.delete", "refused", 401],
      ["read campaign", "campaigns.details", "answered", 201],
    ],
  );
  deepStrictEqual(takeAnswers(), []);
});

for (
  const [what, result, kind] of [
    ["200", succeeded(null), "answered"],
    ["400", failed("rejected", 400), "answered"],
    ["401", failed("rejected", 401), "refused"],
    ["403", failed("rejected", 403), "refused"],
    ["429", failed("rate_limited", 429), "ill"],
    ["no connection", failed("not_connected"), "ill"],
    ["nothing in time", timedOut, "ill"],
    ["a call that was never sent", failed("deadline"), undefined],
    ["a call that the client refused", failed("invalid_request"), undefined],
  ] as const
) {
  Deno.test(`tallyAnswers() takes ${what} for ${kind ?? "no answer"}`, async () => {
    const { braze, takeAnswers } = tallyAnswers(fakeBraze({ delete: result }, NOTHING_NOTED));
    await braze.deleteSchedule({ campaignId: "c", scheduleId: "s" });
    deepStrictEqual(takeAnswers().map((answer) => answer.kind), kind === undefined ? [] : [kind]);
  });
}
