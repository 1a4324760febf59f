/** The console output of the stack: its addresses, keys, commands to try, and a line for each request. */
import type { RequestLine } from "../stack/servers.ts";
import type { Stack } from "../stack/stack.ts";
import { examples, isProxied, listed, variables } from "./try_next.ts";

export interface SummaryOptions {
  readonly stack: Stack;
  readonly seconds: number;
  readonly clock: Date | undefined;
  readonly dataFolder: string | undefined;
  readonly dashboardUrl: string;
  /** The file with every request; undefined if there is none. */
  readonly requestLog: string | undefined;
}

export function summary(options: SummaryOptions): string {
  const { stack, seconds, clock, dataFolder, dashboardUrl, requestLog } = options;
  const { ready, server, extensionStubs } = stack;
  const rows = [
    ["Dashboard", dashboardUrl, "you are signed in as an operator"],
    ["API", ready.api_url, "/rest/v1, /functions/v1"],
    ["Database", ready.db_url, `Postgres ${server?.major ?? ""}`],
    ["Braze", ready.braze_url, "sandbox; its switches are under /_sandbox/"],
    [
      "Clock",
      `${ready.control_url}/clock`,
      clock === undefined ? "the wall clock" : `stands at ${timeText(clock)} UTC until advanced`,
    ],
    ["Alerts", `${ready.control_url}/alerts`, "the messages that people would receive"],
    [
      "Data",
      dataFolder === undefined ? "deleted at the end" : server?.folder ?? dataFolder,
      ...(dataFolder === undefined ? [] : ["kept; --fresh starts over"]),
    ],
    ...(requestLog === undefined ? [] : [["Requests", requestLog, "--verbose prints them here"]]),
    ...(["pg_cron", "pg_net"].flatMap((name) =>
      extensionStubs.has(name) ? [] : [[name, "the server's own", ""]]
    )),
  ];
  const tries = [
    ["# In another terminal: variables for the commands below and in the README"],
    variables(ready, isProxied(Deno.env.toObject())),
    [""],
    listed(examples(
      clock !== undefined,
      dataFolder === undefined
        ? ""
        : `--local${dataFolder.endsWith("/.local") ? "" : ` --data ${dataFolder}`}`,
    )),
  ].flat();
  return [
    "",
    `  Ready after ${seconds.toFixed(1)} s`,
    "",
    ...rows.map(([name = "", ...texts]) => `  ${name.padEnd(11)}${texts.join("  ")}`.trimEnd()),
    "",
    "  Keys",
    `    publishable   ${ready.publishable_key}`,
    `    secret        ${ready.secret_key}`,
    `    webhook       ${ready.webhook_secret}`,
    `    Braze         ${ready.braze_api_key}  (campaign ${ready.campaign_id})`,
    "",
    "  Try",
    ...tries.map((line) => `    ${line}`.trimEnd()),
    "",
    "  Ctrl-C stops everything.",
    "",
  ].join("\n");
}

/** As in "2024-12-07 14:00:05", UTC. */
export function timeText(at: Date): string {
  return at.toISOString().slice(0, 19).replace("T", " ");
}

export function requestLine({ at, server, method, path, status, ms, who }: RequestLine): string {
  const where = server === "braze" ? `braze ${path}` : path;
  return `${at.toISOString().replace("T", " ").replace("Z", "")}  ${
    method.padEnd(6)
  } ${where}  ${status}  ${ms.toFixed(0)} ms  ${who}`;
}
