/** Limits how many schedules one run may cancel, so that a wrong database cannot empty Braze. Pure. */

export interface CapSettings {
  readonly cancelsMax: number;
  /** Share of the listed schedules, 0 to 1. */
  readonly cancelShareMax: number;
}

/** With few listed schedules the share would round down to nearly nothing. */
const ALWAYS_ALLOWED = 3;

export function cancelsAllowed(listed: number, settings: CapSettings): number {
  const share = Math.max(
    ALWAYS_ALLOWED,
    Math.floor(listed * settings.cancelShareMax),
  );
  return Math.min(settings.cancelsMax, share);
}
