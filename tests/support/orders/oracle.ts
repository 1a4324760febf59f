/**
 * What a set of facts must end in, worked out from the facts alone, without the policy of the functions: section by section
 * the table in docs/attribution.md. Times are minutes.
 */
import type { Result, VerdictResult } from "./database.ts";
import {
  AHEAD,
  attemptId,
  type CallFact,
  CAMPAIGN,
  type EventFact,
  type Fact,
  ledgerId,
  MATCH_IDS,
  scheduleId,
} from "./facts.ts";

const EARLY = 2;
const WINDOW = 24 * 60;
const FREEZE = 15;
const GUARD = 10;

interface Schedule {
  readonly match: number;
  readonly generation: number;
  readonly campaign: string;
  readonly times: { readonly at: number; leftAt: number | null }[];
  state: string;
  sendAt: number;
  isMoving: boolean;
  deletedAt: number | null;
}

interface Lesson {
  readonly id: string;
  readonly match: number;
  readonly generation: number | null;
}

type Verdict = Omit<VerdictResult, "ledger_id">;

export function oracle(facts: readonly Fact[]): Result {
  const calls = facts.filter((fact) => fact.kind !== "event");
  const all = facts.filter((fact) => fact.kind === "event");
  const events = [...new Map(all.map((event) => [event.id, event])).values()];
  const schedules = schedulesOf(calls);
  const cancelled = new Set(calls.filter(({ kind }) => kind === "delete").map(scheduleKey));
  const registry = registryOf([
    ...calls.flatMap(lessonsOfAnswer),
    ...events.flatMap((event) => lessonsOf(event, schedules)),
  ]);
  const verdicts = events.map((event) =>
    [event.id, verdictOf(event, schedules, registry)] as const
  );

  const proofs = verdicts.map(([, verdict]) => verdict).filter(({ proof }) => proof !== null);
  const current = MATCH_IDS.flatMap((match) => currentOf(schedules, match) ?? []);
  return {
    events: sorted(verdicts.map(([id, verdict]) => [id, {
      ...verdict,
      ledger_id: verdict.match_id === null ? null : ledgerId(verdict.match_id),
    }])),
    identifiers: sorted([...registry].map(([id, { match, generation }]) => [id, {
      ambiguous: match === null,
      ledger_id: match === null ? null : ledgerId(match),
      generation,
    }])),
    ledgers: sorted(current.map((schedule) => {
      const said = proofs
        .filter(({ match_id }) => match_id === schedule.match)
        .filter(({ generation }) => generation === null || generation === schedule.generation)
        .map(({ proof }) => proof);
      const evidence = said.includes("push") ? "push" : said[0] ?? null;
      const isCancelled = cancelled.has(scheduleKey({ ...schedule, matchId: schedule.match }));
      const status = isCancelled ? "cancelled" : "pending";
      return [String(schedule.match), {
        generation: schedule.generation,
        status: evidence === null ? status : "sent",
        sent_evidence: evidence,
        cancel_reason: evidence === null && isCancelled ? "plan" : null,
      }];
    })),
    schedules: sorted(schedules.map((schedule) => {
      const { match, generation, state } = schedule;
      const isProven = proofs.some((proof) =>
        proof.match_id === match && proof.generation === generation
      );
      return [`${ledgerId(match)}:${generation}`, {
        state: isProven ? "completed" : state,
        state_before_proof: isProven ? state : null,
        is_proven: isProven,
      }];
    })),
  };
}

function sorted<Value>(entries: readonly (readonly [string, Value])[]): Record<string, Value> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => a < b ? -1 : 1));
}

function scheduleKey({ matchId, generation }: Pick<CallFact, "matchId" | "generation">): string {
  return `${matchId}:${generation}`;
}

// What Braze was asked for.

function schedulesOf(calls: readonly CallFact[]): Schedule[] {
  const known = new Map<string, Schedule>();
  for (const call of calls.toSorted((a, b) => a.minute - b.minute)) {
    const { kind, matchId, generation, campaignId, sendAt, minute, outcome } = call;
    if (kind === "create") {
      known.set(scheduleKey(call), {
        match: matchId,
        generation,
        campaign: campaignId,
        times: [{ at: sendAt, leftAt: null }],
        state: "creating",
        sendAt,
        isMoving: false,
        deletedAt: null,
      });
      continue;
    }
    const schedule = known.get(scheduleKey(call));
    if (schedule === undefined) throw new Error(`Cannot ${kind}: nothing was created`);
    const leave = (isLeft: (at: number) => boolean) => {
      for (const time of schedule.times) if (isLeft(time.at)) time.leftAt ??= minute;
    };
    if (kind === "created") {
      schedule.state = outcome === "succeeded" ? "live" : outcome ?? "creating";
    } else if (kind === "move") {
      schedule.isMoving = true;
      schedule.times.push({ at: sendAt, leftAt: null });
    } else if (kind === "moved" && outcome === "succeeded") {
      Object.assign(schedule, { sendAt, isMoving: false });
      leave((at) => at !== sendAt);
    } else if (kind === "moved" && outcome === "failed") {
      schedule.isMoving = false;
      leave((at) => at === sendAt);
    } else if (kind === "delete") {
      schedule.state = "deleting";
    } else if (kind === "deleted" && outcome === "succeeded") {
      Object.assign(schedule, { state: "deleted", deletedAt: minute });
    } else if (kind === "deleted" && outcome === "refused") {
      schedule.state = "unknown";
    }
  }
  return [...known.values()];
}

function currentOf(schedules: readonly Schedule[], match: number): Schedule | undefined {
  return schedules.filter((one) => one.match === match).sort((a, b) => a.generation - b.generation)
    .at(-1);
}

// The registry.

function lessonsOfAnswer({ kind, outcome, matchId, generation, dispatchId }: CallFact): Lesson[] {
  if (kind !== "created" || outcome !== "succeeded") return [];
  const lesson = { match: matchId, generation };
  return [
    { id: `schedule_id:${scheduleId(matchId, generation)}`, ...lesson },
    ...dispatchId === null ? [] : [{ id: `dispatch_id:${dispatchId}`, ...lesson }],
  ];
}

function lessonsOf(event: EventFact, schedules: readonly Schedule[]): Lesson[] {
  if (isTest(event) || event.campaignId === null || isForeign(event, schedules)) return [];
  const echo = echoOf(event, schedules);
  if (echo === "unknown" || (echo !== null && echo.match !== echo.otherMatch)) return [];
  const own = ownSendIdOf(event);
  if (own !== null && !isKnown(own, schedules)) return [];
  const match = echo?.match ?? own;
  if (match === null || (own !== null && own !== match)) return [];
  const generation = echo?.generation ?? null;
  const isInWindow = schedules.some((one) =>
    one.match === match && one.campaign === event.campaignId &&
    (generation === null || one.generation === generation) && timing(one, event) !== "early" &&
    timing(one, event) !== "late"
  );
  if (!isInWindow) return [];
  return idsOf(event).map((id) => ({ id, match, generation }));
}

/** All ids of Braze that an event carries; a send id in our own form is none of Braze's. */
function idsOf(event: EventFact): string[] {
  return [
    ...event.scheduleId === null ? [] : [`schedule_id:${event.scheduleId}`],
    ...event.sendId === null || ownSendIdOf(event) !== null ? [] : [`send_id:${event.sendId}`],
    ...event.dispatchId === null ? [] : [`dispatch_id:${event.dispatchId}`],
  ];
}

/** `match`: null where the id is ambiguous. */
type Registry = Map<string, { readonly match: number | null; readonly generation: number | null }>;

function registryOf(lessons: readonly Lesson[]): Registry {
  return new Map([...new Set(lessons.map(({ id }) => id))].map((id) => {
    const about = lessons.filter((lesson) => lesson.id === id);
    const match = onlyOf(about.map(({ match }) => match));
    const generation = onlyOf(about.flatMap(({ generation }) => generation ?? []));
    return [id, { match, generation: match === null ? null : generation }];
  }));
}

function onlyOf<T>(values: readonly T[]): T | null {
  const [first, ...others] = new Set(values);
  return first === undefined || others.length > 0 ? null : first;
}

// The verdict.

function verdictOf(
  event: EventFact,
  schedules: readonly Schedule[],
  registry: Registry,
): Verdict {
  if (isTest(event)) return none("test_send");
  if (isForeign(event, schedules)) return none("other_campaign");

  const echo = echoOf(event, schedules);
  const own = ownSendIdOf(event);
  if (echo === "unknown" || (own !== null && !isKnown(own, schedules))) {
    return none("unknown_match");
  }
  const named = (kind: string, value: string | null) => {
    const known = value === null ? undefined : registry.get(`${kind}:${value}`);
    return known === undefined || known.match === null
      ? []
      : [{ method: kind, match: known.match, generation: known.generation }];
  };
  const strong = [
    ...echo === null ? [] : [
      { method: echo.method, match: echo.match, generation: echo.generation },
      { method: "match_id", match: echo.otherMatch, generation: null },
    ],
    ...own === null ? [] : [{ method: "send_id", match: own, generation: null }],
    ...named("schedule_id", event.scheduleId),
    ...own === null ? named("send_id", event.sendId) : [],
  ];
  const [best] = strong;
  if (best !== undefined) {
    const matches = [...new Set(strong.map(({ match }) => match))];
    if (matches.length > 1 || !isOfCampaign(best, event, schedules)) {
      return none("contradiction", matches);
    }
    return tied(best, "high", event, schedules, []);
  }

  const isUnknown = idsOf(event).some((id) => !id.startsWith("dispatch_id") && !registry.has(id));
  if (isUnknown) return none("no_evidence");
  const [lent] = named("dispatch_id", event.dispatchId);
  if (lent !== undefined && isOfCampaign(lent, event, schedules)) {
    const verdict = tied(lent, "high", event, schedules, []);
    if (verdict.timing !== "early" && verdict.timing !== "late") return verdict;
  }
  return byTime(event, schedules);
}

function isTest({ dispatchId }: EventFact): boolean {
  return dispatchId === "dispatch_id_for_unsent_campaign";
}

function isForeign({ canvasId, campaignId }: EventFact, schedules: readonly Schedule[]): boolean {
  return canvasId !== null ||
    (campaignId !== null && campaignId !== CAMPAIGN &&
      !schedules.some(({ campaign }) => campaign === campaignId));
}

function isKnown(match: number, schedules: readonly Schedule[]): boolean {
  return schedules.some((one) => one.match === match);
}

interface Echo {
  readonly method: "ledger_id" | "match_id";
  readonly match: number;
  /** The match of the echoed match id, if there is one beside the ledger id. */
  readonly otherMatch: number;
  readonly generation: number | null;
}

function echoOf(event: EventFact, schedules: readonly Schedule[]): Echo | "unknown" | null {
  const { echoedLedgerId, echoedMatchId, echoedGeneration, echoedAttemptId } = event;
  const values = [echoedLedgerId, echoedMatchId, echoedGeneration, echoedAttemptId];
  if (values.every((value) => value === null)) return null;
  const known = MATCH_IDS.filter((match) => isKnown(match, schedules));
  const byLedger = known.find((match) => ledgerId(match) === echoedLedgerId?.toLowerCase());
  const byMatch = known.find((match) => String(match) === echoedMatchId);
  const match = echoedLedgerId === null ? byMatch : byLedger;
  if (match === undefined || (echoedMatchId !== null && byMatch === undefined)) return "unknown";
  if (echoedGeneration !== null && !/^[1-9]\d*$/.test(echoedGeneration)) return "unknown";
  const generation = echoedGeneration === null ? null : Number(echoedGeneration);
  const isOfAttempt = schedules.some((one) =>
    one.match === match && (generation === null || one.generation === generation) &&
    attemptId(match, one.generation) === echoedAttemptId
  );
  if (echoedAttemptId !== null && !isOfAttempt) return "unknown";
  const method = echoedLedgerId === null ? "match_id" : "ledger_id";
  return { method, match, otherMatch: byMatch ?? match, generation };
}

function ownSendIdOf({ sendId }: EventFact): number | null {
  const [, id] = /^match-([1-9]\d*)(?:-\d+)?$/.exec(sendId ?? "") ?? [];
  return id === undefined ? null : Number(id);
}

interface Named {
  readonly method: string;
  readonly match: number;
  readonly generation: number | null;
}

function isOfCampaign(
  { match, generation }: Named,
  { campaignId }: EventFact,
  schedules: readonly Schedule[],
): boolean {
  if (campaignId === null) return true;
  const ofMatch = schedules.filter((one) => one.match === match);
  const named = ofMatch.filter((one) => one.generation === generation);
  return (named.length > 0 ? named : ofMatch).some(({ campaign }) => campaign === campaignId);
}

// Windows.

function hasSendTime({ timeKind, minute }: EventFact): boolean {
  return timeKind === "send" && minute !== AHEAD;
}

function timing(schedule: Schedule, event: EventFact): string {
  const { times } = schedule;
  const { minute } = event;
  // No send is later than the receipt of its event.
  const latest = minute === AHEAD ? 0 : minute;
  const begun = times.filter(({ at }) => latest >= at - EARLY);
  if (begun.length === 0) return "early";
  const around = begun.filter(({ at }) => latest <= at + WINDOW);
  if (hasSendTime(event)) {
    if (around.length === 0) return "late";
    const isLeft = around.every(({ leftAt }) => leftAt !== null && leftAt <= minute - FREEZE);
    return isLeft ? "moved_away" : "in_window";
  }
  // A time that was left long before it came is no time of a send that was opened or received later.
  if (begun.some(({ at, leftAt }) => leftAt === null || leftAt > at - FREEZE)) return "in_window";
  return around.length > 0 ? "moved_away" : "early";
}

function tied(
  { method, match, generation: named }: Named,
  confidence: "high" | "medium" | "low",
  event: EventFact,
  schedules: readonly Schedule[],
  candidates: readonly number[],
): Verdict {
  const possible = schedules.filter((one) =>
    one.match === match && (named === null || one.generation === named) &&
    (event.campaignId === null || event.campaignId === one.campaign)
  );
  const inWindow = possible.filter((one) => !["early", "late"].includes(timing(one, event)));
  // Braze refused it, or it was deleted long enough before the earliest send that the event may be of.
  const present = inWindow.filter(({ state, deletedAt, times }) => {
    const sentFrom = hasSendTime(event) ? event.minute : Math.min(...times.map(({ at }) => at));
    return state !== "failed" && (deletedAt === null || deletedAt > sentFrom - FREEZE);
  });
  const verdict = { match_id: match, method, confidence, candidates: candidates.toSorted() };
  const at = (generation: number | null, timing: string | null, proves: boolean): Verdict => ({
    ...verdict,
    generation,
    timing,
    proof: proves && confidence !== "low" ? proofOf(event) : null,
  });

  if (possible.length === 0) return at(null, null, false);
  if (inWindow.length === 0) {
    const isEarly = possible.every((one) => timing(one, event) === "early");
    return at(null, isEarly ? "early" : "late", false);
  }
  const only = inWindow.length === 1 ? inWindow : present.length === 1 ? present : [];
  if (only[0] !== undefined) return at(only[0].generation, timing(only[0], event), true);
  const left = present.length > 0 ? present : inWindow;
  const days = new Set(left.map(({ sendAt }) => Math.floor((sendAt + 14 * 60) / (24 * 60))));
  const current = currentOf(schedules, match);
  return at(null, "in_window", days.size === 1 && current !== undefined && left.includes(current));
}

function proofOf({ channel, eventType }: EventFact): string | null {
  if (channel === "push" && ["send", "open"].includes(eventType)) return "push";
  return channel === "webhook" && eventType === "send" ? "webhook" : null;
}

// Time alone.

function byTime(event: EventFact, schedules: readonly Schedule[]): Verdict {
  const isSend = ["push", "webhook"].includes(event.channel) && event.eventType === "send";
  if (!isSend || !hasSendTime(event)) return none("no_evidence");
  const possible = schedules.filter(({ campaign, state }) =>
    state !== "failed" && (event.campaignId === null || event.campaignId === campaign)
  );
  const distance = (one: Schedule) =>
    Math.min(...one.times.map(({ at }) => Math.abs(at - event.minute)));
  const near = MATCH_IDS.map((match) => ({
    match,
    away: Math.min(...possible.filter((one) => one.match === match).map(distance)),
  })).filter(({ away }) => away <= GUARD).sort((a, b) => a.away - b.away || a.match - b.match);
  const [closest, next] = near;
  if (closest === undefined || closest.away > 2) return none("no_candidate");
  const { match, away } = closest;
  if (next !== undefined && isCloser(next.away, away)) {
    const tie = near.filter((one) => isCloser(one.away, away));
    return none("tie", tie.map((one) => one.match));
  }
  const around = possible.filter((one) => one.match === match && distance(one) <= GUARD);
  const isCertain = next === undefined && event.campaignId !== null && !event.hasForeignExtras &&
    around.every((one) =>
      one.state === "live" && !one.isMoving && Math.abs(one.sendAt - event.minute) <= 2
    );
  const [method, confidence] = isCertain
    ? ["time_exact", "medium"] as const
    : ["time_window", "low"] as const;
  const candidates = isCertain ? [] : near.map((one) => one.match);
  return tied({ method, match, generation: null }, confidence, event, schedules, candidates);
}

/** Less than a minute farther away than the closest one. */
function isCloser(away: number, closest: number): boolean {
  return Math.round((away - closest) * 60) < 60;
}

function none(method: string, candidates: readonly number[] = []): Verdict {
  return {
    match_id: null,
    generation: null,
    method,
    confidence: "none",
    timing: null,
    proof: null,
    candidates: candidates.toSorted(),
  };
}
