/** Which UTC days a run rolls up. Pure. */
import { addDays, differenceInCalendarDays, max, min, subDays } from "date-fns";
import type { DateText } from "../_shared/store/health.ts";

export const DAYS_MAX = 400;
/** Braze tells of an event up to a day late, and opens come later still: a day is done again twice. */
const DAYS_AGAIN = 2;

export interface Span {
  readonly from: DateText;
  readonly to: DateText;
}

/** Nothing that has not begun yet: a row of zeroes for tomorrow would say that all is well then. */
export function daysOf({ from, to }: Span, now: Date): DateText[] {
  const last = min([startOf(to), now]);
  const days: DateText[] = [];
  for (let day = startOf(from); day <= last; day = addDays(day, 1)) {
    days.push(dateOf(day));
  }
  return days;
}

/**
 * Yesterday and the two days before; and where runs were missed, all that was not rolled up since, with the two days
 * before that which were not done for the last time.
 */
export function usualSpan(lastDate: DateText | null, now: Date): Span {
  const yesterday = subDays(startOf(dateOf(now)), 1);
  const usual = subDays(yesterday, DAYS_AGAIN);
  const missedFrom = lastDate === null ? usual : subDays(startOf(lastDate), DAYS_AGAIN - 1);
  const from = max([
    min([usual, missedFrom]),
    subDays(yesterday, DAYS_MAX - 1),
  ]);
  return { from: dateOf(from), to: dateOf(yesterday) };
}

/** How many days it holds, both ends included. */
export function lengthOf({ from, to }: Span): number {
  return differenceInCalendarDays(startOf(to), startOf(from)) + 1;
}

export function startOf(date: DateText): Date {
  return new Date(`${date}T00:00:00Z`);
}

export function endOf(date: DateText): Date {
  return addDays(startOf(date), 1);
}

function dateOf(time: Date): DateText {
  return time.toISOString().slice(0, 10);
}
