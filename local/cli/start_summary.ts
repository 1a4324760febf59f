/** The console output of the stack: its addresses, commands to try, and a line for each request. */
import type { RequestLine } from "../stack/servers.ts";
import type { Stack } from "../stack/stack.ts";

export interface SummaryOptions {
  readonly stack: Stack;
  readonly seconds: number;
  readonly clock: Date | undefined;
  readonly dataFolder: string | undefined;
  readonly dashboardUrl: string;
}

export function summary(
  { stack, seconds, clock, dataFolder, dashboardUrl }: SummaryOptions,
): string {
  const { ready, functions, server, extensionStubs } = stack;
  const cron = extensionStubs.has("pg_cron")
    ? "a worker of this stack"
    : "the server's own pg_cron";
  const net = extensionStubs.has("pg_net") ? "a worker of this stack" : "the server's own pg_net";
  const rows = [
    ["Dashboard", dashboardUrl, "the matchday on one page; you are signed in as an operator"],
    ["API", ready.api_url, "gateway: /rest/v1 (PostgREST), /functions/v1"],
    ["Functions", ready.functions_url, functions.names.join(", ")],
    [
      "Database",
      ready.db_url,
      `Postgres ${server?.major ?? ""}, ${
        dataFolder === undefined ? "deleted at the end" : server?.folder ?? dataFolder
      }`,
    ],
    ["Braze", ready.braze_url, "sandbox; its switches and its ground truth are under /_sandbox/"],
    [
      "Clock",
      `${ready.control_url}/clock`,
      clock === undefined ? "the wall clock" : `stands at ${clock.toISOString()} until advanced`,
    ],
    ["Alerts", `${ready.control_url}/alerts`, "the notices that people would receive"],
    ["Cron", "", cron],
    ["Calls from SQL", "", net],
  ] as const;
  return [
    "",
    `  Ready after ${seconds.toFixed(1)} s`,
    "",
    ...rows.map(([name, url, text]) =>
      `  ${name.padEnd(15)}${url === "" ? "" : `${url}  `}${text}`
    ),
    "",
    "  Keys",
    `    publishable   ${ready.publishable_key}`,
    `    secret        ${ready.secret_key}`,
    `    webhook       ${ready.webhook_secret}`,
    `    Braze         ${ready.braze_api_key}  (campaign ${ready.campaign_id})`,
    "",
    "  Try",
    ...examples(stack, clock !== undefined).flatMap((
      lines,
    ) => [...lines.map((line) => `    ${line}`), ""]),
    "  Ctrl-C stops everything.",
    "",
  ].join("\n");
}

function examples({ ready, timeline }: Stack, isVirtual: boolean): string[][] {
  const json = "-H 'content-type: application/json'";
  const event = JSON.stringify({
    events: [{
      id: "0b9f6f6e-2f3a-4d6c-9a51-7f6d0c1e2a34",
      event_type: "users.messages.pushnotification.Send",
      time: Math.floor(timeline.now().getTime() / 1_000),
      user: { external_user_id: "user-1" },
      properties: { campaign_id: ready.campaign_id, message_extras: '{"match_id":"1002"}' },
    }],
  });
  return [
    [
      "# Variables for the examples in the README",
      `export FUNCTIONS_URL=${ready.functions_url} CONTROL_URL=${ready.control_url} REST_URL=${ready.rest_url}`,
      `export SECRET_KEY=${ready.secret_key} WEBHOOK_SECRET=${ready.webhook_secret}`,
    ],
    [
      "# Plan and schedule now",
      `curl -X POST ${ready.functions_url}/braze-scheduler -H 'apikey: ${ready.secret_key}' ${json} -d '{}'`,
    ],
    [
      "# Post an event to the webhook, as Braze does",
      `curl -X POST ${ready.functions_url}/braze-webhook -H 'x-webhook-secret: ${ready.webhook_secret}' ${json} -d '${event}'`,
    ],
    [
      "# Read the ledger",
      `curl '${ready.rest_url}/schedule_ledger?select=*' -H 'apikey: ${ready.secret_key}'`,
    ],
    isVirtual
      ? [
        "# Advance the clock by an hour",
        `curl -X POST ${ready.control_url}/clock ${json} -d '{"advance_seconds": 3600}'`,
      ]
      : ["# Read the clock", `curl ${ready.control_url}/clock`],
    ["# Get an operator's token", `curl ${ready.control_url}/operator-token`],
  ];
}

export function requestLine({ at, server, method, path, status, ms, who }: RequestLine): string {
  const where = server === "braze" ? `braze ${path}` : path;
  return `${at.toISOString().replace("T", " ").replace("Z", "")}  ${
    method.padEnd(6)
  } ${where}  ${status}  ${ms.toFixed(0)} ms  ${who}`;
}
