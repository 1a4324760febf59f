/** Columns and rows that several database functions return. */
import { z } from "zod";
import { SCHEDULE_STATES } from "../attribution/evidence.ts";

export const instant = z.string().transform((text) => new Date(text));

/** The values of the columns of `matches`, `schedule_ledger`, `braze_schedules`, `alerts`. */
export const MatchStatus = z.enum(["scheduled", "postponed", "cancelled", "finished"]);
export const LedgerStatus = z.enum(["pending", "sent", "cancelled"]);
export const CancelReason = z.enum(["plan", "dashboard", "operator"]);
export const ScheduleState = z.enum(SCHEDULE_STATES);
export const IdentifierKind = z.enum(["schedule_id", "dispatch_id", "send_id"]);
export const Severity = z.enum(["info", "warning", "critical"]);
export const Audience = z.enum(["admin", "engineering"]);

/** What each reader of `braze_schedules` needs; it adds its own columns. */
export const scheduleColumns = {
  generation: z.int(),
  state: ScheduleState,
  send_at: instant,
  moving_to: instant.nullable(),
};

/** For a write whose answer nobody needs: the answer is checked and dropped. */
export function dropped(answer: z.ZodType) {
  return answer.transform((): void => {});
}

/** The run that changes something, as the database logs it. */
export interface ChangedBy {
  readonly functionName: string;
  readonly runId: string;
  readonly now: Date;
}

export function changedBy({ functionName, runId, now }: ChangedBy) {
  return { function: functionName, runId, now };
}
