/**
 * The fixture list over time: which pushes were wanted when. It is derived from the acts and never read from the suite.
 */
import { addMinutes, addSeconds } from "date-fns";
import type { FixtureChange } from "./act.ts";
import type { World } from "./world.ts";
import { TEAMS } from "./fixtures.ts";

const SEND_LEAD_MINUTES = 60;

export interface MatchState {
  readonly home: string;
  readonly away: string;
  readonly kickoffAt: Date;
  readonly status: "scheduled" | "postponed" | "cancelled" | "finished";
  readonly properties: Readonly<Record<string, string>>;
}

/** The schedule that Braze should hold for a match; null where no push is wanted. */
export interface WantedPush {
  readonly sendAt: Date;
  /** The values in fans' attributes, sorted. */
  readonly teams: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
}

interface Entry<T> {
  readonly from: Date;
  readonly value: T;
}

export class History {
  readonly #matches = new Map<number, Entry<MatchState>[]>();
  readonly #knownAt = new Map<number, Date>();
  /** The teams in `teams`, and whether their fans are notified. */
  readonly #teams: Entry<
    ReadonlyMap<string, { readonly notify: boolean; readonly value: string }>
  >[];

  constructor({ startAt, fixtures }: World) {
    const value = new Map(TEAMS.map((name) => [name, { notify: true, value: name }]));
    this.#teams = [{ from: startAt, value }];
    for (const { matchId, home, away, kickoffAt, status, knownAt } of fixtures) {
      this.#matches.set(matchId, [{
        from: startAt,
        value: { home, away, kickoffAt, status, properties: {} },
      }]);
      this.#knownAt.set(matchId, knownAt);
    }
  }

  get matchIds(): readonly number[] {
    return [...this.#matches.keys()];
  }

  match(matchId: number, at: Date): MatchState {
    return valueAt(this.#matches.get(matchId)!, at);
  }

  change(matchId: number, change: FixtureChange, at: Date): MatchState {
    const before = this.match(matchId, at);
    const value: MatchState = "kickoffByMinutes" in change
      ? { ...before, kickoffAt: addMinutes(before.kickoffAt, change.kickoffByMinutes) }
      : { ...before, ...change };
    this.#matches.get(matchId)!.push({ from: at, value });
    return value;
  }

  setTeam(name: string, notify: boolean, value: string, at: Date): void {
    const teams = new Map(valueAt(this.#teams, at)).set(name, { notify, value });
    this.#teams.push({ from: at, value: teams });
  }

  valueOf(team: string, at: Date): string | undefined {
    return valueAt(this.#teams, at).get(team)?.value;
  }

  wanted(matchId: number, at: Date): WantedPush | null {
    const { home, away, kickoffAt, status, properties } = this.match(matchId, at);
    if (status !== "scheduled" || at < this.#knownAt.get(matchId)!) return null;
    const teams = valueAt(this.#teams, at);
    const notified = [home, away].flatMap((name) => {
      const team = teams.get(name);
      return team?.notify === true ? [team.value] : [];
    });
    if (notified.length === 0) return null;
    return {
      sendAt: addMinutes(kickoffAt, -SEND_LEAD_MINUTES),
      teams: [...new Set(notified)].sort(),
      properties: { home_team: home, away_team: away, ...properties },
    };
  }

  /** Everything that was wanted within some seconds before `until`, since a run plans with the data from its start. */
  wantedWithin(matchId: number, seconds: number, until: Date): (WantedPush | null)[] {
    const from = addSeconds(until, -seconds);
    const changes = [...this.#matches.get(matchId)!, ...this.#teams]
      .map((entry) => entry.from)
      .concat(this.#knownAt.get(matchId)!)
      .filter((at) => at > from && at <= until);
    return [from, ...changes].map((at) => this.wanted(matchId, at));
  }
}

function valueAt<T>(entries: readonly Entry<T>[], at: Date): T {
  const known = entries.findLast(({ from }) => from <= at) ?? entries[0];
  if (known === undefined) throw new Error("Cannot look back: there must be an entry, got none");
  return known.value;
}
