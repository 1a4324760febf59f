import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import {
  addMatch,
  createSchedule,
  LEASE_SECONDS,
  minutes,
  NOW,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";

const IDS = [1001, 1002, 1003];
/** The schedules of `fixtures.ts` are due nine hours after NOW. */
const DUE = minutes(540);
const LEASE_UNTIL = minutes(3_000);

/** Three matches with a schedule each, and the run that holds its lease. */
async function threeScheduled(suite: Suite): Promise<string> {
  const runId = await startRun(suite);
  for (const id of IDS) {
    await addMatch(suite, id);
    await createSchedule(suite, runId, id);
  }
  await suite.sql`update public.job_runs set lease_until = ${LEASE_UNTIL}`;
  return runId;
}

function hold(suite: Suite, runId: string, args: Record<string, unknown> = {}): Promise<unknown> {
  return suite.call("hold_changes", {
    p_run_id: runId,
    p_lease_seconds: LEASE_SECONDS,
    p_removals: [],
    p_remakes: [],
    p_now: NOW,
    ...args,
  });
}

async function confirm(
  suite: Suite,
  runId: string,
  { p_match_ids = IDS, ...args }: Record<string, unknown> & { p_match_ids?: number[] } = {},
): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const p_match_id of p_match_ids) {
    answers.push(await confirmOne(suite, runId, p_match_id, args));
  }
  return answers;
}

function confirmOne(
  suite: Suite,
  runId: string,
  p_match_id: number,
  args: Record<string, unknown>,
): Promise<unknown> {
  return suite.call("confirm_removals", {
    p_match_id,
    p_reason: "The pitch is frozen",
    p_actor_kind: "secret_key",
    p_run_id: runId,
    p_dry_run: false,
    p_now: minutes(5),
    ...args,
  });
}

async function held({ sql }: Suite): Promise<unknown[]> {
  const rows = await sql`
    select match_id::int, kind, held_at, confirmed_at from private.held_changes order by match_id`;
  return rows.map((row) => [row.match_id, row.kind, row.held_at, row.confirmed_at]);
}

/** What the send gate is told of each match. */
async function gates({ sql }: Suite): Promise<boolean[]> {
  const rows = await sql<{ held: boolean }[]>`
    select (public.load_gate_facts(ledger.id, 1, ${crypto.randomUUID()}) ->> 'removal_held')::boolean as held
    from public.schedule_ledger as ledger order by ledger.match_id`;
  return rows.map((row) => row.held);
}

const callOff = ({ sql }: Suite, ids: readonly number[]) =>
  sql`update public.matches set status = 'postponed' where id = any (${ids as number[]})`;

Deno.test(
  "hold_changes() keeps what is held since when, and ends what is not held any more",
  withSuite(async (suite) => {
    const runId = await threeScheduled(suite);
    await hold(suite, runId, { p_removals: [1001, 1002], p_remakes: [1003] });
    await hold(suite, runId, { p_removals: [1001], p_remakes: [1003], p_now: minutes(5) });
    deepStrictEqual(await held(suite), [
      [1001, "removal", NOW, null],
      [1003, "remake", NOW, null],
    ]);
    // Another kind of change is another question, and a confirmation of the first no answer to it.
    await confirm(suite, runId);
    await hold(suite, runId, { p_remakes: [1001], p_now: minutes(10) });
    deepStrictEqual(await held(suite), [[1001, "remake", minutes(10), null]]);
    await hold(suite, runId, { p_now: minutes(15) });
    deepStrictEqual(await held(suite), []);
  }),
);

Deno.test(
  "hold_changes() ends only holds of the matches that the run planned",
  withSuite(async (suite) => {
    const runId = await threeScheduled(suite);
    await hold(suite, runId, { p_removals: IDS });
    await hold(suite, runId, { p_match_ids: [1002] });
    deepStrictEqual((await held(suite)).length, 2);
  }),
);

Deno.test(
  "hold_changes() needs the lease of its run",
  withSuite(async (suite) => {
    const runId = await threeScheduled(suite);
    await rejects(
      hold(suite, runId, { p_removals: IDS, p_now: LEASE_UNTIL }),
      { hint: "lease_lost" },
    );
  }),
);

Deno.test(
  "hold_changes() keeps a hold while the push may be going out",
  withSuite(async (suite) => {
    const runId = await threeScheduled(suite);
    await callOff(suite, IDS);
    await hold(suite, runId, { p_removals: IDS });
    await suite.sql`update public.matches set status = 'scheduled' where id = 1003`;
    await hold(suite, runId, { p_now: DUE });
    deepStrictEqual((await held(suite)).length, 2);
    deepStrictEqual(await gates(suite), [true, true, false]);
    // A day later it is sent, or never will be.
    await hold(suite, runId, { p_now: minutes(540 + 24 * 60) });
    deepStrictEqual(await held(suite), []);
  }),
);

Deno.test(
  "confirm_removals() confirms what is held, refuses the rest with the reason, and keeps who and why",
  withSuite(async (suite) => {
    const runId = await threeScheduled(suite);
    await hold(suite, runId, { p_removals: [1001], p_remakes: [1002] });
    const done = (match_id: number) => ({ match_id, done: true, refused: null });
    const refused = (match_id: number, why: string) => ({ match_id, done: false, refused: why });
    const none = "nothing of this match is held";

    deepStrictEqual(await confirm(suite, runId, { p_dry_run: true }), [
      done(1001),
      done(1002),
      refused(1003, none),
    ]);
    deepStrictEqual((await held(suite)).map((row) => (row as unknown[])[3]), [null, null]);
    deepStrictEqual(await confirm(suite, runId, { p_match_ids: [1001, 7] }), [
      done(1001),
      refused(7, none),
    ]);
    deepStrictEqual(await confirm(suite, runId), [
      refused(1001, "it is confirmed already"),
      done(1002),
      refused(1003, none),
    ]);
    deepStrictEqual((await held(suite)).map((row) => (row as unknown[])[3]), [
      minutes(5),
      minutes(5),
    ]);
    const actions = await suite.sql`
      select match_id::int, action, reason, actor_kind, before ->> 'kind' as kind
      from public.operator_actions order by id`;
    deepStrictEqual(actions.map((row) => ({ ...row })), [
      {
        match_id: 1001,
        action: "confirm_removals",
        reason: "The pitch is frozen",
        actor_kind: "secret_key",
        kind: "removal",
      },
      {
        match_id: 1002,
        action: "confirm_removals",
        reason: "The pitch is frozen",
        actor_kind: "secret_key",
        kind: "remake",
      },
    ]);
    const timeline = await suite.call<{ kind: string; what: string }[]>("match_timeline", {
      p_match_id: 1001,
    });
    strictEqual(
      timeline.some(({ kind, what }) => kind === "person" && what === "confirm_removals"),
      true,
    );
  }),
);

Deno.test(
  "confirm_removals() refuses what was due: nothing of it can be changed",
  withSuite(async (suite) => {
    const runId = await threeScheduled(suite);
    await hold(suite, runId, { p_removals: [1001], p_remakes: [1002] });
    const refused = (match_id: number) => ({
      match_id,
      done: false,
      refused: "its push was due at 2024-12-07 15:00 UTC, so nothing of it can be changed any more",
    });
    deepStrictEqual(
      await confirm(suite, runId, { p_match_ids: [1001, 1002], p_now: DUE }),
      [refused(1001), refused(1002)],
    );
  }),
);

Deno.test(
  "the send gate lets matches pass whose removal is held, before the scheduler has run and after, until it is confirmed",
  withSuite(async (suite) => {
    const runId = await threeScheduled(suite);
    // One of three is as many as a run takes off.
    await callOff(suite, [1001]);
    deepStrictEqual(await gates(suite), [false, false, false]);
    await callOff(suite, [1002]);
    deepStrictEqual(await gates(suite), [true, true, false]);
    await hold(suite, runId, { p_removals: [1001, 1002] });
    await suite.sql`update public.matches set status = 'scheduled' where id = 1002`;
    // Held stays held, though one alone would be taken off.
    deepStrictEqual(await gates(suite), [true, false, false]);
    await confirm(suite, runId, { p_match_ids: [1001] });
    deepStrictEqual(await gates(suite), [false, false, false]);
  }),
);

Deno.test(
  "the send gate counts switched-off pushes like matches that are off, and no push that was due before",
  withSuite(async (suite) => {
    await threeScheduled(suite);
    await suite.sql`update public.matches set push = false where id <> 1003`;
    deepStrictEqual(await gates(suite), [true, true, false]);
    await suite.sql`
      update public.schedule_ledger set send_at_utc = ${minutes(530)} where match_id = 1001`;
    deepStrictEqual(await gates(suite), [true, false, false]);
  }),
);

Deno.test(
  "load_plan_input() returns how much a run may change, by number and by share of the pending schedules",
  withSuite(async (suite) => {
    const { sql } = suite;
    const allowed = async () =>
      (await suite.call<{ changes_allowed: unknown }>("load_plan_input", {
        p_from: NOW,
        p_until: minutes(600),
        p_now: NOW,
      })).changes_allowed;
    deepStrictEqual(await allowed(), { removals: 1, remakes: 1 });
    const runId = await startRun(suite);
    for (let id = 1; id <= 30; id++) {
      await addMatch(suite, id);
      await createSchedule(suite, runId, id);
    }
    deepStrictEqual(await allowed(), { removals: 5, remakes: 6 });
    await sql`update private.settings set removals_max = 9, remake_share_max = 0.5`;
    deepStrictEqual(await allowed(), { removals: 6, remakes: 10 });
    await sql`
      update public.schedule_ledger set send_at_utc = ${minutes(-1)} where match_id <= 20`;
    deepStrictEqual(await allowed(), { removals: 2, remakes: 5 });
  }),
);
