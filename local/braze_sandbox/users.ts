/** The sandbox's users: the teams that they follow, whether they receive pushes, and their devices. */
import { Prng } from "../lib/prng.ts";

export const TEAM_ATTRIBUTES = ["Team 1", "Team 2", "Team 3"] as const;

/** The probability that a user has each attribute: most follow one team, few follow three. */
const ATTRIBUTE_SHARES = [0.92, 0.35, 0.12];
const UNSUBSCRIBED_SHARE = 0.12;
const WITHOUT_TOKEN_SHARE = 0.05;
const TIMEZONES = ["Europe/London", "Europe/Berlin", "Europe/Madrid", "America/New_York"];

export interface TeamWeight {
  readonly value: string;
  readonly weight: number;
}

export interface UserBaseOptions {
  readonly count: number;
  readonly seed: number;
  readonly teams: readonly TeamWeight[];
}

export type AttributeValue = string | number | boolean | readonly string[];
export type SubscriptionStatus = "opted_in" | "subscribed" | "unsubscribed";

export interface Device {
  readonly id: string;
  readonly platform: "ios" | "android";
  readonly pushToken: string;
}

export interface User {
  readonly index: number;
  readonly externalId: string;
  readonly brazeId: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly pushStatus: SubscriptionStatus;
  readonly emailStatus: SubscriptionStatus;
  /** Subscribed and with at least one push token. */
  readonly pushEnabled: boolean;
  readonly devices: readonly Device[];
  readonly timezone: string;
  readonly lastUsedAppDaysAgo: number;
}

export class UserBase {
  readonly #options: UserBaseOptions;
  #users: readonly User[] | undefined;
  #byId: Map<string, User> | undefined;

  constructor(options: UserBaseOptions) {
    this.#options = options;
  }

  get teams(): readonly TeamWeight[] {
    return this.#options.teams;
  }

  /** Generated at the first use: 25,000 users take a fraction of a second. */
  get all(): readonly User[] {
    return this.#users ??= generate(this.#options);
  }

  /** Finds a user by external id or by Braze's own id. */
  find(id: string): User | undefined {
    this.#byId ??= new Map(
      this.all.flatMap((user) => [[user.externalId, user], [user.brazeId, user]]),
    );
    return this.#byId.get(id);
  }

  followersOf(team: string): number {
    return this.all.filter((user) => follows(user, team)).length;
  }

  /** Those whom a push can reach. */
  pushEnabledFollowersOf(team: string): number {
    return this.all.filter((user) => user.pushEnabled && follows(user, team)).length;
  }
}

function follows({ attributes }: User, team: string): boolean {
  return TEAM_ATTRIBUTES.some((attribute) => attributes[attribute] === team);
}

function generate({ count, seed, teams }: UserBaseOptions): User[] {
  const prng = new Prng(`users/${seed}`);
  const pick = weighted(teams);
  return Array.from({ length: count }, (_, index): User => {
    const pushStatus = prng.chance(UNSUBSCRIBED_SHARE)
      ? "unsubscribed"
      : prng.chance(0.7)
      ? "opted_in"
      : "subscribed";
    return {
      index,
      externalId: `u-${String(index + 1).padStart(6, "0")}`,
      brazeId: prng.hex(24),
      attributes: followedTeams(prng, pick),
      pushStatus,
      emailStatus: prng.chance(0.6) ? "opted_in" : "unsubscribed",
      pushEnabled: pushStatus !== "unsubscribed" && !prng.chance(WITHOUT_TOKEN_SHARE),
      devices: Array.from({ length: deviceCount(prng) }, (): Device => ({
        id: prng.uuid(),
        platform: prng.chance(0.55) ? "ios" : "android",
        pushToken: prng.hex(32),
      })),
      timezone: TIMEZONES[prng.below(TIMEZONES.length)]!,
      lastUsedAppDaysAgo: prng.below(60),
    };
  });
}

function deviceCount(prng: Prng): number {
  return prng.chance(0.78) ? 1 : prng.chance(0.85) ? 2 : 3;
}

/** Distinct teams, in the first, the second and the third attribute; each attribute may be absent. */
function followedTeams(
  prng: Prng,
  pick: (prng: Prng) => string | undefined,
): Record<string, string> {
  const attributes: Record<string, string> = {};
  const taken = new Set<string>();
  for (const [i, attribute] of TEAM_ATTRIBUTES.entries()) {
    const team = pick(prng);
    if (team === undefined || taken.has(team) || !prng.chance(ATTRIBUTE_SHARES[i]!)) continue;
    taken.add(team);
    attributes[attribute] = team;
  }
  return attributes;
}

function weighted(teams: readonly TeamWeight[]): (prng: Prng) => string | undefined {
  const total = teams.reduce((sum, { weight }) => sum + weight, 0);
  return (prng) => {
    let left = prng.next() * total;
    return (teams.find(({ weight }) => (left -= weight) < 0) ?? teams.at(-1))?.value;
  };
}
