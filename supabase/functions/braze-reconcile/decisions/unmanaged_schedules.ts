/**
 * Sorts the schedules that Braze lists for our campaign: owned, to be adopted, or unmanaged. Pure.
 *
 * Owned is the current generation of a match that is not cancelled. It is never unmanaged here, and the SQL function
 * open_unmanaged_delete refuses it again. Of the unmanaged ones only those are cancelled that the SQL function
 * is_superseded_in_list names; all others are held: a person may have made them on purpose. A schedule that may be the
 * only push of its match is held in any case.
 */
import { differenceInMilliseconds, isAfter } from "date-fns";
import type { ListedSchedule } from "../../_shared/braze/listing.ts";
import { generationOf, isLedgerId, ledgerIdOf, matchIdOf } from "../../_shared/attribution/echo.ts";
import { readEchoFields } from "../../_shared/events/echo_fields.ts";
import type { KnownMatch, KnownSchedule } from "../../_shared/store/reconciliation.ts";
import { SETTLING_MS } from "./limits.ts";
import { currentOf, keyOf } from "../../_shared/scheduling/schedule.ts";

export type UnmanagedReason = "duplicate" | "orphan";

export interface UnmanagedSchedule {
  readonly entry: ListedSchedule;
  readonly reason: UnmanagedReason;
  readonly why:
    | "second_schedule"
    | "old_generation"
    | "not_wanted"
    | "unknown_match";
  /** Cancelled without a person. All others are held, and told. */
  readonly mayCancel: boolean;
  readonly echo: Echo;
  /** null when it refers to no ledger row. */
  readonly match: KnownMatch | null;
}

export interface Adoption {
  readonly entry: ListedSchedule;
  readonly match: KnownMatch;
  readonly generation: number;
}

export interface Sorted {
  /** Current, not cancelled, and known by its Braze id. */
  readonly owned: readonly ListedSchedule[];
  readonly adoptions: readonly Adoption[];
  readonly duplicates: readonly UnmanagedSchedule[];
  readonly orphans: readonly UnmanagedSchedule[];
  /** Due already, changed so recently that the listing may be outdated, or with an open attempt. */
  readonly undecided: readonly ListedSchedule[];
  /** Not owned, but possibly the only schedule of a pending match. */
  readonly held: readonly ListedSchedule[];
  /** A person said that they stay as they are. */
  readonly kept: readonly ListedSchedule[];
}

/** What is known of listed schedules by their ids. */
export interface KnownIds {
  readonly supersededScheduleIds: readonly string[];
  readonly keptScheduleIds: readonly string[];
}

/** Our ids in the schedule's trigger properties. */
export interface Echo {
  readonly matchId: number | null;
  readonly ledgerId: string | null;
  readonly generation: number | null;
}

type Verdict =
  | { readonly kind: "owned" | "undecided" | "held" | "kept" }
  | {
    readonly kind: "adopt";
    readonly match: KnownMatch;
    readonly generation: number;
  }
  | { readonly kind: "unmanaged"; readonly match: KnownMatch | null };

/** `observedAt`: when the list was requested. What changed later, or shortly before, it may not show. */
export function sortListing(
  listed: readonly ListedSchedule[],
  matches: readonly KnownMatch[],
  ids: KnownIds,
  observedAt: Date,
  now: Date,
): Sorted {
  const superseded = new Set(ids.supersededScheduleIds);
  const kept = new Set(ids.keptScheduleIds);
  const entries = [
    ...new Map(listed.map((entry) => [entry.scheduleId, entry])).values(),
  ];
  const byScheduleId = new Map(
    matches.flatMap((match) =>
      match.schedules.flatMap((schedule) =>
        schedule.brazeScheduleId === null
          ? []
          : [[schedule.brazeScheduleId, { match, schedule }] as const]
      )
    ),
  );
  const byLedgerId = new Map(matches.map((match) => [match.ledgerId, match]));
  const byMatchId = new Map(matches.map((match) => [match.matchId, match]));
  const echoed = entries.map((entry) => ({ entry, echo: readEcho(entry) }));
  // Before the verdicts, which need to know the matches whose schedule is adopted.
  const adopted = findAdoptions();
  const sorted = echoed.map(({ entry, echo }) => ({
    entry,
    echo,
    verdict: judge(entry, echo),
  }));
  const of = (kind: Verdict["kind"]) =>
    sorted.flatMap(({ entry, verdict }) => verdict.kind === kind ? [entry] : []);
  const adoptions = sorted.flatMap(({ entry, verdict }): Adoption[] =>
    verdict.kind === "adopt"
      ? [{ entry, match: verdict.match, generation: verdict.generation }]
      : []
  );
  const unmanaged = sorted.flatMap(
    ({ entry, echo, verdict }): UnmanagedSchedule[] => {
      if (verdict.kind === "unmanaged") {
        return [unmanagedOf(entry, echo, verdict.match)];
      }
      // Adopted, but its match is cancelled or has a newer generation.
      return verdict.kind === "adopt" &&
          !isCurrent(verdict.match, verdict.generation)
        ? [unmanagedOf(entry, echo, verdict.match)]
        : [];
    },
  );
  return {
    owned: of("owned"),
    adoptions,
    duplicates: unmanaged.filter(({ reason }) => reason === "duplicate"),
    orphans: unmanaged.filter(({ reason }) => reason === "orphan"),
    undecided: of("undecided"),
    held: of("held"),
    kept: of("kept"),
  };

  /** Key of ledger row and generation → the entry to adopt, for generations without a Braze id and open attempt. */
  function findAdoptions(): ReadonlyMap<string, ListedSchedule> {
    const found = new Map<string, ListedSchedule>();
    for (const { entry, echo } of echoed) {
      const origin = originOf(entry, echo);
      if (
        origin === null || origin.schedule.hasOpenAttempt ||
        !isAdoptable(origin.schedule)
      ) continue;
      if (!found.has(origin.key)) found.set(origin.key, entry);
    }
    return found;
  }

  /** The generation that an entry echoes, if that generation has no Braze id yet. */
  function originOf(entry: ListedSchedule, { ledgerId, generation }: Echo) {
    const match = ledgerId === null ? undefined : byLedgerId.get(ledgerId);
    const schedule = match?.schedules.find((one) =>
      one.generation === generation && one.brazeScheduleId === null
    );
    if (match === undefined || schedule === undefined) return null;
    if (byScheduleId.has(entry.scheduleId) || isDue(entry)) return null;
    return {
      match,
      schedule,
      key: keyOf({ ledgerId: match.ledgerId, generation: schedule.generation }),
    };
  }

  function judge(entry: ListedSchedule, echo: Echo): Verdict {
    if (isDue(entry)) return { kind: "undecided" };
    const known = byScheduleId.get(entry.scheduleId);
    if (known !== undefined) return judgeKnown(known.match, known.schedule);

    const origin = originOf(entry, echo);
    if (origin?.schedule.hasOpenAttempt) return { kind: "undecided" };
    if (origin !== null && adopted.get(origin.key) === entry) {
      return {
        kind: "adopt",
        match: origin.match,
        generation: origin.schedule.generation,
      };
    }
    if (kept.has(entry.scheduleId)) return { kind: "kept" };
    const match = (echo.ledgerId === null ? undefined : byLedgerId.get(echo.ledgerId)) ??
      (echo.matchId === null ? undefined : byMatchId.get(echo.matchId));
    if (match !== undefined && isUnconfirmed(match)) return { kind: "held" };
    return { kind: "unmanaged", match: match ?? null };
  }

  /** Braze is sending it or has sent it, so a change comes too late. */
  function isDue({ sendAt }: ListedSchedule): boolean {
    return sendAt !== null && !isAfter(sendAt, now);
  }

  function judgeKnown(match: KnownMatch, schedule: KnownSchedule): Verdict {
    if (schedule.generation === match.generation) {
      if (match.status !== "cancelled") return { kind: "owned" };
      // Two listings lacked it, and it is listed again: only an operator may cancel it now.
      if (match.cancelReason === "dashboard") return { kind: "held" };
    }
    const isFresh = differenceInMilliseconds(observedAt, schedule.updatedAt) < SETTLING_MS;
    return schedule.hasOpenAttempt || isFresh || schedule.state === "completed"
      ? { kind: "undecided" }
      : { kind: "unmanaged", match };
  }

  /** Pending, and no live schedule of it is known. */
  function isUnconfirmed(match: KnownMatch): boolean {
    if (match.status !== "pending" || adopted.has(keyOf(match))) return false;
    const current = currentOf(match);
    return current === undefined || current.brazeScheduleId === null ||
      current.state === "deleted" || current.state === "deleting" ||
      current.state === "unknown";
  }

  function unmanagedOf(
    entry: ListedSchedule,
    echo: Echo,
    match: KnownMatch | null,
  ): UnmanagedSchedule {
    const found = { entry, echo, match, mayCancel: superseded.has(entry.scheduleId) };
    if (match === null) return { ...found, reason: "orphan", why: "unknown_match" };
    if (match.status === "cancelled") return { ...found, reason: "orphan", why: "not_wanted" };
    const isOld = match.schedules.some(({ brazeScheduleId, generation }) =>
      generation !== match.generation &&
      (brazeScheduleId === entry.scheduleId || generation === echo.generation)
    );
    const why = isOld ? "old_generation" : "second_schedule";
    return { ...found, reason: "duplicate", why };
  }
}

/** Match id → ids of all its listed schedules, sorted. */
export function scheduleIdsByMatch(
  listed: readonly ListedSchedule[],
  matches: readonly KnownMatch[],
): ReadonlyMap<number, readonly string[]> {
  const ids = new Map<number, Set<string>>();
  const owners = new Map(
    matches.flatMap((match) =>
      match.schedules.map(({ brazeScheduleId }) => [brazeScheduleId, match.matchId] as const)
    ),
  );
  const byLedgerId = new Map(
    matches.map(({ ledgerId, matchId }) => [ledgerId, matchId]),
  );
  for (const entry of listed) {
    const echo = readEcho(entry);
    const matchId = owners.get(entry.scheduleId) ??
      byLedgerId.get(echo.ledgerId ?? "") ??
      echo.matchId;
    if (matchId === null) continue;
    ids.set(matchId, (ids.get(matchId) ?? new Set()).add(entry.scheduleId));
  }
  return new Map([...ids].map(([matchId, set]) => [matchId, [...set].sort()]));
}

function readEcho({ triggerProperties }: ListedSchedule): Echo {
  const read = readEchoFields([triggerProperties ?? {}], null);
  if (!read.ok) return { matchId: null, ledgerId: null, generation: null };
  const { echoedMatchId, echoedLedgerId, echoedGeneration } = read.echo;
  return {
    // NaN: the property is no id.
    matchId: matchIdOf(echoedMatchId) || null,
    ledgerId: isLedgerId(echoedLedgerId) ? ledgerIdOf(echoedLedgerId) : null,
    generation: generationOf(echoedGeneration) || null,
  };
}

function isAdoptable({ state }: KnownSchedule): boolean {
  return state === "creating" || state === "unknown" || state === "failed";
}

function isCurrent(match: KnownMatch, generation: number): boolean {
  return match.status !== "cancelled" && match.generation <= generation;
}
