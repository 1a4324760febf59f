import { deepStrictEqual, match as matches, strictEqual } from "node:assert/strict";
import {
  addMatch,
  claim,
  close,
  createSchedule,
  endRun,
  minutes,
  NOW,
  openCreate,
  scheduledMatch,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { alerts } from "./unexpected_sends.ts";

/** Matches are due 540 minutes after NOW. */
const DUE = minutes(540);
const CHECKED_AT = minutes(541);

function raise({ call }: Suite, now = CHECKED_AT): Promise<number> {
  return call("raise_missed_pushes", { p_lead_seconds: 3_600, p_now: now });
}

/** A match that was listed hours before its push. */
async function listed({ sql }: Suite, changes: Readonly<Record<string, unknown>> = {}) {
  const match = { kickoff_at: minutes(600), status: "scheduled", push: true, ...changes };
  await sql`
    insert into public.matches ${
    sql({
      id: 1001,
      competition: "Premier League",
      home_team: "Home 1001",
      away_team: "Away 1001",
      updated_at: NOW,
      ...match,
    })
  }`;
}

Deno.test(
  "raise_missed_pushes() tells once, and as a harm, of a push for which no schedule was made",
  withSuite(async (suite) => {
    await startRun(suite);
    await listed(suite);
    strictEqual(await raise(suite, minutes(539)), 0);
    strictEqual(await raise(suite, DUE), 1);
    strictEqual(await raise(suite), 0);
    const [told] = await alerts(suite);
    deepStrictEqual([told?.fingerprint, told?.kind, told?.severity, told?.match_id], [
      "push_missed:1001:2024-12-07T15:00Z",
      "harm",
      "critical",
      1001,
    ]);
    matches(
      String(told?.title),
      /Home 1001–Away 1001: no push went out at .* no schedule was ever/,
    );
    await suite.sql`update public.alerts set resolved_at = ${CHECKED_AT}`;
    strictEqual(await raise(suite, minutes(560)), 0, "a person has closed it");
  }),
);

Deno.test(
  "raise_missed_pushes() says what Braze answered, also when the match was finished since",
  withSuite(async (suite) => {
    const runId = await startRun(suite);
    await listed(suite);
    const { attempt_id } = await openCreate(suite, runId, 1001);
    await close(suite, attempt_id, "failed", { http_status: 400, detail: "Invalid audience" });
    await suite.sql`
      update public.matches set status = 'finished', updated_at = ${minutes(710)} where id = 1001`;
    strictEqual(await raise(suite, minutes(720)), 1);
    matches(String((await alerts(suite))[0]?.title), /Braze took no schedule: Invalid audience/);
  }),
);

Deno.test(
  "raise_missed_pushes() tells of a schedule that is gone from Braze, not of one that a person cancelled here",
  withSuite(async (suite) => {
    const runId = await startRun(suite);
    await listed(suite);
    await createSchedule(suite, runId, 1001);
    await suite.sql`update public.braze_schedules set state = 'deleted'`;
    const cancel = (reason: string) =>
      suite.sql`update public.schedule_ledger set status = 'cancelled', cancel_reason = ${reason}`;
    await cancel("operator");
    strictEqual(await raise(suite), 0);
    await cancel("dashboard");
    strictEqual(await raise(suite), 1);
    matches(String((await alerts(suite))[0]?.title), /its schedule was gone from Braze/);
  }),
);

Deno.test(
  "raise_missed_pushes() leaves what Braze may still send, and what was sent",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    await suite.sql`
      update public.match_changes set changed_at = ${NOW}`;
    for (const state of ["live", "unknown", "creating", "deleting", "completed"]) {
      await suite.sql`update public.braze_schedules set state = ${state}`;
      strictEqual(await raise(suite), 0, state);
    }
    await suite.sql`update public.braze_schedules set state = 'failed'`;
    strictEqual(await raise(suite), 1);
  }),
);

Deno.test(
  "raise_missed_pushes() waits for a schedule whose delete is not confirmed as long as it can be sent",
  withSuite(async (suite) => {
    const runId = await startRun(suite);
    await listed(suite);
    await createSchedule(suite, runId, 1001);
    await suite.sql`update public.braze_schedules set state = 'deleting'`;
    await suite.sql`update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan'`;
    const dayAfter = minutes(540 + 24 * 60);
    strictEqual(await raise(suite, minutes(539 + 24 * 60)), 0);
    await suite.sql`update public.braze_schedules set first_event_at = ${CHECKED_AT}`;
    strictEqual(await raise(suite, dayAfter), 0, "it was sent");
    await suite.sql`update public.braze_schedules set first_event_at = null`;
    strictEqual(await raise(suite, dayAfter), 1);
    matches(String((await alerts(suite))[0]?.title), /not clear whether its schedule was deleted/);
  }),
);

const QUIET: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "a match that is off": { status: "postponed" },
  "a match that is to have no push": { push: false },
  "a kick-off that is not confirmed": { kickoff_confirmed: false },
  "a match that was finished before its push": { status: "finished" },
  "a match that was entered after it was played": { updated_at: minutes(601) },
};
for (const [what, changes] of Object.entries(QUIET)) {
  Deno.test(
    `raise_missed_pushes() does not tell of ${what}`,
    withSuite(async (suite) => {
      await startRun(suite);
      await listed(suite, changes);
      strictEqual(await raise(suite), 0);
    }),
  );
}

Deno.test(
  "raise_missed_pushes() does not tell of pushes from before the suite ran, nor of teams whose fans are not notified",
  withSuite(async (suite) => {
    await listed(suite);
    strictEqual(await raise(suite), 0, "no run of the scheduler");
    await startRun(suite, minutes(541));
    strictEqual(await raise(suite), 0, "its first run came after the push");
    const installed = (at: Date) => suite.sql`update private.job_periods set watched_since = ${at}`;
    await installed(minutes(539));
    strictEqual(await raise(suite), 1, "it was to run before");
    await suite.sql`delete from public.alerts`;
    await installed(minutes(541));
    await suite.sql`update public.job_runs set called_at = ${NOW}`;
    await suite.sql`
      insert into public.teams (name, braze_attribute_value, notify)
      values ('Home 1001', 'Home', false), ('Away 1001', 'Away', false)`;
    strictEqual(await raise(suite), 0, "notify is off");
    await suite.sql`delete from public.teams where name = 'Away 1001'`;
    strictEqual(await raise(suite), 1, "of an unknown team that is not known");
    await addMatch(suite, 1002, { kickoffAt: minutes(700) });
    strictEqual(await raise(suite), 0, "not due yet");
  }),
);

Deno.test(
  "raise_missed_pushes() looks back three days before the last complete pre-flight run, at most 30 days",
  withSuite(async (suite) => {
    await startRun(suite);
    await listed(suite);
    const days = (count: number) => minutes(540 + count * 24 * 60);
    const raisedAt = async (now: Date) => {
      const raised = await raise(suite, now);
      await suite.sql`delete from public.alerts`;
      return raised;
    };
    strictEqual(await raisedAt(days(29)), 1, "no run was ever complete");
    strictEqual(await raisedAt(days(31)), 0, "older than 30 days");
    const { run_id } = await claim(suite, {
      p_function: "braze-preflight-check",
      p_now: minutes(500),
    });
    strictEqual(await raisedAt(days(15)), 1, "the run before the outage is not complete");
    await endRun(suite, run_id, minutes(501));
    strictEqual(await raisedAt(days(15)), 1, "the last complete run came before the push");
    await suite.sql`
      update public.job_runs set called_at = ${days(4)}
      where function_name = 'braze-preflight-check'`;
    strictEqual(await raisedAt(days(5)), 0, "a complete run has judged it");
  }),
);
