import { deepStrictEqual, match } from "node:assert/strict";
import {
  addMatch,
  createSchedule,
  minutes,
  scheduledMatch,
  startRun,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { raise as raiseAlert } from "./alerts.ts";
import { alerts, markDeleted, prove } from "./unexpected_sends.ts";

/** The schedules of `fixtures.ts` are due nine hours after NOW, their kick-offs ten hours after. */
const BEFORE = minutes(530);
const LATER = minutes(545);

const raise = ({ call }: Suite, now = LATER) =>
  call<number>("raise_unwanted_pushes", { p_now: now });

const change = ({ sql }: Suite, changes: Record<string, unknown>, at = BEFORE, id = 1001) =>
  sql`update public.matches set ${sql({ ...changes, updated_at: at })} where id = ${id}`;

const told = async (suite: Suite) =>
  (await alerts(suite)).filter(({ fingerprint }) => String(fingerprint).startsWith("push_"))
    .map(({ title }) =>
      String(title).replace(/^.*?went out as planned before, although /, "").replace(/;.*/, "")
    );

for (
  const [changes, what] of [
    [
      { kickoff_at: minutes(665) },
      "its kick-off was moved to 2024-12-07 17:05 UTC at 2024-12-07 14:50 UTC",
    ],
    [{ away_team: "Others" }, "its teams were changed at 2024-12-07 14:50 UTC"],
    [{ competition: "Cup" }, "its text was changed at 2024-12-07 14:50 UTC"],
    [
      { kickoff_at: minutes(540), home_team: "Others", away_team: "Ours" },
      "its kick-off was moved to 2024-12-07 15:00 UTC and its teams were changed at 2024-12-07 14:50 UTC",
    ],
  ] as const
) {
  Deno.test(
    `push_outdated is told once, and as a harm: ${what}`,
    withSuite(async (suite) => {
      const scheduled = await scheduledMatch(suite);
      await change(suite, changes);
      deepStrictEqual(await raise(suite), 0, "it is not proved");
      await prove(suite, scheduled, 1);
      deepStrictEqual(await raise(suite), 1);
      deepStrictEqual(await raise(suite), 0);
      const [alert] = await alerts(suite);
      deepStrictEqual([alert?.fingerprint, alert?.kind, alert?.occurrences], [
        "push_outdated:1001:1",
        "harm",
        1,
      ]);
      deepStrictEqual(await told(suite), [what]);
      // Neither time nor a person's word on it is undone.
      await suite.sql`update public.alerts set resolved_at = ${LATER}`;
      deepStrictEqual(await raise(suite), 0);
    }),
  );
}

for (
  const [what, prepare] of [
    [
      "changed after it",
      (suite: Suite) => change(suite, { kickoff_at: minutes(665) }, minutes(541)),
    ],
    ["changed and changed back before it", async (suite: Suite) => {
      await change(suite, { kickoff_at: minutes(665), away_team: "Others" }, minutes(500));
      await change(suite, { kickoff_at: minutes(600), away_team: "Away 1001" }, minutes(510));
    }],
    ["moved with its schedule", async (suite: Suite) => {
      await suite.sql`update public.braze_schedules set send_at_utc = ${minutes(539)}`;
      await suite.sql`update public.schedule_ledger set send_at_utc = ${minutes(539)}`;
      await change(suite, { kickoff_at: minutes(599) }, minutes(500));
    }],
    ["moved to a time that Braze may have taken", async (suite: Suite) => {
      await suite.sql`update public.braze_schedules set moving_to_utc = ${minutes(542)}`;
      await change(suite, { kickoff_at: minutes(602) }, minutes(500));
    }],
    [
      "given a time that is not confirmed",
      (suite: Suite) => change(suite, { kickoff_at: minutes(665), kickoff_confirmed: false }),
    ],
    [
      "changed before its schedule was made",
      (suite: Suite) => change(suite, { competition: "Cup" }, minutes(-1)),
    ],
  ] as const
) {
  Deno.test(
    `push_outdated tells nothing of a match that was ${what}`,
    withSuite(async (suite) => {
      const scheduled = await scheduledMatch(suite);
      await prepare(suite);
      await prove(suite, scheduled, 1);
      deepStrictEqual(await raise(suite), 0);
    }),
  );
}

Deno.test(
  "push_outdated is told of an audience that pre-flight found changed, and names the held change",
  withSuite(async (suite) => {
    const runId = await startRun(suite);
    for (const id of [1001, 1002, 1003, 1004]) {
      await addMatch(suite, id);
      const created = await createSchedule(suite, runId, id);
      if (id !== 1004) await prove(suite, created, 1);
    }
    const seen = (id: number, changes: readonly string[]) =>
      raiseAlert(suite, {
        fingerprint: `changed_before_send:${id}`,
        rule: "changed_before_send",
        match_id: id,
        details: { generation: 1, changes },
      } as never, BEFORE);
    await seen(1001, ["teams_or_properties"]);
    await seen(1002, ["no_audience"]);
    // Its kick-off was right again before the send.
    await seen(1003, ["kickoff"]);
    await seen(1004, ["teams_or_properties"]);
    await raiseAlert(suite, {
      fingerprint: "remakes_held:1",
      rule: "remakes_held",
      match_id: null,
      details: { match_ids: [1001] },
    } as never, BEFORE);
    await suite.call("sync_alerts", {
      p_rules: ["changed_before_send", "remakes_held"],
      p_alerts: [],
      p_now: minutes(544),
    });
    deepStrictEqual(await raise(suite), 2);
    const titles = (await alerts(suite)).filter(({ kind }) => kind === "harm").map(({ title }) =>
      title
    );
    match(
      String(titles[0]),
      /its audience or its text was changed at .*; the change was held, and nobody confirmed it$/,
    );
    match(
      String(titles[1]),
      /the fans of neither team were to be notified any more at .*; braze-scheduler had not/,
    );
  }),
);

Deno.test(
  "push_outdated leaves what is told as unwanted, or as the send of a deleted schedule",
  withSuite(async (suite) => {
    const scheduled = await scheduledMatch(suite);
    await change(suite, { status: "postponed", kickoff_at: minutes(9_000) });
    await prove(suite, scheduled, 1);
    deepStrictEqual(await raise(suite), 1);
    deepStrictEqual((await alerts(suite)).map(({ fingerprint }) => fingerprint), [
      "push_unwanted:1001:1",
    ]);
    await suite.sql`delete from public.alerts`;
    await suite.sql`delete from public.match_changes where changes ? 'status' and kind = 'changed'`;
    await change(suite, { competition: "Cup" });
    await markDeleted(suite, scheduled);
    await raiseAlert(
      suite,
      { fingerprint: "unexpected_send:1001:1", rule: "unexpected_send" } as never,
    );
    deepStrictEqual(await raise(suite), 0);
  }),
);

Deno.test(
  "push_outdated is taken back when its events do not prove the push any more",
  withSuite(async (suite) => {
    const scheduled = await scheduledMatch(suite);
    await change(suite, { competition: "Cup" });
    await prove(suite, scheduled, 1);
    await raise(suite);
    await suite
      .sql`update public.schedule_ledger set status = 'pending', sent_evidence = null, sent_confirmed_at = null`;
    await suite
      .sql`update public.braze_schedules set first_event_at = null, state = 'live', state_before_proof = null`;
    deepStrictEqual(await raise(suite), 0);
    deepStrictEqual((await alerts(suite)).map(({ is_open }) => is_open), [false]);
  }),
);
