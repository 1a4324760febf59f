/** Which listed schedules are nobody's, and which of them may be deleted without a person. */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { createSchedule, minutes, NOW, scheduledMatch, type Suite, withSuite } from "./fixtures.ts";

const SEND_AT = minutes(540);
const STRAY = "stray";

/** Match 1001 has two generations, the second of them live; the scheduler has planned everything. */
async function twoGenerations(suite: Suite) {
  const target = await scheduledMatch(suite);
  await suite.sql`update public.braze_schedules set state = 'deleted'`;
  await createSchedule(suite, target.runId, 1001);
  await suite.sql`
    insert into public.job_runs (function_name, caller, outcome, called_at, finished_at, summary)
    values ('braze-scheduler', 'secret_key', 'succeeded', ${NOW}, ${NOW}, '{}')`;
  await suite.sql`update public.braze_schedules set updated_at = ${minutes(-60)}`;
  return target;
}

async function list(
  { sql }: Suite,
  scheduleId: string,
  properties: Readonly<Record<string, unknown>> | null = null,
  changes: { readonly campaignId?: string; readonly shownUntil?: Date } = {},
): Promise<void> {
  const { campaignId = "campaign-1", shownUntil = null } = changes;
  await sql`
    insert into private.listed_schedules
      (campaign_id, braze_schedule_id, send_at_utc, trigger_properties, shown_from, shown_until)
    values (
      ${campaignId}, ${scheduleId}, ${SEND_AT}, ${
    properties === null ? null : sql.json(properties as never)
  },
      ${minutes(-60)}, ${shownUntil}
    )`;
}

async function isSuperseded({ sql }: Suite, scheduleId = STRAY): Promise<boolean> {
  const [row] = await sql<{ is: boolean }[]>`
    select private.is_superseded_in_list(${scheduleId}, ${minutes(1)}) as is`;
  return row!.is;
}

async function unmanaged({ sql }: Suite): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select braze_schedule_id as id from private.unmanaged_listed(${minutes(1)}) order by 1`;
  return rows.map(({ id }) => id);
}

interface Row {
  readonly what: string;
  readonly is: boolean;
  /** Changes of what the stray carries: by default our ledger id and generation 1. */
  readonly carries?: Readonly<Record<string, unknown>>;
  readonly change?: (suite: Suite) => Promise<unknown>;
}

const rows: readonly Row[] = [
  { what: "an older generation beside the current one", is: true },
  { what: "a generation as text", is: true, carries: { generation: "1" } },
  {
    what: "an older generation whose create got no answer",
    is: true,
    change: ({ sql }) =>
      sql`update public.braze_schedules set braze_schedule_id = null where generation = 1`,
  },
  {
    what: "a copy of an older generation",
    is: false,
    change: ({ sql }) =>
      sql`update public.braze_schedules set braze_schedule_id = 'the one itself' where generation = 1`,
  },
  { what: "the number of the current generation", is: false, carries: { generation: 2 } },
  { what: "a newer generation", is: false, carries: { generation: 3 } },
  { what: "no generation", is: false, carries: { generation: null } },
  { what: "a generation that is none", is: false, carries: { generation: "0x1" } },
  {
    what: "the ledger id of another suite",
    is: false,
    carries: { ledger_id: crypto.randomUUID() },
  },
  { what: "a ledger id that is none", is: false, carries: { ledger_id: "1001" } },
  { what: "the match id alone", is: false, carries: { ledger_id: null, match_id: "1001" } },
  {
    what: "an older generation while the current one is not listed",
    is: false,
    change: ({ sql }) =>
      sql`delete from private.listed_schedules where braze_schedule_id = 'schedule-1001-2'`,
  },
  {
    what: "an older generation while an earlier list showed the current one",
    is: false,
    change: ({ sql }) =>
      sql`update private.listed_schedules set shown_until = ${NOW} where braze_schedule_id = 'schedule-1001-2'`,
  },
  {
    what: "an older generation that the last list does not show",
    is: false,
    change: ({ sql }) =>
      sql`update private.listed_schedules set shown_until = ${NOW} where braze_schedule_id = ${STRAY}`,
  },
  {
    what: "an older generation in the list of another campaign",
    is: false,
    change: ({ sql }) =>
      sql`update private.listed_schedules set campaign_id = 'other' where braze_schedule_id = ${STRAY}`,
  },
  {
    what: "an older generation beside a current one that is being deleted",
    is: false,
    change: ({ sql }) =>
      sql`update public.braze_schedules set state = 'deleting' where generation = 2`,
  },
  {
    what: "an older generation of a cancelled match",
    is: false,
    change: ({ sql }) =>
      sql`update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan'`,
  },
  {
    what: "an older generation by its properties, which is another one by its id",
    is: false,
    change: ({ sql }) =>
      sql`
      with older as (
        update public.braze_schedules set braze_schedule_id = null where generation = 1 returning ledger_id
      )
      insert into public.braze_schedules
        (ledger_id, generation, campaign_id, braze_schedule_id, send_at_utc, state, created_at, updated_at)
      select ledger_id, 3, 'campaign-1', ${STRAY}, ${SEND_AT}, 'deleted', ${NOW}, ${NOW} from older`,
  },
  {
    what: "an older generation before the scheduler has ended a run",
    is: false,
    change: ({ sql }) => sql`delete from public.job_runs where outcome = 'succeeded'`,
  },
  ...["partial", "failed", "lost"].map((outcome): Row => ({
    what: `an older generation after a run of the scheduler that ended as ${outcome}`,
    is: false,
    change: ({ sql }) =>
      sql`update public.job_runs set outcome = ${outcome} where outcome = 'succeeded'`,
  })),
  {
    what: "an older generation after a dry run alone",
    is: false,
    change: ({ sql }) => sql`update public.job_runs set dry_run = true where outcome = 'succeeded'`,
  },
  {
    what: "an older generation after a run for some matches alone",
    is: false,
    change: ({ sql }) =>
      sql`update public.job_runs set summary = '{"match_ids": [1001]}' where outcome = 'succeeded'`,
  },
  {
    what: "an older generation after a run of another function",
    is: false,
    change: ({ sql }) =>
      sql`update public.job_runs set function_name = 'braze-reconcile' where outcome = 'succeeded'`,
  },
];

for (const { what, is, carries = {}, change } of rows) {
  Deno.test(
    `is_superseded_in_list() of ${what}: ${is}`,
    withSuite(async (suite) => {
      const { ledger_id } = await twoGenerations(suite);
      await suite
        .sql`update public.braze_schedules set braze_schedule_id = ${STRAY} where generation = 1`;
      await list(suite, "schedule-1001-2", { match_id: "1001", ledger_id, generation: 2 });
      await list(suite, STRAY, { match_id: "1001", ledger_id, generation: 1, ...carries });
      await change?.(suite);
      strictEqual(await isSuperseded(suite), is);
      strictEqual(await isSuperseded(suite, "schedule-1001-2"), false);
    }),
  );
}

Deno.test(
  "unmanaged_listed() names what is not ours, and ours that is listed although deleted",
  withSuite(async (suite) => {
    const { ledger_id } = await twoGenerations(suite);
    await list(suite, "schedule-1001-1", { ledger_id, generation: 1 });
    await list(suite, "schedule-1001-2", { ledger_id, generation: 2 });
    await list(suite, "nameless");
    await list(suite, "named", { match_id: "1001" });
    await list(suite, "gone", { match_id: "1001" }, { shownUntil: NOW });
    deepStrictEqual(await unmanaged(suite), ["named", "nameless", "schedule-1001-1"]);

    // A list may be behind a delete.
    await suite.sql`update public.braze_schedules set updated_at = ${NOW}`;
    deepStrictEqual(await unmanaged(suite), ["named", "nameless"]);
    await suite.sql`
      insert into public.schedule_attempts (id, run_id, kind, reason, braze_schedule_id, request, opened_at, closed_at, outcome)
      select gen_random_uuid(), run_id, 'delete', 'operator', 'named', '{}', ${NOW}, ${NOW}, 'succeeded'
      from public.job_runs limit 1`;
    deepStrictEqual(await unmanaged(suite), ["nameless"]);
    await suite.sql`
      insert into private.unmanaged_schedules
        (braze_schedule_id, campaign_id, send_at_utc, first_seen_at, last_seen_at, kept_at)
      values ('nameless', 'campaign-1', ${SEND_AT}, ${NOW}, ${NOW}, ${NOW})`;
    deepStrictEqual(await unmanaged(suite), []);
  }),
);

Deno.test(
  "unmanaged_listed() leaves out a schedule whose create got no answer: it is adopted",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    await suite.sql`update public.braze_schedules set braze_schedule_id = null, state = 'unknown'`;
    await list(suite, "made", { ledger_id, generation: 1 });
    deepStrictEqual(await unmanaged(suite), []);
    await list(suite, "another", { ledger_id, generation: 2 });
    deepStrictEqual(await unmanaged(suite), ["another"]);
  }),
);
