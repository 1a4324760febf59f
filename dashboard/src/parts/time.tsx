/** A time in the viewer's zone, with UTC as its tooltip. */
import { usePage } from "../context.ts";
import { ago, clockTime, dayAndTime, utc } from "../time.ts";

interface TimeProps {
  readonly at: string | null;
  readonly as?: "clock" | "day" | "ago";
}

export function Time({ at, as = "day" }: TimeProps) {
  const { zone, clock } = usePage();
  if (at === null) return <span class="quiet">–</span>;
  const time = new Date(at);
  const text = as === "clock"
    ? clockTime(time, zone)
    : as === "ago"
    ? ago(time, clock.now())
    : dayAndTime(time, zone);
  const title = as === "ago" ? `${dayAndTime(time, zone)} · ${utc(time)}` : utc(time);
  return <time dateTime={time.toISOString()} title={title}>{text}</time>;
}
