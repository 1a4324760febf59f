/** The world's access to the stack from outside: writes fixtures and calls functions. */
import type { Stack } from "../../local/stack/stack.ts";
import type { FunctionToCall } from "./act.ts";
import type { FixturePlan } from "./fixtures.ts";
import type { MatchState } from "./history.ts";

interface OnStack {
  readonly stack: Stack;
}

/** Inserts the match in its current state, as the fixture sync does. */
export async function addFixture(
  { matchId }: FixturePlan,
  { home, away, kickoffAt, isKickoffConfirmed, status, push, properties }: MatchState,
  { stack: { sql, timeline } }: OnStack,
): Promise<void> {
  await sql`
    insert into public.matches
      (id, competition, home_team, away_team, kickoff_at, kickoff_confirmed, status, push, trigger_properties, updated_at)
    values (
      ${matchId}, 'Premier League', ${home}, ${away}, ${kickoffAt}, ${isKickoffConfirmed}, ${status}, ${push},
      ${sql.json(properties)}, ${timeline.now()}
    )`;
}

/** Writes the match's current state over its row, as the fixture sync does. */
export async function writeFixture(
  matchId: number,
  { home, away, kickoffAt, isKickoffConfirmed, status, push, properties }: MatchState,
  { stack: { sql, timeline } }: OnStack,
): Promise<void> {
  await sql`
    update public.matches
    set home_team = ${home}, away_team = ${away}, kickoff_at = ${kickoffAt},
      kickoff_confirmed = ${isKickoffConfirmed}, status = ${status}, push = ${push},
      trigger_properties = ${sql.json(properties)}, updated_at = ${timeline.now()}
    where id = ${matchId}`;
}

/** Calls a function as a person does, with the project's secret key. The auditor checks the result, not this call. */
export async function call(
  functionName: FunctionToCall,
  body: unknown,
  { stack: { ready } }: OnStack,
): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
  const response = await fetch(`${ready.functions_url}/${functionName}`, {
    method: "POST",
    headers: { "content-type": "application/json", apikey: ready.secret_key },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}
