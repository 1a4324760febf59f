/** A round of ten matches from now on, for a stack on the wall clock: those of the seed, moved. */
import type { Sql } from "./sql.ts";

const MINUTE_MS = 60_000;
const STEP_MS = 5 * MINUTE_MS;
/** The first push, an hour before its match, is 20 to 25 minutes away: time to look around. */
const FIRST_KICKOFF_MS = 80 * MINUTE_MS;

const TIME = /'(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z)'/g;
const FIRST_ID = /\(1(\d{3}), /g;

/** Adds a round with new ids, unless a match is still to come; returns whether it did. */
export async function addRoundFromNow(sql: Sql, seed: URL, now: Date): Promise<boolean> {
  const [found] = await sql<{ is_to_come: boolean; round: number }[]>`
    select coalesce(max(kickoff_at) > ${now}, false) as is_to_come, (coalesce(max(id), 0) / 1000 + 1)::int as round
    from public.matches`;
  if (found === undefined || found.is_to_come) return false;
  await sql.unsafe(moveRound(await Deno.readTextFile(seed), now, found.round)).simple();
  return true;
}

/** The seed with its first kick-off soon after `now`, and with ids from `round` * 1000 + 1 on. Pure. */
export function moveRound(seed: string, now: Date, round: number): string {
  const times = [...seed.matchAll(TIME)].map(([, text]) => Date.parse(text!));
  const first = Math.min(...times);
  let start = Math.ceil((now.getTime() + FIRST_KICKOFF_MS) / STEP_MS) * STEP_MS;
  // 00:00 means that a kick-off is not known yet.
  while (times.some((time) => isMidnight(time - first + start))) start += STEP_MS;
  return seed
    .replace(
      TIME,
      (_, text: string) => `'${new Date(Date.parse(text) - first + start).toISOString()}'`,
    )
    .replace(FIRST_ID, (_, rest: string) => `(${round}${rest}, `);
}

function isMidnight(time: number): boolean {
  return new Date(time).toISOString().slice(11, 16) === "00:00";
}
