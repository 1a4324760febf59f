import {
  addMatch,
  close,
  openCreate,
  type OpenedCreate,
  startRun,
  type Suite,
} from "./fixtures.ts";

export const MATCH = 1001;

/** A create without an answer, and the run that made it. */
export async function createWithoutAnswer(
  suite: Suite,
): Promise<{ opened: OpenedCreate; runId: string }> {
  await addMatch(suite, MATCH);
  const runId = await startRun(suite);
  const opened = await openCreate(suite, runId, MATCH);
  await close(suite, opened.attempt_id, "unknown");
  return { opened, runId };
}
