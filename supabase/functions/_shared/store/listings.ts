/** The ledger's schedules that Braze's list of schedules lacks. */
import { z } from "zod";
import type { ListedSchedule } from "../braze/listing.ts";
import { row, snakeCase } from "../text/camel_case.ts";
import { instant } from "./columns.ts";
import { REPEATABLE, type Rpc } from "./rpc.ts";

/** Listed before, older than 5 minutes, and absent from two successive lists. */
const AbsentSchedule = row({
  match_id: z.int(),
  ledger_id: z.guid(),
  generation: z.int(),
  is_current: z.boolean(),
  send_at: instant,
  braze_schedule_id: z.string(),
});
export type AbsentSchedule = z.infer<typeof AbsentSchedule>;

export function createListings(rpc: Rpc) {
  return {
    /** Only for a list that names each schedule. The list holds the sends up to `until`. */
    note: (schedules: readonly ListedSchedule[], until: Date, now: Date) =>
      rpc.call(
        "record_listing",
        {
          schedules: schedules.map(({ scheduleId, campaignId, sendAt }) =>
            snakeCase({ scheduleId, campaignId, sendAt })
          ),
          until,
          now,
        },
        z.array(AbsentSchedule),
        REPEATABLE,
      ),

    /** False when the ledger row was no longer pending. */
    cancelAbsent: ({ ledgerId, generation }: AbsentSchedule, note: string, now: Date) =>
      rpc.call("cancel_absent", { ledgerId, generation, note, now }, z.boolean(), REPEATABLE),
  };
}
