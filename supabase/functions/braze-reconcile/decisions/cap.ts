/** A wrong database must not empty Braze: how many cancellations one run may make. Pure. */

export interface CapSettings {
  readonly cancelsMax: number;
  /** Of the schedules that are listed. */
  readonly cancelShareMax: number;
}

/** With few schedules any share of them is next to nothing. */
const ALWAYS_ALLOWED = 3;

export function cancelsAllowed(listed: number, settings: CapSettings): number {
  const share = Math.max(ALWAYS_ALLOWED, Math.floor(listed * settings.cancelShareMax));
  return Math.min(settings.cancelsMax, share);
}
