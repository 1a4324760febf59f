import { deepStrictEqual } from "node:assert/strict";
import {
  addMatch,
  CAMPAIGN,
  close,
  minutes,
  openCreate,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { queue, queued } from "./rejudging.ts";

const FROM = minutes(15);
const NOTED_AT = minutes(10);

function note({ call }: Suite, failsClosed: boolean, changes = {}) {
  return call("note_shut_out", {
    p_campaign_id: CAMPAIGN,
    p_fails_closed: failsClosed,
    p_from: FROM,
    p_now: NOTED_AT,
    ...changes,
  });
}

/** A match with one generation after the other, each with its outcome; the last one is the current one. */
async function generations(
  suite: Suite,
  ...outcomes: readonly ("succeeded" | "failed" | "unknown")[]
): Promise<string> {
  await addMatch(suite, 1001);
  const runId = await startRun(suite);
  let ledgerId = "";
  for (const outcome of outcomes) {
    // As released: only then is the next one made.
    await suite
      .sql`update public.braze_schedules set state = 'deleted' where state in ('live', 'unknown')`;
    const opened = await openCreate(suite, runId, 1001);
    const answer = outcome === "succeeded"
      ? { schedule_id: `schedule-${opened.generation}`, dispatch_id: null, send_id: null }
      : null;
    await close(suite, opened.attempt_id, outcome, { answer });
    ledgerId = opened.ledger_id;
  }
  return ledgerId;
}

async function shutOut({ sql }: Suite) {
  const rows = await sql`select shut_out_at from public.braze_schedules order by generation`;
  return rows.map(({ shut_out_at }) => shut_out_at);
}

for (
  const [what, outcomes, expected] of [
    ["not the only one", ["succeeded"], [null]],
    ["all before the newest that succeeded", ["unknown", "succeeded", "succeeded"], [
      FROM,
      FROM,
      null,
    ]],
    ["none before one that failed", ["succeeded", "failed"], [null, null]],
    ["none before one without an answer", ["succeeded", "unknown"], [null, null]],
    ["only what is before the newest that succeeded", ["unknown", "succeeded", "failed"], [
      FROM,
      null,
      null,
    ]],
  ] as const
) {
  Deno.test(
    `note_shut_out() notes the generations that the gate shuts out: ${what}`,
    withSuite(async (suite) => {
      await generations(suite, ...outcomes);
      await note(suite, true);
      deepStrictEqual(await shutOut(suite), expected);
    }),
  );
}

Deno.test(
  "note_shut_out() notes none in a campaign with a message that does not fail closed, or in another one",
  withSuite(async (suite) => {
    await generations(suite, "succeeded", "succeeded");
    await note(suite, false);
    await note(suite, true, { p_campaign_id: "campaign-2" });
    deepStrictEqual(await shutOut(suite), [null, null]);
  }),
);

Deno.test(
  "note_shut_out() keeps the first time, and takes it back where the messages no longer fail closed",
  withSuite(async (suite) => {
    await generations(suite, "succeeded", "succeeded");
    await note(suite, true);
    await note(suite, true, { p_from: minutes(20) });
    deepStrictEqual(await shutOut(suite), [FROM, null]);
    await note(suite, false);
    deepStrictEqual(await shutOut(suite), [null, null]);
  }),
);

Deno.test(
  "note_shut_out() leaves a match that was sent as it was at its send",
  withSuite(async (suite) => {
    await generations(suite, "succeeded", "succeeded");
    await note(suite, true);
    await suite.sql`
      update public.schedule_ledger set status = 'sent', sent_evidence = 'push', sent_confirmed_at = ${NOTED_AT}`;
    await note(suite, false);
    deepStrictEqual(await shutOut(suite), [FROM, null]);
  }),
);

Deno.test(
  "note_shut_out() has the events of the match judged again, once",
  withSuite(async (suite) => {
    const ledgerId = await generations(suite, "succeeded", "succeeded");
    await queue(suite, [], NOTED_AT);
    await note(suite, true);
    deepStrictEqual((await queued(suite)).includes(`ledger ${ledgerId}`), true);
    await queue(suite, [], NOTED_AT);
    await note(suite, true);
    deepStrictEqual(await queued(suite), []);
  }),
);
