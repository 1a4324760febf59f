/**
 * Braze's rate limits, as its page "API limits" gives them.
 *
 * Hourly windows end on the clock hour, as documented; minutes and days are assumed to do the same (UTC).
 */
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const POOL_PER_HOUR = 250_000;
const BROADCASTS_PER_MINUTE = 250;
const BROADCASTS_PER_AUDIENCE_PER_MINUTE = 10;
const SEND_IDS_PER_DAY = 100;
const CAMPAIGN_SERIES_PER_MINUTE = 50_000;

export interface Allowance {
  readonly allowed: boolean;
  readonly limit: number;
  readonly remaining: number;
  readonly resetAt: Date;
}

class Window {
  #used = 0;
  #number = -1;

  constructor(readonly limit: number, readonly lengthMs: number) {}

  remaining(now: Date): number {
    const number = Math.floor(now.getTime() / this.lengthMs);
    if (number !== this.#number) {
      this.#number = number;
      this.#used = 0;
    }
    return this.limit - this.#used;
  }

  use(): void {
    this.#used++;
  }

  get resetAt(): Date {
    return new Date((this.#number + 1) * this.lengthMs);
  }
}

export class Limits {
  readonly #pool = new Window(POOL_PER_HOUR, HOUR_MS);
  readonly #broadcasts = new Window(BROADCASTS_PER_MINUTE, MINUTE_MS);
  readonly #broadcastsByAudience = new Map<string, Window>();
  readonly #sendIds = new Window(SEND_IDS_PER_DAY, DAY_MS);
  readonly #campaignSeries = new Window(CAMPAIGN_SERIES_PER_MINUTE, MINUTE_MS);

  takePool(now: Date): Allowance {
    return take([this.#pool], now);
  }

  takeSendId(now: Date): Allowance {
    return take([this.#sendIds], now);
  }

  takeCampaignSeries(now: Date): Allowance {
    return take([this.#campaignSeries], now);
  }

  /** `audience` is part of the key; the schedule and the trigger properties are not. */
  takeBroadcast(campaignId: string, audience: unknown, now: Date): Allowance {
    const key = `${campaignId} ${canonical(audience)}`;
    let own = this.#broadcastsByAudience.get(key);
    if (own === undefined) {
      own = new Window(BROADCASTS_PER_AUDIENCE_PER_MINUTE, MINUTE_MS);
      this.#broadcastsByAudience.set(key, own);
    }
    return take([own, this.#broadcasts], now);
  }
}

/** Takes from all windows or from none, and returns the tightest. */
function take(windows: readonly [Window, ...Window[]], now: Date): Allowance {
  const tightest = windows.reduce((a, b) => b.remaining(now) < a.remaining(now) ? b : a);
  const allowed = tightest.remaining(now) > 0;
  if (allowed) { for (const window of windows) window.use(); }
  return {
    allowed,
    limit: tightest.limit,
    remaining: tightest.remaining(now),
    resetAt: tightest.resetAt,
  };
}

/** Two audiences that differ only in the order of their keys are one. */
function canonical(value: unknown): string {
  return JSON.stringify(
    value,
    (_key, item) =>
      typeof item === "object" && item !== null && !Array.isArray(item)
        ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => a < b ? -1 : 1))
        : item,
  ) ?? "";
}
