/**
 * The fixture list over time: which pushes were wanted when. It is derived from the acts and never read from the suite.
 */
import { addDays, addMinutes, addSeconds } from "date-fns";
import type { FixtureChange } from "./act.ts";
import type { World } from "./world.ts";
import { TEAMS } from "./fixtures.ts";

const SEND_LEAD_MINUTES = 60;

export interface MatchState {
  readonly home: string;
  readonly away: string;
  readonly kickoffAt: Date;
  /** False: `kickoffAt` is a placeholder. */
  readonly isKickoffConfirmed: boolean;
  readonly status: "scheduled" | "postponed" | "cancelled" | "finished";
  readonly push: boolean;
  readonly properties: Readonly<Record<string, string>>;
}

/** What `teams` says about the two teams of a match. */
export interface KnownAudience {
  /** Both teams have a row. */
  readonly isComplete: boolean;
  /** The values of those whose fans are notified, sorted. */
  readonly teams: readonly string[];
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
        value: {
          home,
          away,
          kickoffAt,
          isKickoffConfirmed: true,
          status,
          push: true,
          properties: {},
        },
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
      : "midnight" in change
      ? {
        ...before,
        kickoffAt: startOfUtcDay(addDays(at, 1)),
        isKickoffConfirmed: change.midnight === "placeholder",
      }
      : "kickoffAt" in change
      ? { ...before, kickoffAt: change.kickoffAt, isKickoffConfirmed: true }
      : { ...before, ...change };
    this.#set(matchId, value, at);
    return value;
  }

  /** Two matches get each other's teams and kick-off: the feed has mixed up their ids. */
  swap(one: number, other: number, at: Date): void {
    const [a, b] = [this.match(one, at), this.match(other, at)];
    const as = ({ home, away, kickoffAt }: MatchState) => ({ home, away, kickoffAt });
    this.#set(one, { ...a, ...as(b) }, at);
    this.#set(other, { ...b, ...as(a) }, at);
  }

  #set(matchId: number, value: MatchState, from: Date): void {
    this.#matches.get(matchId)!.push({ from, value });
  }

  /** A team's row in `teams` is gone. */
  removeTeam(name: string, at: Date): void {
    const teams = new Map(valueAt(this.#teams, at));
    teams.delete(name);
    this.#teams.push({ from: at, value: teams });
  }

  /** The rows of `teams`. */
  teams(at: Date): ReadonlyMap<string, { readonly notify: boolean; readonly value: string }> {
    return valueAt(this.#teams, at);
  }

  /** All rows that `teams` ever had when it was whole; a renamed team has its new name alone. */
  teamsEver(): ReadonlyMap<string, { readonly notify: boolean; readonly value: string }> {
    const rows = new Map<string, { readonly notify: boolean; readonly value: string }>();
    for (const { value } of this.#teams) {
      for (const [name, row] of value) rows.set(name, row);
    }
    return rows;
  }

  isKnown(matchId: number, at: Date): boolean {
    return at >= this.#knownAt.get(matchId)!;
  }

  /** No push is wanted, and the fixture says so itself: no information is missing. */
  isOff(matchId: number, at: Date): boolean {
    const { status, push } = this.match(matchId, at);
    return status !== "scheduled" || !push;
  }

  audience(matchId: number, at: Date): KnownAudience {
    const { home, away } = this.match(matchId, at);
    const teams = valueAt(this.#teams, at);
    const rows = [home, away].map((name) => teams.get(name));
    const values = rows.flatMap((team) => team?.notify === true ? [team.value] : []);
    return {
      isComplete: rows.every((team) => team !== undefined),
      teams: [...new Set(values)].sort(),
    };
  }

  /** Whether a team of that name ever played the match. */
  hadTeam(matchId: number, team: string): boolean {
    return this.#matches.get(matchId)!.some(({ value: { home, away } }) =>
      home === team || away === team
    );
  }

  /** When anything changed that bears on the match. */
  changesOf(matchId: number): readonly Date[] {
    return [...this.#matches.get(matchId)!, ...this.#teams]
      .map(({ from }) => from)
      .concat(this.#knownAt.get(matchId)!)
      .sort((a, b) => a.getTime() - b.getTime());
  }

  /** The moments within some seconds before `until` at which the data differed, since a run plans with that of its start. */
  momentsWithin(matchId: number, seconds: number, until: Date): readonly Date[] {
    const from = addSeconds(until, -seconds);
    return [from, ...this.changesOf(matchId).filter((at) => at > from && at <= until)];
  }

  setTeam(name: string, notify: boolean, value: string, at: Date): void {
    const teams = new Map(valueAt(this.#teams, at)).set(name, { notify, value });
    this.#teams.push({ from: at, value: teams });
  }

  valueOf(team: string, at: Date): string | undefined {
    return valueAt(this.#teams, at).get(team)?.value;
  }

  wanted(matchId: number, at: Date): WantedPush | null {
    const { home, away, kickoffAt, isKickoffConfirmed, properties } = this.match(matchId, at);
    if (this.isOff(matchId, at) || !isKickoffConfirmed || !this.isKnown(matchId, at)) return null;
    const { teams } = this.audience(matchId, at);
    if (teams.length === 0) return null;
    return {
      sendAt: addMinutes(kickoffAt, -SEND_LEAD_MINUTES),
      teams,
      properties: { home_team: home, away_team: away, ...properties },
    };
  }

  /** Everything that was wanted within some seconds before `until`. */
  wantedWithin(matchId: number, seconds: number, until: Date): (WantedPush | null)[] {
    return this.momentsWithin(matchId, seconds, until).map((at) => this.wanted(matchId, at));
  }
}

function valueAt<T>(entries: readonly Entry<T>[], at: Date): T {
  const known = entries.findLast(({ from }) => from <= at) ?? entries[0];
  if (known === undefined) throw new Error("Cannot look back: there must be an entry, got none");
  return known.value;
}

function startOfUtcDay(at: Date): Date {
  return new Date(`${at.toISOString().slice(0, 10)}T00:00:00Z`);
}
