/**
 * Selects the UTC days that a run rolls up. Pure.
 *
 * A day is 24 hours here: the calendar functions of date-fns would use the machine's time zone and its summer time.
 */
import { addHours, differenceInHours, max, min, subHours } from "date-fns";
import type { DateText } from "../_shared/store/health.ts";

export const DAYS_MAX = 400;
/** Events arrive up to a day late and opens even later, so each day is rolled up on two further days. */
const DAYS_AGAIN = 2;

export interface Span {
  readonly from: DateText;
  readonly to: DateText;
}

/** Excludes future days: a row of zeroes for tomorrow would look like a healthy day. */
export function daysOf({ from, to }: Span, now: Date): DateText[] {
  const last = min([startOf(to), now]);
  const days: DateText[] = [];
  for (let day = startOf(from); day <= last; day = addHours(day, 24)) days.push(dateOf(day));
  return days;
}

/**
 * Yesterday and the two days before. After missed runs also all days since then, and the last two days that were rolled
 * up, because late events may have arrived for them.
 */
export function usualSpan(lastDate: DateText | null, now: Date): Span {
  const yesterday = daysBefore(startOf(dateOf(now)), 1);
  const usual = daysBefore(yesterday, DAYS_AGAIN);
  const missedFrom = lastDate === null ? usual : daysBefore(startOf(lastDate), DAYS_AGAIN - 1);
  const from = max([min([usual, missedFrom]), daysBefore(yesterday, DAYS_MAX - 1)]);
  return { from: dateOf(from), to: dateOf(yesterday) };
}

/** Number of days, both ends included. */
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
