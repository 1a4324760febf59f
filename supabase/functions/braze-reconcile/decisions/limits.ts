/** How long things may take before they mean something. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Braze promises no faster read after a write. */
export const SETTLING_MS = 5 * MINUTE_MS;
/** Two lists of one moment are one. */
export const BETWEEN_LISTINGS_MS = MINUTE_MS;
/** Currents come up to half an hour late on quiet days. */
export const STALE_AFTER_MS = 30 * MINUTE_MS;
/** Webhook retries end after a day: what has not come by then will not come by itself. */
export const STALE_FOR_GOOD_AFTER_MS = 24 * HOUR_MS;
/** A schedule whose time is this long past has been sent or never will be. open_create has the same rule. */
export const SENDS_FOR_MS_MAX = 24 * HOUR_MS;
/** How far back counts and attributions are made up for. */
export const LOOK_BACK_MS = 48 * HOUR_MS;
/** Braze forgets the statistics of a send after 14 days. */
export const STATISTICS_KEPT_DAYS = 14;
