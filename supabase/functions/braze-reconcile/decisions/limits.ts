/** Waiting periods before reconciliation draws a conclusion. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Braze guarantees no read-after-write consistency: a change may appear in the listing late. */
export const SETTLING_MS = 5 * MINUTE_MS;
/** Two listings closer together than this count as one. SQL function record_listed applies the same rule. */
export const BETWEEN_LISTINGS_MS = 4 * MINUTE_MS;
/** Currents may deliver up to half an hour late when traffic is low. */
export const STALE_AFTER_MS = 30 * MINUTE_MS;
/** Webhook retries end after a day: a later event will not arrive without intervention. */
export const STALE_FOR_GOOD_AFTER_MS = 24 * HOUR_MS;
/** How far back counts and attributions are updated. */
export const LOOK_BACK_MS = 48 * HOUR_MS;
/** Braze keeps the statistics of a send for 14 days. */
export const STATISTICS_KEPT_DAYS = 14;
/** Calls for statistics that are under way together: they take longest, and cost a run nothing but time. */
export const STATISTICS_AT_ONCE = 4;
