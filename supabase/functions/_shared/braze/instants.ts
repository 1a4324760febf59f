/** Reads and writes times in Braze's format. */

const WITH_ZONE = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|UTC|[+-]\d\d:?\d\d)$/;
const DAY_MS = 24 * 60 * 60_000;

/**
 * null for a time without a zone: Braze omits the zone when the time is local to each user, so no single instant
 * corresponds to it.
 */
export function readInstant(text: string | null): Date | null {
  const [, day, time, zone] = WITH_ZONE.exec(text?.trim() ?? "") ?? [];
  if (day === undefined || time === undefined || zone === undefined) return null;
  const offset = zone === "UTC" ? "Z" : zone.replace(/^([+-]\d\d):?(\d\d)$/, "$1:$2");
  const instant = new Date(`${day}T${time}${offset}`);
  return Number.isNaN(instant.getTime()) ? null : instant;
}

/** Whole seconds, as in Braze's own samples. */
export function writeInstant(instant: Date): string {
  return `${instant.toISOString().slice(0, 19)}Z`;
}

/** The first midnight (UTC) that is not before `instant`. */
export function nextMidnight(instant: Date): Date {
  return new Date(Math.ceil(instant.getTime() / DAY_MS) * DAY_MS);
}
