/**
 * What Braze lists of our campaign, sorted: ours, to be adopted, or a stray that is to be cancelled. Pure.
 *
 * Canonical is the ledger's current generation of a match that is wanted. Nothing here names it as a stray, and
 * open_unmanaged_delete refuses it once more. Where a match has no schedule that is known to be live, a stranger with its
 * name is left alone: it may be the only push there is.
 */
import { differenceInMilliseconds, isAfter } from "date-fns";
import { z } from "zod";
import type { ListedSchedule } from "../../_shared/braze/listing.ts";
import * as fields from "../../_shared/events/fields.ts";
import type { KnownMatch, KnownSchedule } from "../../_shared/store/reconciliation.ts";
import { SETTLING_MS } from "./limits.ts";
import { currentOf, keyOf } from "./matches.ts";

export type UnmanagedReason = "duplicate" | "orphan";

export interface UnmanagedSchedule {
  readonly entry: ListedSchedule;
  readonly reason: UnmanagedReason;
  readonly why:
    | "second_schedule"
    | "old_generation"
    | "not_wanted"
    | "unknown_match";
  readonly echo: Echo;
  /** null where no ledger row is meant. */
  readonly match: KnownMatch | null;
}

export interface Adoption {
  readonly entry: ListedSchedule;
  readonly match: KnownMatch;
  readonly generation: number;
}

export interface Sorted {
  /** Current and wanted, and known by its id. */
  readonly owned: readonly ListedSchedule[];
  readonly adoptions: readonly Adoption[];
  readonly duplicates: readonly UnmanagedSchedule[];
  readonly orphans: readonly UnmanagedSchedule[];
  /** Due by now, or changed so lately that the list may be behind, or a call is under way. */
  readonly unsettled: readonly ListedSchedule[];
  /** Not ours, and the only schedule there may be of a wanted match. */
  readonly held: readonly ListedSchedule[];
}

/** What a schedule says of itself. */
export interface Echo {
  readonly matchId: number | null;
  readonly ledgerId: string | null;
  readonly generation: number | null;
}

const TriggerProperties = z.object({
  match_id: fields.matchId,
  ledger_id: fields.ledgerId,
  generation: fields.generation,
}).partial();

type Verdict =
  | { readonly kind: "owned" | "unsettled" | "held" }
  | {
    readonly kind: "adopt";
    readonly match: KnownMatch;
    readonly generation: number;
  }
  | { readonly kind: "stray"; readonly match: KnownMatch | null };

export function sortListing(
  listed: readonly ListedSchedule[],
  matches: readonly KnownMatch[],
  now: Date,
): Sorted {
  const entries = [...new Map(listed.map((entry) => [entry.scheduleId, entry])).values()];
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
  const said = entries.map((entry) => ({ entry, echo: readEcho(entry) }));
  // First of all, so that what is judged then knows which matches have their schedule after all.
  const adopted = findAdoptions();
  const sorted = said.map(({ entry, echo }) => ({ entry, echo, verdict: judge(entry, echo) }));
  const of = (kind: Verdict["kind"]) =>
    sorted.flatMap(({ entry, verdict }) => verdict.kind === kind ? [entry] : []);
  const adoptions = sorted.flatMap(({ entry, verdict }): Adoption[] =>
    verdict.kind === "adopt"
      ? [{ entry, match: verdict.match, generation: verdict.generation }]
      : []
  );
  const unmanaged = sorted.flatMap(({ entry, echo, verdict }): UnmanagedSchedule[] => {
    if (verdict.kind === "stray") return [unmanagedOf(entry, echo, verdict.match)];
    // Known from now on, and still nothing that anybody wants.
    return verdict.kind === "adopt" &&
        !isWanted(verdict.match, verdict.generation)
      ? [unmanagedOf(entry, echo, verdict.match)]
      : [];
  });
  return {
    owned: of("owned"),
    adoptions,
    duplicates: unmanaged.filter(({ reason }) => reason === "duplicate"),
    orphans: unmanaged.filter(({ reason }) => reason === "orphan"),
    unsettled: of("unsettled"),
    held: of("held"),
  };

  /** By generation: one entry for each that is without an id and that no call is under way on. */
  function findAdoptions(): ReadonlyMap<string, ListedSchedule> {
    const found = new Map<string, ListedSchedule>();
    for (const { entry, echo } of said) {
      const fits = fitting(entry, echo);
      if (fits === null || fits.schedule.hasOpenAttempt || !isAdoptable(fits.schedule)) continue;
      if (!found.has(fits.key)) found.set(fits.key, entry);
    }
    return found;
  }

  /** The generation that an entry says it is, if nobody has heard its id yet. */
  function fitting(entry: ListedSchedule, { ledgerId, generation }: Echo) {
    const match = ledgerId === null ? undefined : byLedgerId.get(ledgerId);
    const schedule = match?.schedules.find((one) =>
      one.generation === generation && one.brazeScheduleId === null
    );
    if (match === undefined || schedule === undefined) return null;
    if (byScheduleId.has(entry.scheduleId) || isLeaving(entry)) return null;
    return {
      match,
      schedule,
      key: keyOf({ ledgerId: match.ledgerId, generation: schedule.generation }),
    };
  }

  function judge(entry: ListedSchedule, echo: Echo): Verdict {
    if (isLeaving(entry)) return { kind: "unsettled" };
    const known = byScheduleId.get(entry.scheduleId);
    if (known !== undefined) return judgeKnown(known.match, known.schedule);

    const fits = fitting(entry, echo);
    if (fits?.schedule.hasOpenAttempt) return { kind: "unsettled" };
    if (fits !== null && adopted.get(fits.key) === entry) {
      return { kind: "adopt", match: fits.match, generation: fits.schedule.generation };
    }
    const match = (echo.ledgerId === null ? undefined : byLedgerId.get(echo.ledgerId)) ??
      (echo.matchId === null ? undefined : byMatchId.get(echo.matchId));
    if (match !== undefined && isUnconfirmed(match)) return { kind: "held" };
    return { kind: "stray", match: match ?? null };
  }

  /** Braze is about to send it, or has: nothing can be changed any more. */
  function isLeaving({ sendAt }: ListedSchedule): boolean {
    return sendAt !== null && !isAfter(sendAt, now);
  }

  function judgeKnown(match: KnownMatch, schedule: KnownSchedule): Verdict {
    if (schedule.generation === match.generation) {
      if (match.status !== "cancelled") return { kind: "owned" };
      // The list lacked it twice and shows it again: whoever cancels it now must be a person.
      if (match.cancelReason === "dashboard") return { kind: "held" };
    }
    const isFresh = differenceInMilliseconds(now, schedule.updatedAt) < SETTLING_MS;
    return schedule.hasOpenAttempt || isFresh || schedule.state === "completed"
      ? { kind: "unsettled" }
      : { kind: "stray", match };
  }

  /** Wanted, and nobody knows of a live schedule of it. */
  function isUnconfirmed(match: KnownMatch): boolean {
    if (match.status !== "pending" || adopted.has(keyOf(match))) return false;
    const current = currentOf(match);
    return current === undefined || current.brazeScheduleId === null ||
      current.state === "deleted" || current.state === "deleting" || current.state === "unknown";
  }

  function unmanagedOf(
    entry: ListedSchedule,
    echo: Echo,
    match: KnownMatch | null,
  ): UnmanagedSchedule {
    if (match === null) {
      return { entry, echo, match, reason: "orphan", why: "unknown_match" };
    }
    if (match.status === "cancelled") {
      return { entry, echo, match, reason: "orphan", why: "not_wanted" };
    }
    const isOld = match.schedules.some(({ brazeScheduleId, generation }) =>
      generation !== match.generation &&
      (brazeScheduleId === entry.scheduleId || generation === echo.generation)
    );
    const why = isOld ? "old_generation" : "second_schedule";
    return { entry, echo, match, reason: "duplicate", why };
  }
}

/** Every listed schedule of a match, by match: what belongs together when one of them is a duplicate. */
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
  const byLedgerId = new Map(matches.map(({ ledgerId, matchId }) => [ledgerId, matchId]));
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
  const said = TriggerProperties.safeParse(triggerProperties ?? {}).data ?? {};
  return {
    matchId: said.match_id ?? null,
    ledgerId: said.ledger_id ?? null,
    generation: said.generation ?? null,
  };
}

function isAdoptable({ state }: KnownSchedule): boolean {
  return state === "creating" || state === "unknown" || state === "failed";
}

function isWanted(match: KnownMatch, generation: number): boolean {
  return match.status !== "cancelled" && match.generation === generation;
}
