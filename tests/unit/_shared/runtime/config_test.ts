import { deepStrictEqual, match, ok, strictEqual, throws } from "node:assert/strict";
import {
  readEnvironment,
  readProject,
} from "../../../../supabase/functions/_shared/runtime/config.ts";
import { createLog } from "../../../../supabase/functions/_shared/runtime/log.ts";

const signingSecret = `whsec_${btoa("k".repeat(24))}`;

const complete: Record<string, string> = {
  SUPABASE_URL: "http://kong:8000/",
  SUPABASE_SECRET_KEYS: '{"default":"sb_secret_default","reports":"sb_secret_reports"}',
  BRAZE_REST_URL: "https://rest.fra-01.braze.eu",
  BRAZE_API_KEY: "braze-api-key",
  BRAZE_CAMPAIGN_ID: "0f3b7c1e-1111-4c2a-9a00-5d5e6f7a8b90",
  BRAZE_WEBHOOK_SECRETS: `${"a".repeat(32)}, ${"b".repeat(32)}`,
  CRON_SIGNING_SECRETS: signingSecret,
};

function read(changes: Record<string, string | undefined> = {}) {
  const variables: Record<string, string | undefined> = { ...complete, ...changes };
  return readEnvironment((name) => variables[name]);
}

Deno.test("readEnvironment() reads the set variables and uses defaults for the others", () => {
  deepStrictEqual(read(), {
    supabaseUrl: "http://kong:8000",
    databaseKey: "sb_secret_default",
    secretKeys: ["sb_secret_default", "sb_secret_reports"],
    publishableKeys: [],
    operatorKeySet: { keys: [] },
    operatorOrigins: [],
    webhookSecrets: ["a".repeat(32), "b".repeat(32)],
    cronSigningSecrets: [signingSecret],
    sendGate: "off",
    sendGateLateMs: 3_600_000,
    sendGateSecrets: [],
    brazeRestUrl: "https://rest.fra-01.braze.eu",
    brazeApiKey: "braze-api-key",
    brazeCampaignId: "0f3b7c1e-1111-4c2a-9a00-5d5e6f7a8b90",
    brazeBroadcast: false,
    teamAttributes: ["Team 1", "Team 2", "Team 3"],
    sendLeadMs: 3_600_000,
    sendWindowMs: 86_400_000,
    freezeMs: 900_000,
    createLeadMs: 180_000,
    fixturesTimeZone: "UTC",
    ingestDatabase: null,
    horizonMs: 604_800_000,
    preflightFromMs: 300_000,
    preflightUntilMs: 900_000,
    runDeadlineMs: 60_000,
    alertWebhookUrls: null,
    dashboardUrl: null,
    alertTimeZone: "UTC",
    heartbeatUrl: null,
    alertDigestAt: 5,
    lowConfidenceShareMax: 0.2,
    reconcileCancelsMax: 20,
    reconcileCancelShareMax: 0.2,
    absencesMax: 5,
    absenceShareMax: 0.2,
    secrets: [
      "sb_secret_default",
      "sb_secret_reports",
      "a".repeat(32),
      "b".repeat(32),
      signingSecret,
      "braze-api-key",
    ],
  });
});

Deno.test("readEnvironment() reads every optional variable", () => {
  const read_ = read({
    SUPABASE_PUBLISHABLE_KEYS: '{"default":"sb_publishable_x"}',
    SUPABASE_ANON_KEY: "legacy-anon-key",
    SUPABASE_JWKS: '[{"kty":"EC","kid":"1"}]',
    SEND_LEAD_MINUTES: "90",
    SEND_WINDOW_HOURS: "72",
    FREEZE_MINUTES: "0",
    HORIZON_DAYS: "14",
    PREFLIGHT_FROM_MINUTES: "0",
    PREFLIGHT_UNTIL_MINUTES: "30",
    TEAM_ATTRIBUTES: "Club, Club 2",
    BRAZE_BROADCAST: "true",
    RUN_DEADLINE_SECONDS: "30",
    OPERATOR_ORIGINS: "https://ops.example, http://localhost:3000",
  });
  deepStrictEqual(read_.publishableKeys, ["sb_publishable_x", "legacy-anon-key"]);
  deepStrictEqual(read_.operatorKeySet, { keys: [{ kty: "EC", kid: "1" }] });
  deepStrictEqual(
    [read_.sendLeadMs, read_.freezeMs, read_.horizonMs, read_.runDeadlineMs],
    [5_400_000, 0, 1_209_600_000, 30_000],
  );
  strictEqual(read_.sendWindowMs, 259_200_000);
  deepStrictEqual([read_.preflightFromMs, read_.preflightUntilMs], [0, 1_800_000]);
  deepStrictEqual(read_.teamAttributes, ["Club", "Club 2"]);
  strictEqual(read_.brazeBroadcast, true);
  deepStrictEqual(read_.operatorOrigins, ["https://ops.example", "http://localhost:3000"]);
});

Deno.test("readEnvironment() uses the key named default, at any position", () => {
  const keys = '{"reports":"sb_secret_reports","default":"sb_secret_default"}';
  strictEqual(read({ SUPABASE_SECRET_KEYS: keys }).databaseKey, "sb_secret_default");
});

Deno.test("readEnvironment() falls back to the legacy key", () => {
  const legacy = { SUPABASE_SECRET_KEYS: undefined, SUPABASE_SERVICE_ROLE_KEY: "legacy-role-key" };
  strictEqual(read(legacy).databaseKey, "legacy-role-key");
  deepStrictEqual(read(legacy).secretKeys, ["legacy-role-key"]);
});

Deno.test("readEnvironment() accepts the legacy key as a credential beside the new ones", () => {
  const both = read({ SUPABASE_SERVICE_ROLE_KEY: "legacy-role-key" });
  strictEqual(both.databaseKey, "sb_secret_default");
  ok(both.secretKeys.includes("legacy-role-key"));
  ok(both.secrets.includes("legacy-role-key"));
});

for (
  const [name, value, fault] of [
    ["SUPABASE_URL", undefined, "SUPABASE_URL is missing"],
    ["SUPABASE_URL", " ", "SUPABASE_URL is missing"],
    ["SUPABASE_URL", "ftp://x", "SUPABASE_URL must be an http(s) URL"],
    ["SUPABASE_SECRET_KEYS", "sb_secret_x", "SUPABASE_SECRET_KEYS must be JSON"],
    [
      "SUPABASE_SECRET_KEYS",
      '["sb_secret_default"]',
      "SUPABASE_SECRET_KEYS must be a JSON object of keys by name",
    ],
    [
      "SUPABASE_SECRET_KEYS",
      '{"default":""}',
      "SUPABASE_SECRET_KEYS must be a JSON object of keys by name",
    ],
    [
      "SUPABASE_SECRET_KEYS",
      "{}",
      "SUPABASE_SECRET_KEYS or SUPABASE_SERVICE_ROLE_KEY must be set",
    ],
    ["SUPABASE_JWKS", '{"keys":[{}]}', "SUPABASE_JWKS must be a JSON Web Key Set"],
    [
      "BRAZE_REST_URL",
      "http://rest.fra-01.braze.eu",
      "BRAZE_REST_URL must begin with https:// (http:// only for this machine)",
    ],
    [
      "BRAZE_REST_URL",
      "https://rest.example?key=1",
      "BRAZE_REST_URL must have no query, fragment or user",
    ],
    [
      "BRAZE_API_KEY",
      "two words here",
      "BRAZE_API_KEY must be at least 8 printable characters without spaces",
    ],
    [
      "BRAZE_WEBHOOK_SECRETS",
      `${"a".repeat(32)},${"b".repeat(31)}`,
      "BRAZE_WEBHOOK_SECRETS must hold secrets of at least 32 characters",
    ],
    [
      "BRAZE_WEBHOOK_SECRETS",
      `${"a".repeat(32)},`,
      "BRAZE_WEBHOOK_SECRETS must not hold an empty entry",
    ],
    [
      "INGEST_DATABASE_URL",
      "postgresql://braze_ingest:50%off-and-more@127.0.0.1/postgres",
      "INGEST_DATABASE_URL must write a % in the password as %25",
    ],
    ["SEND_GATE", "closed", "SEND_GATE must be off, fail_open or fail_closed"],
    ["SEND_GATE", "fail_open", "SEND_GATE_SECRETS must be set when SEND_GATE is not off"],
    [
      "SEND_GATE_SECRETS",
      "g".repeat(31),
      "SEND_GATE_SECRETS must hold secrets of at least 32 characters",
    ],
    ["CRON_SIGNING_SECRETS", "whsec_", "CRON_SIGNING_SECRETS must hold secrets like whsec_"],
    ["CRON_SIGNING_SECRETS", btoa("k".repeat(24)), "CRON_SIGNING_SECRETS must hold secrets like"],
    ["CRON_SIGNING_SECRETS", `whsec_${btoa("short")}`, "CRON_SIGNING_SECRETS must hold secrets"],
    ["CRON_SIGNING_SECRETS", "whsec_not*base64", "CRON_SIGNING_SECRETS must hold secrets like"],
    ["SEND_LEAD_MINUTES", "0", "SEND_LEAD_MINUTES must be a whole number from 1 to 10080"],
    ["SEND_LEAD_MINUTES", "1e2", "SEND_LEAD_MINUTES must be a whole number"],
    ["SEND_WINDOW_HOURS", "169", "SEND_WINDOW_HOURS must be a whole number from 1 to 168"],
    ["FREEZE_MINUTES", "-1", "FREEZE_MINUTES must be a whole number from 0 to 1440"],
    ["HORIZON_DAYS", "91", "HORIZON_DAYS must be a whole number from 1 to 90"],
    ["PREFLIGHT_FROM_MINUTES", "61", "PREFLIGHT_FROM_MINUTES must be a whole number from 0 to 60"],
    [
      "PREFLIGHT_UNTIL_MINUTES",
      "4",
      "PREFLIGHT_UNTIL_MINUTES must be a whole number from 5 to 180",
    ],
    [
      "PREFLIGHT_UNTIL_MINUTES",
      "5",
      "PREFLIGHT_UNTIL_MINUTES must be more than PREFLIGHT_FROM_MINUTES",
    ],
    ["RUN_DEADLINE_SECONDS", "400", "RUN_DEADLINE_SECONDS must be a whole number from 5 to 140"],
    ["BRAZE_BROADCAST", "yes", "BRAZE_BROADCAST must be true or false"],
    ["TEAM_ATTRIBUTES", "Team 1,,Team 2", "TEAM_ATTRIBUTES must not hold an empty entry"],
    ["OPERATOR_ORIGINS", "*", "OPERATOR_ORIGINS must hold origins like"],
    ["OPERATOR_ORIGINS", "https://ops.example/", "OPERATOR_ORIGINS must hold origins like"],
  ] as const
) {
  Deno.test(`readEnvironment() refuses ${name}=${value}`, () => {
    throws(() => read({ [name]: value }), (error: Error) => {
      match(
        error.message,
        /^Cannot start: the environment must be complete and well formed, got: /,
      );
      ok(error.message.includes(`got: ${fault}`), error.message);
      return true;
    });
  });
}

Deno.test("readEnvironment() lists all invalid variables at once", () => {
  throws(() => readEnvironment(() => undefined), (error: Error) => {
    for (const name of Object.keys(complete)) {
      if (name !== "SUPABASE_SECRET_KEYS") ok(error.message.includes(`${name} is missing`), name);
    }
    return true;
  });
});

const HOOK = "https://hooks.slack.com/services/T000/B000/XXXX";
const OTHER_HOOK = "https://chat.example/hook?sig=0123456789";

Deno.test("readEnvironment() sends engineering alerts to the common webhook, unless another one is set", () => {
  deepStrictEqual(read({ ALERT_WEBHOOK_URL: HOOK }).alertWebhookUrls, {
    admin: HOOK,
    engineering: HOOK,
  });
  const both = read({ ALERT_WEBHOOK_URL: HOOK, ALERT_WEBHOOK_URL_ENGINEERING: OTHER_HOOK });
  deepStrictEqual(both.alertWebhookUrls, { admin: HOOK, engineering: OTHER_HOOK });
});

Deno.test("readEnvironment() counts alert webhooks and the heartbeat among the secrets, whole and by its path", () => {
  const { secrets } = read({
    ALERT_WEBHOOK_URL: HOOK,
    ALERT_WEBHOOK_URL_ENGINEERING: OTHER_HOOK,
    HEARTBEAT_URL: "https://ping.example/0b9f6f6e",
  });
  const paths = ["/services/T000/B000/XXXX", "/hook?sig=0123456789", "/0b9f6f6e"];
  for (const secret of [HOOK, OTHER_HOOK, "https://ping.example/0b9f6f6e", ...paths]) {
    ok(secrets.includes(secret), secret);
  }
});

for (
  const [name, value] of [
    ["ALERT_WEBHOOK_URL", "http://hooks.slack.com/services/T000"],
    ["ALERT_WEBHOOK_URL", "hooks.slack.com"],
    ["ALERT_WEBHOOK_URL", "https://user:password@chat.example/hook"],
    ["ALERT_WEBHOOK_URL_ENGINEERING", HOOK],
    ["ALERT_DIGEST_AT", "many"],
    ["ALERT_TIME_ZONE", "Nowhere/Town"],
    ["DASHBOARD_URL", "the page"],
    ["HEARTBEAT_URL", "http://ping.example/abc"],
    ["LOW_CONFIDENCE_SHARE_MAX", "1.5"],
    ["LOW_CONFIDENCE_SHARE_MAX", "20%"],
    ["RECONCILE_CANCELS_MAX", "-1"],
    ["RECONCILE_CANCELS_MAX", "many"],
    ["RECONCILE_CANCEL_SHARE_MAX", "2"],
  ] as const
) {
  Deno.test(`readEnvironment() refuses ${name} = ${value}, and does not repeat the value`, () => {
    throws(() => read({ [name]: value }), (error: Error) => {
      match(error.message, new RegExp(`\\b${name} `));
      ok(!error.message.includes(value));
      return true;
    });
  });
}

Deno.test("readEnvironment() permits an alert webhook on this machine without TLS, and reads the limits of alerts", () => {
  const local = read({
    ALERT_WEBHOOK_URL: "http://127.0.0.1:54321/_local/alerts",
    ALERT_DIGEST_AT: "20",
    ALERT_TIME_ZONE: "Europe/Madrid",
    DASHBOARD_URL: "https://push.example/page/",
    LOW_CONFIDENCE_SHARE_MAX: "0.05",
  });
  deepStrictEqual([local.alertTimeZone, local.dashboardUrl], [
    "Europe/Madrid",
    "https://push.example/page",
  ]);
  strictEqual(local.alertWebhookUrls?.admin, "http://127.0.0.1:54321/_local/alerts");
  deepStrictEqual([local.alertDigestAt, local.lowConfidenceShareMax], [20, 0.05]);
});

/** Each variable that holds a key or a secret, with a well-formed value. */
const KEYS: Readonly<Record<string, string>> = {
  SUPABASE_SECRET_KEYS: '{"default":"sb_secret_default"}',
  SUPABASE_SERVICE_ROLE_KEY: "legacy-role-key",
  SUPABASE_PUBLISHABLE_KEYS: '{"default":"sb_publishable_key"}',
  SUPABASE_ANON_KEY: "legacy-anon-key",
  BRAZE_API_KEY: "braze-api-key",
  BRAZE_WEBHOOK_SECRETS: "w".repeat(32),
  CRON_SIGNING_SECRETS: signingSecret,
  SEND_GATE_SECRETS: "g".repeat(32),
  INGEST_DATABASE_URL: "postgresql://braze_ingest:long-password@127.0.0.1:6543/postgres",
  ALERT_WEBHOOK_URL: HOOK,
  ALERT_WEBHOOK_URL_ENGINEERING: OTHER_HOOK,
};
const BLANKS = { space: " ", tab: "\t", "line break": "\n", "no-break space": "\u00a0" };

function withInside(value: string, text: string): string {
  const at = value.startsWith("{") ? value.length - 6 : value.length - 4;
  // In JSON a line break is written as an escape.
  const inside = value.startsWith("{") ? JSON.stringify(text).slice(1, -1) : text;
  return `${value.slice(0, at)}${inside}${value.slice(at)}`;
}

for (const [name, value] of Object.entries(KEYS)) {
  Deno.test(`readEnvironment() refuses ${name} with a blank inside, by name and without its value`, () => {
    for (const [blank, text] of Object.entries(BLANKS)) {
      throws(() => read({ ...KEYS, [name]: withInside(value, text) }), (error: Error) => {
        match(error.message, new RegExp(`got: ${name} must [^;]+$`), blank);
        ok(!error.message.includes(value.slice(0, 12)), blank);
        return true;
      });
    }
  });
}

Deno.test("readEnvironment() drops blanks and line breaks around each key", () => {
  const around = Object.entries({ ...complete, ...KEYS }).map(([name, value]) => [
    name,
    `\r\n ${
      value.replace(/("default":")([^"]+)"/, (_all, key, own) => `${key}\\n${own} \\r\\n"`)
    }\t\n`,
  ]);
  deepStrictEqual(read(Object.fromEntries(around)), read(KEYS));
});

Deno.test("the log redacts a key that was given with a line break after it", () => {
  const lines: string[] = [];
  const given = read({ SUPABASE_SECRET_KEYS: '{"default":"sb_secret_default\\n"}' });
  const { secrets } = given;
  createLog({ functionName: "f", write: (line) => lines.push(line), secrets })
    .info("event", { said: `key ${given.databaseKey}!` });
  strictEqual(JSON.parse(lines[0]!).said, "key [redacted]!");
});

Deno.test("readProject() needs the address and a key alone, and refuses what readEnvironment() refuses", () => {
  const only = (given: Record<string, string>) => readProject((name) => given[name]);
  const { SUPABASE_URL, SUPABASE_SECRET_KEYS } = complete as Record<string, string>;
  deepStrictEqual(
    only({ SUPABASE_URL: SUPABASE_URL!, SUPABASE_SECRET_KEYS: SUPABASE_SECRET_KEYS! }),
    {
      supabaseUrl: "http://kong:8000",
      databaseKey: "sb_secret_default",
    },
  );
  throws(() => only({ SUPABASE_URL: SUPABASE_URL! }), /SUPABASE_SERVICE_ROLE_KEY must be set$/);
  throws(
    () =>
      only({ SUPABASE_URL: SUPABASE_URL!, SUPABASE_SECRET_KEYS: '{"default":"sb secret key"}' }),
    /got: SUPABASE_SECRET_KEYS must hold printable characters only/,
  );
});
