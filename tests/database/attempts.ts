import { addMatch, openCreate, type OpenedCreate, startRun, type Suite } from "./fixtures.ts";

export const MATCH = 1001;

export async function openedCreate(suite: Suite): Promise<OpenedCreate> {
  await addMatch(suite, MATCH);
  return await openCreate(suite, await startRun(suite), MATCH, { p_send_id: "send-1" });
}
