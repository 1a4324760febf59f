/**
 * Attributes indistinguishable events when Braze's statistics leave exactly one possible match. Pure.
 *
 * Several matches are sent at the same time, and all but one have an event for every push that Braze counts. If the
 * number of open events equals the number that match lacks, they belong to it. Any other number attributes nothing.
 */
import { differenceInMilliseconds } from "date-fns";
import { TIME_GUARD_MS } from "../../_shared/attribution/time.ts";
import type {
  Elimination,
  OpenSecond,
  ScheduleAround,
  UnattributedSends,
} from "../../_shared/store/unattributed_events.ts";
import { STALE_AFTER_MS } from "./limits.ts";

/** Unattributed events close together in time, and every match that they may belong to. */
export interface Cluster {
  readonly first: Date;
  readonly last: Date;
  readonly events: number;
  readonly candidates: readonly Candidate[];
}

export interface Candidate {
  readonly ledgerId: string;
  readonly matchId: number;
  readonly sendId: string | null;
  readonly attributed: number;
  /** Schedules that were due around the events. */
  readonly schedules: readonly ScheduleAround[];
}

/** Only clusters old enough that both the events and Braze's statistics are complete. */
export function clustersOf(
  { seconds, schedules }: UnattributedSends,
  now: Date,
): Cluster[] {
  return split(seconds).map((together) => {
    const first = together[0]!.sentAt;
    const last = together.at(-1)!.sentAt;
    const around = schedules.filter((schedule) => isAround(schedule, first, last));
    const byLedger = Map.groupBy(around, ({ ledgerId }) => ledgerId);
    return {
      first,
      last,
      events: together.reduce((sum, { events }) => sum + events, 0),
      candidates: [...byLedger.values()].map((own) => ({
        ledgerId: own[0]!.ledgerId,
        matchId: own[0]!.matchId,
        sendId: own[0]!.sendId,
        attributed: own[0]!.attributed,
        schedules: own,
      })),
    };
  }).filter(({ last, candidates }) =>
    candidates.length > 0 && isComplete(last, now) &&
    candidates.every(({ schedules }) => schedules.every(({ sendAt }) => isComplete(sendAt, now)))
  );
}

/** `sent`: pushes that Braze counts by send id; null when Braze gives no number. */
export function attributeByElimination(
  cluster: Cluster,
  sent: ReadonlyMap<string, number | null>,
): Elimination | null {
  const lacking = cluster.candidates.map((candidate) => {
    const counted = candidate.sendId === null ? null : sent.get(candidate.sendId) ?? null;
    return {
      candidate,
      missing: counted === null ? null : counted - candidate.attributed,
    };
  });
  // With an unknown count, or more events than Braze counts, the numbers cannot match.
  if (lacking.some(({ missing }) => missing === null || missing < 0)) {
    return null;
  }
  const [only, ...others] = lacking.filter(({ missing }) => missing !== 0);
  if (
    only === undefined || others.length > 0 || only.missing !== cluster.events
  ) return null;

  const { candidate } = only;
  const schedule = onlyOne(candidate.schedules) ??
    onlyOne(candidate.schedules.filter(({ state }) => state !== "deleted"));
  return {
    first: cluster.first,
    last: cluster.last,
    events: cluster.events,
    ledgerId: candidate.ledgerId,
    matchId: candidate.matchId,
    generation: schedule?.generation ?? null,
    sendAt: (schedule ?? candidate.schedules[0]!).sendAt,
    candidateCount: cluster.candidates.length,
  };
}

/** Clusters lie further apart than the guard, so that no match is a candidate of two clusters. */
function split(seconds: readonly OpenSecond[]): OpenSecond[][] {
  const clusters: OpenSecond[][] = [];
  for (const second of seconds) {
    const together = clusters.at(-1);
    const before = together?.at(-1);
    if (
      together !== undefined && before !== undefined &&
      differenceInMilliseconds(second.sentAt, before.sentAt) <=
        2 * TIME_GUARD_MS
    ) {
      together.push(second);
    } else clusters.push([second]);
  }
  return clusters;
}

function isAround(
  { sendAt, movingTo }: ScheduleAround,
  first: Date,
  last: Date,
): boolean {
  return [sendAt, movingTo ?? sendAt].some((at) =>
    at.getTime() >= first.getTime() - TIME_GUARD_MS &&
    at.getTime() <= last.getTime() + TIME_GUARD_MS
  );
}

function isComplete(at: Date, now: Date): boolean {
  return differenceInMilliseconds(now, at) >= STALE_AFTER_MS;
}

function onlyOne<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}
