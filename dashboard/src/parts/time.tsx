/** A time in the viewer's zone, with UTC as its tooltip. */
import { usePage } from "../context.ts";
import { ago, clockTime, dateIn, dayAndTime, utc } from "../time.ts";

interface TimeProps {
  readonly at: string | null;
  /** `short`: with the day only where it is not today's. */
  readonly as?: "clock" | "day" | "short" | "ago";
}

export function Time({ at, as = "day" }: TimeProps) {
  const { zone, clock } = usePage();
  if (at === null) return <span class="quiet">–</span>;
  const time = new Date(at);
  const now = clock.now();
  const isShort = as === "clock" || as === "short" && dateIn(time, zone) === dateIn(now, zone);
  const text = isShort
    ? clockTime(time, zone)
    : as === "ago"
    ? ago(time, now)
    : dayAndTime(time, zone);
  const title = as === "ago" ? `${dayAndTime(time, zone)} · ${utc(time)}` : utc(time);
  return <time dateTime={time.toISOString()} title={title}>{text}</time>;
}
