import { deepStrictEqual } from "node:assert/strict";
import {
  addMatch,
  createSchedule,
  minutes,
  scheduledMatch,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { alerts, markDeleted, prove } from "./unexpected_sends.ts";

/** The schedules of `fixtures.ts` are due nine hours after NOW. */
const BEFORE = minutes(530);
const LATER = minutes(545);

const raise = ({ call }: Suite, now = LATER) =>
  call<number>("raise_unwanted_pushes", { p_now: now });

const change = ({ sql }: Suite, changes: Record<string, unknown>, at = BEFORE, id = 1001) =>
  sql`update public.matches set ${sql({ ...changes, updated_at: at })} where id = ${id}`;

const titles = async (suite: Suite) => (await alerts(suite)).map(({ title }) => title);

const BASE = "Match 1001 Home 1001–Away 1001: its push of ";

for (
  const [what, changes, why] of [
    ["postponed", { status: "postponed" }, "the match was postponed"],
    ["cancelled", { status: "cancelled" }, "the match was cancelled"],
    ["finished", { status: "finished" }, "the match was finished"],
    ["switched off", { push: false }, "its push was switched off"],
  ] as const
) {
  Deno.test(
    `raise_unwanted_pushes() tells once, and as a harm, of a proved push whose match was ${what} before it`,
    withSuite(async (suite) => {
      const match = await scheduledMatch(suite);
      await change(suite, changes);
      deepStrictEqual(await raise(suite), 0, "it is not proved");
      await prove(suite, match, 1);
      deepStrictEqual(await raise(suite), 1);
      deepStrictEqual(await raise(suite), 0);
      const [alert] = await alerts(suite);
      const text = (at: Date) => `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
      deepStrictEqual([alert?.fingerprint, alert?.kind, alert?.severity, alert?.occurrences], [
        "push_unwanted:1001:1",
        "harm",
        "critical",
        1,
      ]);
      deepStrictEqual(
        alert?.title,
        `${BASE}${text(minutes(540))} went out, although ${why} at ${
          text(BEFORE)
        }; braze-scheduler had not succeeded yet`,
      );
      // A person closes it; it is not told again.
      await suite.sql`update public.alerts set resolved_at = ${LATER}`;
      deepStrictEqual(await raise(suite), 0);
    }),
  );
}

for (
  const [what, prepare] of [
    ["called off after it", (suite: Suite) => change(suite, { status: "cancelled" }, minutes(541))],
    ["played after it", (suite: Suite) => change(suite, { status: "finished" }, minutes(541))],
    ["called off and wanted again before it", async (suite: Suite) => {
      await change(suite, { status: "postponed" }, minutes(500));
      await change(suite, { status: "scheduled" }, minutes(510));
    }],
  ] as const
) {
  Deno.test(
    `raise_unwanted_pushes() tells nothing of a match that was ${what}`,
    withSuite(async (suite) => {
      const match = await scheduledMatch(suite);
      await prepare(suite);
      await prove(suite, match, 1);
      deepStrictEqual(await raise(suite), 0);
    }),
  );
}

Deno.test(
  "raise_unwanted_pushes() judges by the fixture at the time of the send, whatever it says since",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await change(suite, { status: "postponed" });
    await change(suite, { status: "scheduled" }, minutes(541));
    await prove(suite, match, 1);
    deepStrictEqual(await raise(suite), 1);
  }),
);

Deno.test(
  "raise_unwanted_pushes() says that the removal was held, unless a person confirmed it",
  withSuite(async (suite) => {
    const runId = await startRun(suite);
    for (const id of [1001, 1002]) {
      await addMatch(suite, id);
      const created = await createSchedule(suite, runId, id);
      await change(suite, { status: "postponed" }, BEFORE, id);
      await suite.sql`
        insert into private.held_changes (ledger_id, match_id, kind, held_at, confirmed_at)
        values (${created.ledger_id}, ${id}, 'removal', ${BEFORE}, ${id === 1002 ? BEFORE : null})`;
      await prove(suite, created, 1);
    }
    deepStrictEqual(await raise(suite), 2);
    deepStrictEqual((await titles(suite)).map((title) => /nobody confirmed/.test(String(title))), [
      true,
      false,
    ]);
  }),
);

Deno.test(
  "raise_unwanted_pushes() leaves what is told as the send of a deleted schedule",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await change(suite, { status: "cancelled" });
    await markDeleted(suite, match);
    await prove(suite, match, 1);
    deepStrictEqual(await raise(suite), 0);
  }),
);

Deno.test(
  "raise_unwanted_pushes() takes back what its events do not prove any more, and tells it anew when they do",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await change(suite, { status: "cancelled" });
    await prove(suite, match, 1);
    await raise(suite);
    await suite
      .sql`update public.schedule_ledger set status = 'pending', sent_evidence = null, sent_confirmed_at = null`;
    await suite
      .sql`update public.braze_schedules set first_event_at = null, state = 'live', state_before_proof = null`;
    deepStrictEqual(await raise(suite), 0);
    deepStrictEqual((await alerts(suite)).map(({ is_open }) => is_open), [false]);
    await prove(suite, match, 1);
    deepStrictEqual(await raise(suite), 1);
  }),
);

Deno.test(
  "raise_unwanted_pushes() looks thirty days back where no pre-flight run was ever complete",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await change(suite, { status: "cancelled" });
    await prove(suite, match, 1);
    deepStrictEqual(await raise(suite, minutes(540 + 30 * 24 * 60)), 0);
    deepStrictEqual(await raise(suite, minutes(539 + 30 * 24 * 60)), 1);
  }),
);

/** A run of the scheduler that succeeded, this many minutes after NOW. */
const ran = ({ sql }: Suite, ...after: number[]) =>
  Promise.all(after.map((at) =>
    sql`
      insert into public.job_runs (function_name, caller, scheduled_at, outcome, called_at, started_at, finished_at)
      values ('braze-scheduler', 'cron', ${minutes(at)}, 'succeeded', ${minutes(at)}, ${
      minutes(at)
    }, ${minutes(at)})`
  ));

for (
  const [what, off, prepare, because] of [
    [
      "called off when no run was left",
      538,
      (suite: Suite) => ran(suite, 534, 536),
      "that was 2 minutes before the send, too late for Braze to heed a change",
    ],
    [
      "called off inside the freeze window, with a run after it",
      530,
      (suite: Suite) => ran(suite, 529, 534),
      "that was 10 minutes before the send, too late for Braze to heed a change",
    ],
    [
      "called off in time, while cron was dead",
      300,
      (suite: Suite) => ran(suite, 280),
      "braze-scheduler had not succeeded since 2024-12-07 10:40 UTC",
    ],
    [
      "called off late, after cron had been dead for long",
      538,
      (suite: Suite) => ran(suite, 280),
      "braze-scheduler had not succeeded since 2024-12-07 10:40 UTC",
    ],
    ["called off in time, and Braze refused the delete", 300, async (suite: Suite) => {
      await ran(suite, 305);
      await suite.sql`
        insert into public.schedule_attempts
          (id, run_id, kind, reason, match_id, ledger_id, generation, request, opened_at, closed_at, outcome, detail)
        select gen_random_uuid(), run_id, 'delete', 'plan', match_id, ledger_id, generation, '{}', ${
        minutes(305)
      },
          ${minutes(305)}, 'failed', '503'
        from public.schedule_attempts where kind = 'create'`;
    }, "Braze did not confirm the delete (503)"],
  ] as const
) {
  Deno.test(
    `push_unwanted says why it went out: ${what}`,
    withSuite(async (suite) => {
      const match = await scheduledMatch(suite);
      await change(suite, { status: "cancelled" }, minutes(off));
      await prepare(suite);
      await prove(suite, match, 1);
      await raise(suite);
      deepStrictEqual((await titles(suite)).map((title) => String(title).split("; ")[1]), [
        because,
      ]);
    }),
  );
}
