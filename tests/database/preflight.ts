import {
  addMatch,
  createSchedule,
  minutes,
  type OpenedCreate,
  startRun,
  type Suite,
} from "./fixtures.ts";

/** A live schedule of each match, due so many minutes from now. */
export async function schedules(
  suite: Suite,
  minutesFromNow: Readonly<Record<number, number>>,
): Promise<Map<number, OpenedCreate>> {
  const runId = await startRun(suite);
  const opened = new Map<number, OpenedCreate>();
  for (const [id, count] of Object.entries(minutesFromNow)) {
    const matchId = Number(id);
    await addMatch(suite, matchId, { kickoffAt: minutes(count + 60) });
    opened.set(matchId, await createSchedule(suite, runId, matchId, { p_send_at: minutes(count) }));
  }
  return opened;
}
