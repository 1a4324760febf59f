/** Helpers for tests of the monitoring functions: actions on a stack, and on the sandbox without its API. */
import { strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { type Answer, call } from "./suite.ts";

/** Moves the clock to a time on the day of the tests: `reach(stack, "13:45")`. */
export async function reach(stack: Stack, time: string): Promise<void> {
  await stack.advanceTo(new Date(`2024-12-07T${time}${time.length === 5 ? ":00" : ""}Z`));
}

/** Runs a function by hand, and expects success. */
export async function watch(
  stack: Stack,
  name: string,
  body: unknown = {},
): Promise<Answer["body"]> {
  const answer = await call(stack, name, body);
  strictEqual(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
}

/** What people do in Braze's dashboard, and no API reports. */
export async function inDashboard(
  { ready }: Stack,
  what: "dashboard/cancel" | "dashboard/create" | "campaign",
  body: unknown,
): Promise<void> {
  const response = await fetch(`${ready.braze_url}/_sandbox/${what}`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  strictEqual(response.ok, true, await response.text());
}

export interface OpenAlert {
  readonly fingerprint: string;
  readonly occurrences: number;
  // deno-lint-ignore no-explicit-any -- a test reads what it expects and fails if it is not there
  readonly details: any;
}

export async function openAlertsOf({ sql }: Stack, rule: string): Promise<OpenAlert[]> {
  const alerts = await sql<OpenAlert[]>`
    select fingerprint, occurrences, details from public.alerts
    where rule = ${rule} and resolved_at is null order by fingerprint`;
  return [...alerts];
}

export interface LogLine {
  readonly action: string;
  readonly reason: string;
  readonly match_id: string | null;
}

export async function logsOf({ sql }: Stack, functionName: string): Promise<LogLine[]> {
  const lines = await sql<LogLine[]>`
    select action, reason, match_id from public.scheduler_logs
    where function_name = ${functionName} order by id`;
  return [...lines];
}
