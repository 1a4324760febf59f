/** Events that the direct connection of the webhook can store, and the database state that they need. */
import { currentsEvent, makeEvents } from "../../bench/events.ts";
import { makeMatchday, type Matchday, writeMatchday } from "../../bench/matchday.ts";
import type { Stack } from "../../local/stack/stack.ts";
import { type Answer, postEvents } from "./suite.ts";

/** A matchday whose sends were due a minute ago. */
export async function startMatchday({ sql, keys }: Stack, seed: string): Promise<Matchday> {
  const matchday = makeMatchday({
    seed,
    campaignId: keys.campaignId,
    matches: 5,
    until: new Date(Date.now() - 60_000),
  });
  await writeMatchday(sql, matchday);
  return matchday;
}

/** The bodies of Currents batches, none of whose events repeats. */
export function batchesOf(
  matchday: Matchday,
  seed: string,
  batches: number,
  events: number,
): unknown[] {
  const { sent } = makeEvents(seed, batches * events * 2, currentsEvent(matchday));
  const unique = [...new Map(sent.map((event) => [event.id, JSON.parse(event.json)])).values()];
  return Array.from({ length: batches }, (_, index) => ({
    events: unique.slice(index * events, (index + 1) * events),
  }));
}

/** Posts one batch after the other, and returns the answers. */
export async function postAll(stack: Stack, bodies: readonly unknown[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (const body of bodies) answers.push(await postEvents(stack, body));
  return answers;
}

/** Waits until the webhook has a direct connection; it opens one at its first request. */
export async function untilConnected({ sql }: Stack): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const [row] = await sql`select 1 from pg_stat_activity where usename = 'braze_ingest'`;
    if (row !== undefined) {
      // The connection is counted before its first answer arrives.
      await new Promise((resolve) => setTimeout(resolve, 100));
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("Cannot use the direct connection: the webhook must open it, got none in 5 s");
}
