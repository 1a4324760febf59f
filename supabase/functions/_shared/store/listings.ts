/** What Braze's own list of schedules says of ours. */
import { z } from "zod";
import { instant } from "./planning.ts";
import type { Rpc } from "./rpc.ts";

const Absent = z.object({
  match_id: z.int(),
  ledger_id: z.guid(),
  generation: z.int(),
  is_current: z.boolean(),
  send_at: instant,
  braze_schedule_id: z.string(),
}).transform((schedule) => ({
  matchId: schedule.match_id,
  ledgerId: schedule.ledger_id,
  generation: schedule.generation,
  isCurrent: schedule.is_current,
  sendAt: schedule.send_at,
  brazeScheduleId: schedule.braze_schedule_id,
}));
/** Listed before, older than 5 minutes, and lacking in two successive lists. */
export type AbsentSchedule = z.infer<typeof Absent>;

export interface Listings {
  /** Only for a listing that names each schedule. `until`: how far it reaches. */
  note(
    scheduleIds: readonly string[],
    until: Date,
    now: Date,
  ): Promise<AbsentSchedule[]>;
  /** False when the ledger row was not pending any more. */
  cancelAbsent(schedule: AbsentSchedule, note: string, now: Date): Promise<boolean>;
}

export function createListings(rpc: Rpc): Listings {
  return {
    note: (scheduleIds, until, now) =>
      rpc.call(
        "record_listing",
        {
          p_schedule_ids: [...scheduleIds],
          p_until: until.toISOString(),
          p_now: now.toISOString(),
        },
        z.array(Absent),
        { repeatable: true },
      ),
    cancelAbsent: ({ ledgerId, generation }, note, now) =>
      rpc.call(
        "cancel_absent",
        {
          p_ledger_id: ledgerId,
          p_generation: generation,
          p_note: note,
          p_now: now.toISOString(),
        },
        z.boolean(),
        { repeatable: true },
      ),
  };
}
