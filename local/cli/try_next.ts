/** What to try with a running stack, as commands for another terminal; the README tells the same story. Pure. */
import type { Ready } from "../stack/stack.ts";
import { COMMAND } from "./flags.ts";

/** The variables that the README's commands use; `isProxied` where curl would take its calls to a proxy. */
export function variables(ready: Ready, isProxied: boolean): string[] {
  const { functions_url, control_url, rest_url, braze_url, secret_key, webhook_secret } = ready;
  return [
    `export FUNCTIONS_URL=${functions_url} REST_URL=${rest_url}`,
    `export CONTROL_URL=${control_url} BRAZE_URL=${braze_url}`,
    `export SECRET_KEY=${secret_key}`,
    `export WEBHOOK_SECRET=${webhook_secret}`,
    ...(isProxied ? ["export NO_PROXY=127.0.0.1,localhost no_proxy=127.0.0.1,localhost"] : []),
  ];
}

export interface Example {
  readonly what: string;
  readonly command: string;
}

const scheduler = (body: unknown) =>
  `curl -X POST $FUNCTIONS_URL/braze-scheduler -H "apikey: $SECRET_KEY" -d '${
    JSON.stringify(body)
  }'`;

/** `target`: how `task status` finds the stack, as in "--local". */
export function examples(isVirtual: boolean, target: string): Example[] {
  return [
    { what: "What would the scheduler do now?", command: scheduler({ dry_run: true }) },
    ...(isVirtual
      ? [{
        what: "Let an hour pass",
        command: `curl -X POST $CONTROL_URL/clock -d '{"advance_seconds": 3600}'`,
      }]
      : []),
    { what: "The matches of the day in the terminal", command: `${COMMAND} status ${target}` },
    { what: "The messages that people would have received", command: "curl $CONTROL_URL/alerts" },
  ];
}

/** Breaks a match and mends it. */
export function breakAndMend(matchId: number): Example[] {
  return [
    {
      what: "A person cancels a push in Braze's dashboard",
      command: `curl -X POST $BRAZE_URL/_sandbox/dashboard/cancel -d '{"match_id": "${matchId}"}'`,
    },
    {
      what: "Schedule it again: the button reschedule on its page, or",
      command: scheduler({
        reschedule: [{ match_id: matchId, reason: "Cancelled by mistake" }],
      }),
    },
  ];
}

export function listed(examples: readonly Example[]): string[] {
  return examples.flatMap(({ what, command }) => [`# ${what}`, command]);
}

export function isProxied(env: Readonly<Record<string, string>>): boolean {
  return ["http_proxy", "all_proxy", "ALL_PROXY"].some((name) => (env[name] ?? "") !== "");
}
