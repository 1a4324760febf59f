/** Times as people in a zone read them, and days as a zone counts them. Pure. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** `options` decide what is shown; the same everywhere: 24 hours, days before months. */
export function inZone(at: Date, zone: string, options: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }).format(at);
}

export function clockTime(at: Date, zone: string): string {
  return inZone(at, zone, { hour: "2-digit", minute: "2-digit" });
}

export function clockWithSeconds(at: Date, zone: string): string {
  return inZone(at, zone, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

export function dayAndTime(at: Date, zone: string): string {
  return inZone(at, zone, {
    weekday: "short",
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
  }).replaceAll(",", "");
}

export function dayName(date: string): string {
  return inZone(new Date(`${date}T12:00:00Z`), "UTC", {
    weekday: "long",
    day: "numeric",
    month: "long",
    year: "numeric",
  });
}

export function utc(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** YYYY-MM-DD of a moment in a zone. */
export function dateIn(at: Date, zone: string): string {
  const parts = new Intl.DateTimeFormat("en-CA", {
    timeZone: zone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
  }).formatToParts(at);
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? "";
  return `${part("year").padStart(4, "0")}-${part("month")}-${part("day")}`;
}

/** The first moment of a day in a zone. A day that begins an hour late (the clock went forward) does so here too. */
export function startOfDay(date: string, zone: string): Date {
  const near = new Date(`${date}T00:00:00Z`).getTime();
  // Zones lie within 15 hours of UTC: the day begins where its date first appears.
  let before = near - 15 * HOUR_MS;
  let after = near + 15 * HOUR_MS;
  while (after - before > 1_000) {
    const middle = Math.floor((before + after) / 2_000) * 1_000;
    if (middle <= before) break;
    if (dateIn(new Date(middle), zone) >= date) after = middle;
    else before = middle;
  }
  return new Date(Math.ceil(after / 1_000) * 1_000);
}

export function addDays(date: string, days: number): string {
  return new Date(new Date(`${date}T00:00:00Z`).getTime() + days * DAY_MS).toISOString().slice(
    0,
    10,
  );
}

/** "1 h 05 min", "4:09" below an hour: what is left until something. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  if (hours >= 48) return `${Math.floor(hours / 24)} days`;
  if (hours > 0) return `${hours} h ${two(minutes)} min`;
  return `${minutes}:${two(seconds % 60)}`;
}

export function ago(at: Date, now: Date): string {
  const ms = now.getTime() - at.getTime();
  const words = duration(Math.abs(ms));
  return ms < 0 ? `in ${words}` : ms < MINUTE_MS ? "just now" : `${words} ago`;
}

export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 2 * MINUTE_MS) return `${Math.round(ms / 1_000)} s`;
  if (ms < 2 * HOUR_MS) return `${Math.round(ms / MINUTE_MS)} min`;
  if (ms < 2 * DAY_MS) return `${Math.round(ms / HOUR_MS)} h`;
  return `${Math.round(ms / DAY_MS)} days`;
}
