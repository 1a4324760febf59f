/** Everything that the doctor must notice: what is broken, how, and which of its checks turns red. */
import { match } from "node:assert/strict";
import type { DoctorTarget } from "../../local/doctor/target.ts";
import type { Stack } from "../../local/stack/stack.ts";
import { answering, dated, doctorTargetOf } from "./doctor.ts";

export const CREATE = "permission:campaigns.trigger.schedule.create";
export const UPDATE = "permission:campaigns.trigger.schedule.update";
export const DELETE = "permission:campaigns.trigger.schedule.delete";
export const SEND_ID = "permission:sends.id.create";
const FUNCTIONS = [
  "braze-count-audit",
  "braze-preflight-check",
  "braze-reconcile",
  "braze-scheduler",
  "braze-send-gate",
  "braze-webhook",
  "webhook-health-rollup",
].map((name) => `function:${name}`);
export const ALL_OF_THE_DATABASE = [
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
export const OTHER_SECRET = `whsec_${"B".repeat(43)}=`;
const TEN_MINUTES_MS = 600_000;

const sandbox = (fault: object) => (stack: Stack) =>
  void stack.sandbox.model.switchboard.setFromWire({ faults: [fault] });

export interface Breakage {
  readonly what: string;
  /** The only findings expected after it. */
  readonly wrong: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly target?: (stack: Stack) => Partial<DoctorTarget>;
  readonly stack?: (stack: Stack) => unknown;
  readonly undo?: (stack: Stack) => unknown;
}

/** Faults from outside, or reversible ones: all on one stack. */
export const BREAKAGES: readonly Breakage[] = [
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
    target: (stack) => ({
      fetch: dated(new RegExp(stack.ready.braze_url), new Date(Date.now() - TEN_MINUTES_MS)),
    }),
    wrong: ["clock:braze"],
  },
  {
    what: "this machine's clock is wrong",
    target: () => ({ now: () => new Date(Date.now() + TEN_MINUTES_MS) }),
    wrong: ["clock:braze", "clock:database"],
  },
  {
    what: "the functions' clock is wrong",
    target: (stack) => ({
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
      "send_gate_secret",
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
    target: (stack) => {
      const secrets = `${stack.ready.webhook_secret},${"w".repeat(40)}`;
      return { env: doctorTargetOf(stack, { BRAZE_WEBHOOK_SECRETS: secrets }).env };
    },
    wrong: ["webhook_secret:2"],
  },
  {
    what: "the functions have another secret for the send gate",
    env: { SEND_GATE_SECRETS: "g".repeat(40) },
    wrong: ["send_gate_secret"],
  },
  {
    what: "functions and Vault have another signing secret",
    env: { CRON_SIGNING_SECRETS: OTHER_SECRET },
    wrong: ["cron_secret", "vault:cron_signing_secret"],
  },
  {
    what: "no chat is told of alerts",
    env: { ALERT_WEBHOOK_URL: "", ALERT_WEBHOOK_URL_ENGINEERING: "" },
    wrong: ["chat"],
  },
  {
    what: "a message could not be delivered",
    stack: ({ sql }) =>
      sql`
        insert into public.alerts
          (fingerprint, rule, kind, severity, audience, title, first_seen_at, last_seen_at, delivery_error)
        values ('x', 'x', 'condition', 'warning', 'engineering', 'X', now(), now(), 'the webhook answered 404')`,
    undo: ({ sql }) => sql`delete from public.alerts`,
    wrong: ["chat:engineering"],
  },
  {
    what: "the chat does not take the test message",
    target: () => ({
      sendsTestAlert: true,
      fetch: answering(/_local\/alerts$/, 404, "no_service"),
    }),
    wrong: ["chat:admin"],
  },
  {
    what: "the direct connection leads nowhere",
    env: { INGEST_DATABASE_URL: "postgresql://braze_ingest:hunter2hunter2@127.0.0.1:9/postgres" },
    wrong: ["direct_connection"],
  },
  {
    what: "the direct connection signs in as the owner of the database",
    target: (stack) => {
      const url = new URL(stack.ready.db_url);
      url.password = "hunter2hunter2";
      const env = { INGEST_DATABASE_URL: url.href };
      return { env: doctorTargetOf(stack, env).env };
    },
    wrong: ["direct_connection"],
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
    target: () => ({
      fetch: answering(/\/braze-reconcile$/, 404, { code: "NOT_FOUND", message: "" }),
    }),
    wrong: ["function:braze-reconcile"],
  },
  {
    what: "a function was deployed with verify_jwt",
    target: () => ({
      fetch: answering(/\/braze-reconcile$/, 401, { code: "UNAUTHORIZED_NO_AUTH_HEADER" }),
    }),
    wrong: ["function:braze-reconcile"],
  },
  {
    what: "the database is elsewhere",
    target: () => ({ databaseUrl: "postgres://postgres:hunter2hunter2@127.0.0.1:9/postgres" }),
    wrong: ["database"],
  },
];

/** Faults inside the database: each in its own copy. */
export const BREAKAGES_IN_SQL: readonly (readonly [what: string, wrong: string, sql: string])[] = [
  [
    "a migration is missing",
    "migrations",
    "delete from supabase_migrations.schema_migrations where version = '20261130000000'",
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

async function setCampaign(stack: Stack, state: string): Promise<void> {
  const response = await fetch(`${stack.ready.braze_url}/_sandbox/campaign`, {
    method: "POST",
    body: JSON.stringify({ state }),
  });
  match(String(response.status), /^2/);
  await response.body?.cancel();
}
