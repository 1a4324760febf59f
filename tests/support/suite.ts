/** A private stack with a few fixtures, and helpers for the tests that use it. */
import { strictEqual } from "node:assert/strict";
import type { Stack, StackOptions } from "../../local/stack/stack.ts";
import { withStack } from "./database.ts";

export const CLOCK = new Date("2024-12-07T06:00:00Z");

export interface FixtureRow {
  readonly id: number;
  readonly home: string;
  readonly away: string;
  readonly kickoffAt: string;
}

/** The worked example of the analysis: three matches whose pushes go out at 14:00 sharp. */
export const THREE_AT_ONCE: readonly FixtureRow[] = [
  { id: 1001, home: "Manchester City", away: "Liverpool", kickoffAt: "2024-12-07T15:00:00Z" },
  { id: 1002, home: "Arsenal", away: "Chelsea", kickoffAt: "2024-12-07T15:00:00Z" },
  { id: 1003, home: "Manchester United", away: "Tottenham", kickoffAt: "2024-12-07T15:00:00Z" },
];

/** Runs `test` on a stack whose cron jobs are off, so that only the test acts on it. */
export async function withSuite(
  options: StackOptions & { readonly fixtures?: readonly FixtureRow[] },
  test: (stack: Stack) => Promise<void>,
): Promise<void> {
  const { fixtures = [], ...rest } = options;
  await withStack({ clock: CLOCK, ...rest }, async (stack) => {
    await stack.sql`select cron.unschedule(jobname) from cron.job`;
    for (const fixture of fixtures) await addFixture(stack, fixture);
    await test(stack);
  });
}

export async function addFixture({ sql }: Stack, { id, home, away, kickoffAt }: FixtureRow) {
  for (const team of [home, away]) {
    await sql`
      insert into public.teams (name, braze_attribute_value) values (${team}, ${team})
      on conflict (name) do nothing`;
  }
  await sql`
    insert into public.matches (id, competition, home_team, away_team, kickoff_at)
    values (${id}, 'Premier League', ${home}, ${away}, ${kickoffAt})`;
}

export interface Answer {
  readonly status: number;
  // deno-lint-ignore no-explicit-any -- a test reads what it expects and fails if it is not there
  readonly body: any;
}

/** Calls a function with the project's secret key, as a person would with curl. */
export async function call(stack: Stack, name: string, body: unknown = {}): Promise<Answer> {
  return await post(`${stack.ready.functions_url}/${name}`, body, {
    apikey: stack.ready.secret_key,
  });
}

/** Posts to the webhook as Currents does. */
/** Resolves when the webhook has also judged earlier events again, which it does after its answer. */
export async function postEvents(stack: Stack, body: unknown): Promise<Answer> {
  const answer = await post(`${stack.ready.functions_url}/braze-webhook`, body, {
    authorization: `Bearer ${stack.ready.webhook_secret}`,
  });
  await stack.functions.idle();
  return answer;
}

async function post(url: string, body: unknown, headers: Record<string, string>): Promise<Answer> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

/** Schedules everything that is to be scheduled. */
export async function schedule(stack: Stack): Promise<Answer["body"]> {
  const { status, body } = await call(stack, "braze-scheduler");
  strictEqual(status, 200, JSON.stringify(body));
  return body;
}

/** The pending schedules of a match in Braze. */
export function liveSchedules({ sandbox }: Stack, matchId: number) {
  return sandbox.model.schedules.all.filter(({ state, triggerProperties }) =>
    state === "scheduled" && triggerProperties.match_id === String(matchId)
  );
}

export interface LedgerLine {
  readonly id: string;
  readonly status: string;
  readonly cancel_reason: string | null;
  readonly generation: number;
  readonly sent_evidence: string | null;
  readonly send_at_utc: Date;
}

export async function ledgerOf({ sql }: Stack, matchId: number): Promise<LedgerLine> {
  const [row] = await sql<LedgerLine[]>`
    select id, status::text, cancel_reason, generation, sent_evidence, send_at_utc
    from public.schedule_ledger where match_id = ${matchId}`;
  if (row === undefined) throw new Error(`Cannot read the ledger: match ${matchId} has no row`);
  return row;
}

export async function openAlerts({ sql }: Stack, matchId: number): Promise<string[]> {
  const rows = await sql<{ rule: string }[]>`
    select rule from public.alerts where match_id = ${matchId} and resolved_at is null order by rule`;
  return rows.map(({ rule }) => rule);
}
