/**
 * Which UTC days a run rolls up. Pure.
 *
 * A day is 24 hours here: calendar days would be those of the machine's own time zone, summer time and all.
 */
import { addHours, differenceInHours, max, min, subHours } from "date-fns";
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
  for (let day = startOf(from); day <= last; day = addHours(day, 24)) days.push(dateOf(day));
  return days;
}

/**
 * Yesterday and the two days before; and where runs were missed, all that was not rolled up since, with the last two
 * that were: late events may have come for them.
 */
export function usualSpan(lastDate: DateText | null, now: Date): Span {
  const yesterday = daysBefore(startOf(dateOf(now)), 1);
  const usual = daysBefore(yesterday, DAYS_AGAIN);
  const missedFrom = lastDate === null ? usual : daysBefore(startOf(lastDate), DAYS_AGAIN - 1);
  const from = max([min([usual, missedFrom]), daysBefore(yesterday, DAYS_MAX - 1)]);
  return { from: dateOf(from), to: dateOf(yesterday) };
}

/** How many days it holds, both ends included. */
export function lengthOf({ from, to }: Span): number {
  return differenceInHours(startOf(to), startOf(from)) / 24 + 1;
}

export function startOf(date: DateText): Date {
  return new Date(`${date}T00:00:00Z`);
}

export function endOf(date: DateText): Date {
  return addHours(startOf(date), 24);
}

function daysBefore(time: Date, days: number): Date {
  return subHours(time, 24 * days);
}

function dateOf(time: Date): DateText {
  return time.toISOString().slice(0, 10);
}
