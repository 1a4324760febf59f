/** The doctor: green on a stack that is well, red for each thing that is broken, one at a time. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Patient } from "../../local/doctor/patient.ts";
import type { Stack } from "../../local/stack.ts";
import { ensurePartitions, keepVaultSecrets } from "../../local/project.ts";
import { type Sql, withDatabase, withStack } from "../support/database.ts";
import { answering, checksOf, dated, diagnose, patientOf } from "../support/doctor.ts";
import { addFixture, CLOCK, schedule, THREE_AT_ONCE } from "../support/suite.ts";

const CREATE = "permission:campaigns.trigger.schedule.create";
const UPDATE = "permission:campaigns.trigger.schedule.update";
const DELETE = "permission:campaigns.trigger.schedule.delete";
const SEND_ID = "permission:sends.id.create";
const FUNCTIONS = [
  "braze-count-audit",
  "braze-preflight-check",
  "braze-reconcile",
  "braze-scheduler",
  "braze-webhook",
  "webhook-health-rollup",
].map((name) => `function:${name}`);
const ALL_OF_THE_DATABASE = [
  "clock:database",
  "cron_jobs",
  "database",
  "extensions",
  "migrations",
  "partitions",
  "vault:cron_signing_secret",
  "vault:project_url",
];
const NOWHERE = "http://127.0.0.1:9";
const OTHER_SECRET = `whsec_${"B".repeat(43)}=`;
const TEN_MINUTES_MS = 600_000;

const withFreshStack = (run: (stack: Stack) => Promise<void>) => withStack({ clock: CLOCK }, run);
const sandbox = (fault: object) => (stack: Stack) =>
  void stack.sandbox.model.switchboard.setFromWire({ faults: [fault] });

interface Breakage {
  readonly what: string;
  /** What must be wrong then, and nothing else. */
  readonly wrong: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly patient?: (stack: Stack) => Partial<Patient>;
  readonly stack?: (stack: Stack) => unknown;
  readonly undo?: (stack: Stack) => unknown;
}

/** Broken from outside, or so that it can be mended again: all on one stack. */
const BREAKAGES: readonly Breakage[] = [
  { what: "a variable is missing", env: { BRAZE_CAMPAIGN_ID: "" }, wrong: ["variables"] },
  { what: "a variable makes no sense", env: { FREEZE_MINUTES: "soon" }, wrong: ["variables"] },
  { what: "Braze is elsewhere", env: { BRAZE_REST_URL: NOWHERE }, wrong: ["braze_address"] },
  { what: "the key is not Braze's", env: { BRAZE_API_KEY: "another-key" }, wrong: ["braze_key"] },
  {
    what: "the campaign is another's",
    env: { BRAZE_CAMPAIGN_ID: crypto.randomUUID() },
    wrong: ["campaign"],
  },
  ...["stopped", "archived", "draft"].map((state): Breakage => ({
    what: `the campaign is ${state}`,
    stack: (stack) => setCampaign(stack, state),
    undo: (stack) => setCampaign(stack, "enabled"),
    wrong: ["campaign"],
  })),
  ...[
    ["messages.schedule_broadcasts", "/messages/scheduled_broadcasts"],
    ["campaigns.details", "/campaigns/details"],
    ["sends.data_series", "/sends/data_series"],
    ["segments.data_series", "/segments/data_series"],
  ].flatMap(([permission, endpoint]) =>
    [401, 403].map((status): Breakage => ({
      what: `the key lacks ${permission} (${status})`,
      stack: sandbox({ endpoint, kind: "status", status, probability: 1 }),
      undo: (stack) => void stack.sandbox.model.switchboard.setFromWire({ faults: [] }),
      wrong: [`permission:${permission}`],
    }))
  ),
  {
    what: "Braze's clock is wrong",
    patient: (stack) => ({
      fetch: dated(new RegExp(stack.ready.braze_url), new Date(Date.now() - TEN_MINUTES_MS)),
    }),
    wrong: ["clock:braze"],
  },
  {
    what: "this machine's clock is wrong",
    patient: () => ({ now: () => new Date(Date.now() + TEN_MINUTES_MS) }),
    wrong: ["clock:braze", "clock:database"],
  },
  {
    what: "the functions' clock is wrong",
    patient: (stack) => ({
      suiteNow: () => Promise.resolve(new Date(stack.timeline.now().getTime() + TEN_MINUTES_MS)),
    }),
    wrong: ["cron_secret"],
  },
  {
    what: "the project is elsewhere",
    env: { SUPABASE_URL: NOWHERE },
    wrong: [
      "cron_secret",
      ...FUNCTIONS,
      "functions_secret_key",
      "secret_key",
      "vault:project_url",
      "webhook_secret",
    ],
  },
  {
    what: "the secret key is another project's",
    env: { SUPABASE_SECRET_KEYS: '{"default":"sb_secret_of_another_project"}' },
    wrong: ["functions_secret_key", "secret_key"],
  },
  {
    what: "the functions have another webhook secret",
    env: { BRAZE_WEBHOOK_SECRETS: "w".repeat(40) },
    wrong: ["webhook_secret"],
  },
  {
    what: "the functions lack the second of two webhook secrets",
    patient: (stack) => {
      const secrets = `${stack.ready.webhook_secret},${"w".repeat(40)}`;
      return { env: patientOf(stack, { BRAZE_WEBHOOK_SECRETS: secrets }).env };
    },
    wrong: ["webhook_secret:2"],
  },
  {
    what: "functions and Vault have another signing secret",
    env: { CRON_SIGNING_SECRETS: OTHER_SECRET },
    wrong: ["cron_secret", "vault:cron_signing_secret"],
  },
  ...FUNCTIONS.map((check): Breakage => {
    const name = check.slice("function:".length);
    return {
      what: `${name} is down`,
      stack: (stack) => void stack.outages.add(name),
      undo: (stack) => void stack.outages.delete(name),
      wrong: [check],
    };
  }),
  {
    what: "a function is not deployed",
    patient: () => ({
      fetch: answering(/\/braze-reconcile$/, 404, { code: "NOT_FOUND", message: "" }),
    }),
    wrong: ["function:braze-reconcile"],
  },
  {
    what: "a function was deployed with verify_jwt",
    patient: () => ({
      fetch: answering(/\/braze-reconcile$/, 401, { code: "UNAUTHORIZED_NO_AUTH_HEADER" }),
    }),
    wrong: ["function:braze-reconcile"],
  },
  {
    what: "the database is elsewhere",
    patient: () => ({ databaseUrl: "postgres://postgres:hunter2hunter2@127.0.0.1:9/postgres" }),
    wrong: ["database"],
  },
];

/** Broken inside the database: each in a copy of it. */
const BREAKAGES_IN_SQL: readonly (readonly [what: string, wrong: string, sql: string])[] = [
  [
    "a migration is missing",
    "migrations",
    "delete from supabase_migrations.schema_migrations where version = '20261124103400'",
  ],
  [
    "the database is newer",
    "migrations",
    "insert into supabase_migrations.schema_migrations (version, name) values ('20991231000000', 'later')",
  ],
  ["an extension is missing", "extensions", "drop extension supabase_vault cascade"],
  ["a job is missing", "cron_jobs", "select cron.unschedule('heartbeat')"],
  ["a job is off", "cron_jobs", "update cron.job set active = false where jobname = 'heartbeat'"],
  ["a job is seldom", "cron_jobs", "select cron.schedule('heartbeat', '0 0 1 1 *', 'select 1')"],
  [
    "a job does something else",
    "cron_jobs",
    "update cron.job set command = 'select 1' where jobname = 'heartbeat'",
  ],
  [
    "the Vault lacks the address",
    "vault:project_url",
    "delete from vault.secrets where name = 'project_url'",
  ],
  [
    "the Vault has another project's address",
    "vault:project_url",
    "select vault.update_secret(id, 'https://other.supabase.co') from vault.decrypted_secrets where name = 'project_url'",
  ],
  [
    "the Vault lacks the signing secret",
    "vault:cron_signing_secret",
    "delete from vault.secrets where name = 'cron_signing_secret'",
  ],
  [
    "the Vault has another signing secret",
    "vault:cron_signing_secret",
    `select vault.update_secret(id, '${OTHER_SECRET}') from vault.decrypted_secrets where name = 'cron_signing_secret'`,
  ],
  [
    "partitions run out",
    "partitions",
    "delete from private.event_partitions where starts_at > '2024-12-07'",
  ],
  ["there are no partitions", "partitions", "delete from private.event_partitions"],
];

Deno.test("the doctor is green on a stack that is well, and says what it cannot know", () =>
  withFreshStack(async (stack) => {
    const { checks, findings } = await diagnose(patientOf(stack));
    deepStrictEqual(checks("wrong"), []);
    deepStrictEqual(checks("unknown"), [CREATE, DELETE, UPDATE, SEND_ID, "cron_calls"].sort());
    strictEqual(checks("ok").length, findings.length - 5);
    const [{ count }] = await stack.sql<[{ count: number }]>`
      select count(*)::int as count from public.job_runs`;
    strictEqual(count, 0, "the doctor begins no run");
    strictEqual(stack.sandbox.model.schedules.all.length, 0);
  }));

Deno.test("what only an effect can show is known once the suite has had it", () =>
  withFreshStack(async (stack) => {
    for (const fixture of THREE_AT_ONCE) await addFixture(stack, fixture);
    await schedule(stack);
    await stack
      .sql`update public.matches set kickoff_at = kickoff_at + interval '1 hour' where id = 1001`;
    await stack.sql`update public.matches set status = 'postponed' where id = 1002`;
    await stack.advanceTo(new Date(CLOCK.getTime() + 20 * 60_000));
    const { checks } = await diagnose(patientOf(stack));
    deepStrictEqual([checks("wrong"), checks("unknown")], [[], []]);
  }));

Deno.test("without a database the doctor calls unknown what only it can tell", () =>
  withFreshStack(async (stack) => {
    const { checks } = await diagnose({ ...patientOf(stack), databaseUrl: null });
    deepStrictEqual(checks("wrong"), []);
    const asked = checks("unknown").filter((check) => ALL_OF_THE_DATABASE.includes(check));
    deepStrictEqual(asked, ALL_OF_THE_DATABASE);
  }));

Deno.test("the doctor is red for each thing that is broken, and for nothing else", (t) =>
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

Deno.test("the doctor is red for each thing that is broken in the database, and for nothing else", (t) =>
  withFreshStack(async (stack) => {
    for (const [what, wrong, statement] of BREAKAGES_IN_SQL) {
      await t.step(what, () =>
        withDatabase(async (sql, databaseUrl) => {
          await prepareCopy(sql, stack);
          await sql.unsafe(statement);
          const vault = ["vault:cron_signing_secret", "vault:project_url"];
          const gone = wrong === "extensions" ? vault : [];
          const patient = () => ({ databaseUrl });
          await expectWrong(stack, { what, patient, wrong: [wrong, ...gone] });
        }));
    }
  }));

Deno.test("the doctor is red when Braze last refused what only an effect can show", (t) =>
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

Deno.test("the doctor is red when pg_cron is silent, or calls in vain", (t) =>
  withFreshStack(async (stack) => {
    for (
      const [minutesAgo, outcome] of [[1_440, "succeeded"], [3, "called"], [3, "failed"]] as const
    ) {
      const what = `${minutesAgo} minutes ago a call ended ${outcome}`;
      await t.step(what, async () => {
        const slot = new Date(CLOCK.getTime() - minutesAgo * 60_000);
        await stack.sql`
          insert into public.job_runs (function_name, slot, invocation_id, caller, outcome, called_at)
          values ('braze-preflight-check', ${slot}, 'cron_x', 'cron', ${outcome}, ${slot})`;
        await expectWrong(stack, { what, wrong: ["cron_calls"] });
        await stack.sql`delete from public.job_runs`;
      });
    }
  }));

async function expectWrong(stack: Stack, { env, patient, wrong }: Breakage): Promise<void> {
  const { findings } = await diagnose({ ...patientOf(stack, env), ...patient?.(stack) });
  deepStrictEqual(checksOf(findings, "wrong"), [...wrong].sort(), JSON.stringify(findings));
  for (const finding of findings) {
    if (finding.result !== "wrong") continue;
    ok((finding.mend ?? "").length > 10, `${finding.check} says how to mend it`);
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
  for (const secret of secrets) strictEqual(text.includes(secret), false, "a secret is told");
}

/** A copy of the template lacks what the stack put into its own database. */
async function prepareCopy(sql: Sql, { keys, ready }: Stack): Promise<void> {
  await ensurePartitions(sql, CLOCK);
  await keepVaultSecrets(sql, {
    project_url: ready.api_url,
    cron_signing_secret: keys.cronSigningSecret,
  });
}

async function setCampaign(stack: Stack, state: string): Promise<void> {
  const response = await fetch(`${stack.ready.braze_url}/_sandbox/campaign`, {
    method: "POST",
    body: JSON.stringify({ state }),
  });
  match(String(response.status), /^2/);
  await response.body?.cancel();
}
