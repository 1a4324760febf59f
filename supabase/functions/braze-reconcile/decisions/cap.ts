/** Limits how many schedules one run may cancel, so that a wrong database cannot empty Braze. One is allowed. Pure. */

export interface CapSettings {
  readonly cancelsMax: number;
  /** Share of the listed schedules, 0 to 1. */
  readonly cancelShareMax: number;
}

export function cancelsAllowed(listed: number, settings: CapSettings): number {
  const share = Math.max(1, Math.floor(listed * settings.cancelShareMax));
  return Math.min(settings.cancelsMax, share);
}
