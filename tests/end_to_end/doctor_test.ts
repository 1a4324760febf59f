/** The doctor is green on a healthy stack, and red for each fault, one at a time. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { ensurePartitions, keepVaultSecrets } from "../../local/stack/project.ts";
import { type Sql, withDatabase, withStack } from "../support/database.ts";
import {
  ALL_OF_THE_DATABASE,
  type Breakage,
  BREAKAGES,
  BREAKAGES_IN_SQL,
  CREATE,
  DELETE,
  OTHER_SECRET,
  SEND_ID,
  UPDATE,
} from "../support/breakages.ts";
import { checksOf, diagnose, doctorTargetOf } from "../support/doctor.ts";
import { addFixture, CLOCK, schedule, THREE_AT_ONCE } from "../support/suite.ts";

/** What a stack on which no alert was ever sent cannot show. */
const UNUSED = ["chat:admin", "chat:engineering", "dashboard_url", "heartbeat_url"];

const withFreshStack = (run: (stack: Stack) => Promise<void>) => withStack({ clock: CLOCK }, run);

Deno.test("the doctor is green on a healthy stack, and reports unknown results as unknown", () =>
  withFreshStack(async (stack) => {
    const { checks, findings } = await diagnose(doctorTargetOf(stack));
    deepStrictEqual(checks("wrong"), []);
    const unknown = [...UNUSED, CREATE, DELETE, UPDATE, SEND_ID, "cron_calls", "expected_numbers"];
    deepStrictEqual(checks("unknown"), unknown.sort());
    strictEqual(checks("ok").length, findings.length - unknown.length);
    const [{ count }] = await stack.sql<[{ count: number }]>`
      select count(*)::int as count from public.job_runs`;
    strictEqual(count, 0, "the doctor starts no run");
    strictEqual(stack.sandbox.model.schedules.all.length, 0);
  }));

Deno.test("the doctor knows after a real call what only such a call can show", () =>
  withFreshStack(async (stack) => {
    for (const fixture of THREE_AT_ONCE) await addFixture(stack, fixture);
    await schedule(stack);
    await stack
      .sql`update public.matches set kickoff_at = kickoff_at + interval '1 hour' where id = 1001`;
    await stack.sql`update public.matches set status = 'postponed' where id = 1002`;
    await stack.advanceTo(new Date(CLOCK.getTime() + 20 * 60_000));
    const { checks } = await diagnose(doctorTargetOf(stack));
    // A run that raised no alert has sent no message, and the teams name no segment.
    const unknown = [...UNUSED, "expected_numbers"];
    deepStrictEqual([checks("wrong"), checks("unknown")], [[], unknown.sort()]);
  }));

Deno.test("the doctor sends a test message to each chat when asked, and knows then that both work", () =>
  withFreshStack(async (stack) => {
    const { checks } = await diagnose({ ...doctorTargetOf(stack), sendsTestAlert: true });
    deepStrictEqual(checks("wrong"), []);
    ok(["chat:admin", "chat:engineering"].every((check) => checks("ok").includes(check)));
    deepStrictEqual(
      stack.alerts.messages.map(({ audience, text }) => [audience, /Test/.test(text)]).sort(),
      [["admin", true], ["engineering", true]],
    );
  }));

Deno.test("the doctor says when the chat took the last message, and links to the page", () =>
  withFreshStack(async (stack) => {
    await addFixture(stack, THREE_AT_ONCE[0]!);
    await stack.sql`delete from public.teams`;
    await schedule(stack);
    const { findings } = await diagnose(
      doctorTargetOf(stack, { DASHBOARD_URL: "https://push.example" }),
    );
    const says = (check: string) => findings.find((one) => one.check === check)?.says;
    strictEqual(says("chat:admin"), "Slack took the last message at 2024-12-07 06:00 UTC");
    strictEqual(says("dashboard_url"), "messages link to https://push.example");
  }));

Deno.test("without a database the doctor reports as unknown what only the database shows", () =>
  withFreshStack(async (stack) => {
    const { checks } = await diagnose({ ...doctorTargetOf(stack), databaseUrl: null });
    deepStrictEqual(checks("wrong"), []);
    const asked = checks("unknown").filter((check) => ALL_OF_THE_DATABASE.includes(check));
    deepStrictEqual(asked, ALL_OF_THE_DATABASE);
  }));

Deno.test("the doctor is red for each fault, and for nothing else", (t) =>
  withFreshStack(async (stack) => {
    for (const breakage of BREAKAGES) {
      await t.step(breakage.what, async () => {
        await breakage.stack?.(stack);
        try {
          await expectWrong(stack, breakage);
        } finally {
          await breakage.undo?.(stack);
        }
      });
    }
  }));

Deno.test("the doctor is red for each fault in the database, and for nothing else", (t) =>
  withFreshStack(async (stack) => {
    for (const [what, wrong, statement] of BREAKAGES_IN_SQL) {
      await t.step(what, () =>
        withDatabase(async (sql, databaseUrl) => {
          await prepareCopy(sql, stack);
          await sql.unsafe(statement);
          const vault = ["vault:cron_signing_secret", "vault:project_url"];
          const gone = wrong === "extensions" ? vault : [];
          const target = () => ({ databaseUrl });
          await expectWrong(stack, { what, target, wrong: [wrong, ...gone] });
        }));
    }
  }));

Deno.test("the doctor is red when Braze refused the last call that only a real call can check", (t) =>
  withFreshStack(async (stack) => {
    const { sql } = stack;
    for (
      const [wrong, kind, status] of [
        [CREATE, "create", 403],
        [UPDATE, "update", 401],
        [DELETE, "delete", 403],
        [SEND_ID, "send_id", 401],
      ] as const
    ) {
      await t.step(wrong, async () => {
        await sql`
          with run as (
            insert into public.job_runs (function_name, caller, outcome, called_at)
            values ('braze-scheduler', 'secret_key', 'succeeded', ${CLOCK}) returning run_id
          )
          insert into public.schedule_attempts
            (id, run_id, kind, reason, request, opened_at, closed_at, outcome, http_status)
          select gen_random_uuid(), run.run_id, ${kind}, 'plan', '{}', ${CLOCK}, ${CLOCK}, 'failed', ${status}
          from run`;
        await expectWrong(stack, { what: wrong, wrong: [wrong] });
        await sql`delete from public.schedule_attempts`;
      });
    }
  }));

Deno.test("the doctor is red when pg_cron makes no calls, or its calls fail", (t) =>
  withFreshStack(async (stack) => {
    for (
      const [minutesAgo, outcome] of [[1_440, "succeeded"], [3, "called"], [3, "failed"]] as const
    ) {
      const what = `${minutesAgo} minutes ago a call ended ${outcome}`;
      await t.step(what, async () => {
        const scheduledAt = new Date(CLOCK.getTime() - minutesAgo * 60_000);
        await stack.sql`
          insert into public.job_runs (function_name, scheduled_at, invocation_id, caller, outcome, called_at)
          values ('braze-preflight-check', ${scheduledAt}, 'cron_x', 'cron', ${outcome}, ${scheduledAt})`;
        await expectWrong(stack, { what, wrong: ["cron_calls"] });
        if (minutesAgo > 60) {
          // A stack that was started just now has not missed a call.
          const cronSince = () => Promise.resolve(stack.timeline.now());
          const { checks } = await diagnose({ ...doctorTargetOf(stack), cronSince });
          ok(checks("unknown").includes("cron_calls"));
        }
        await stack.sql`delete from public.job_runs`;
      });
    }
  }));

async function expectWrong(stack: Stack, { env, target, wrong }: Breakage): Promise<void> {
  const { findings } = await diagnose({ ...doctorTargetOf(stack, env), ...target?.(stack) });
  deepStrictEqual(checksOf(findings, "wrong"), [...wrong].sort(), JSON.stringify(findings));
  for (const finding of findings) {
    if (finding.result !== "wrong") continue;
    ok((finding.mend ?? "").length > 10, `${finding.check} says how to fix it`);
    ok(finding.says.length > 5, finding.check);
  }
  const text = JSON.stringify(findings);
  const secrets = [
    stack.ready.secret_key,
    stack.ready.webhook_secret,
    stack.ready.braze_api_key,
    stack.keys.cronSigningSecret,
    OTHER_SECRET,
    "hunter2hunter2",
  ];
  for (const secret of secrets) strictEqual(text.includes(secret), false, "a secret is printed");
}

/** A clone of the template lacks the rows that the stack wrote to its own database. */
async function prepareCopy(sql: Sql, { keys, ready }: Stack): Promise<void> {
  await ensurePartitions(sql, CLOCK);
  await keepVaultSecrets(sql, {
    project_url: ready.api_url,
    cron_signing_secret: keys.cronSigningSecret,
  });
}
