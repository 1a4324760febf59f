/**
 * Small sets of facts, drawn at random: what was asked of Braze and answered, and what events say. Ids and times collide
 * often.
 *
 * Times are minutes from 14:00. A call to Braze has a fixed time, since its verdicts depend on it; an event has the time
 * that it states and may arrive at any later one.
 */
import fc from "fast-check";
import type {
  Channel,
  TimeKind,
} from "../../../supabase/functions/_shared/attribution/evidence.ts";

export const CAMPAIGN = "campaign-1";
/** Some matches use it; until the first of them does, its events are not ours. */
export const SECOND_CAMPAIGN = "campaign-2";
export const FOREIGN_CAMPAIGN = "campaign-3";
export const MATCH_IDS = [1001, 1002, 1003] as const;
/** No fixture has it. */
export const NO_MATCH_ID = 1009;
const HOUR = 60;

export type Outcome = "succeeded" | "unknown" | "failed" | "refused";

/** A call that changes Braze, or its answer. */
export interface CallFact {
  readonly kind: "create" | "created" | "move" | "moved" | "delete" | "deleted";
  readonly matchId: number;
  readonly generation: number;
  readonly minute: number;
  readonly campaignId: string;
  /** Of a create and of a move. */
  readonly sendAt: number;
  /** Of an answer. */
  readonly outcome: Outcome | null;
  /** Of the answer of a create. */
  readonly dispatchId: string | null;
}

export interface EventFact {
  readonly kind: "event";
  readonly id: string;
  readonly minute: number;
  readonly eventType: string;
  readonly channel: Channel;
  readonly timeKind: TimeKind;
  readonly campaignId: string | null;
  readonly canvasId: string | null;
  readonly echoedLedgerId: string | null;
  readonly echoedMatchId: string | null;
  readonly echoedGeneration: string | null;
  readonly echoedAttemptId: string | null;
  readonly hasForeignExtras: boolean;
  readonly scheduleId: string | null;
  readonly sendId: string | null;
  readonly dispatchId: string | null;
}

export type Fact = CallFact | EventFact;

export function ledgerId(matchId: number): string {
  return `aaaaaaaa-0000-4000-8000-${String(matchId).padStart(12, "0")}`;
}

export function attemptId(matchId: number, generation: number, kind = 0): string {
  return `bbbbbbbb-000${kind}-4000-8000-${String(matchId * 100 + generation).padStart(12, "0")}`;
}

export function scheduleId(matchId: number, generation: number): string {
  return `schedule-${matchId}-${generation}`;
}

/** Received today, dated hours ahead. */
export const AHEAD = 5 * HOUR;
/** More than 24 hours after each send. */
const LONG_AFTER = 26 * HOUR;
const LONG_BEFORE = -282;

const dispatch = fc.constantFrom("dispatch-1", "dispatch-2");
const maybe = <T>(arbitrary: fc.Arbitrary<T>, freq = 2) =>
  fc.option(arbitrary, { nil: null, freq });

/** The steps of one generation, from its create on. `from`: the minute of the create. */
function generation(
  matchId: number,
  number: number,
  from: number,
  sendTime: fc.Arbitrary<number>,
): fc.Arbitrary<CallFact[]> {
  return fc.record({
    sendAt: sendTime,
    campaignId: fc.constantFrom(CAMPAIGN, CAMPAIGN, CAMPAIGN, SECOND_CAMPAIGN),
    dispatchId: maybe(dispatch),
    answerAt: fc.constantFrom(from + 1, from + 1, from + 1, 17),
    outcome: fc.constantFrom("succeeded", "succeeded", "succeeded", "unknown", "failed", null),
    move: maybe(fc.record({
      to: sendTime,
      answerAt: fc.constantFrom(from + 3, from + 3, Math.max(from + 3, 18)),
      outcome: fc.constantFrom("succeeded", "unknown", "failed", null),
    })),
    deletion: fc.option(
      fc.record({
        answerAt: fc.constantFrom(from + 5, Math.max(from + 5, 19)),
        outcome: fc.constantFrom("succeeded", "succeeded", "refused", "failed"),
      }),
      { nil: null, freq: 3 },
    ),
  }).map(({ sendAt, campaignId, dispatchId, answerAt, outcome, move, deletion }) => {
    const common = { matchId, generation: number, campaignId, sendAt, dispatchId: null };
    const steps: CallFact[] = [{ ...common, kind: "create", minute: from, outcome: null }];
    if (outcome !== null) {
      const answered = { ...common, dispatchId: outcome === "succeeded" ? dispatchId : null };
      steps.push({ ...answered, kind: "created", minute: answerAt, outcome: outcome as Outcome });
    }
    if (outcome !== "succeeded" || answerAt !== from + 1) return steps;
    if (move !== null && move.to !== sendAt) {
      const moved = { ...common, sendAt: move.to };
      steps.push({ ...moved, kind: "move", minute: from + 2, outcome: null });
      if (move.outcome !== null) {
        const minute = move.answerAt;
        steps.push({ ...moved, kind: "moved", minute, outcome: move.outcome as Outcome });
      }
      if (move.outcome === null || move.answerAt !== from + 3) return steps;
    }
    if (deletion !== null) {
      steps.push({ ...common, kind: "delete", minute: from + 4, outcome: null });
      const minute = deletion.answerAt;
      steps.push({ ...common, kind: "deleted", minute, outcome: deletion.outcome as Outcome });
    }
    return steps;
  });
}

const nearSends = fc.constantFrom(0, 0, 0, 1, 5, 12, -8);

function matchOf(matchId: number): fc.Arbitrary<CallFact[]> {
  const early = generation(matchId, 1, -480, fc.oneof(nearSends, nearSends, fc.constant(3 * HOUR)));
  return fc.oneof(
    early,
    early,
    // Another generation, when the first is certainly gone.
    fc.tuple(early, generation(matchId, 2, -60, nearSends)).map(([first, second]) =>
      isOver(first) ? [...first, ...second] : first
    ),
    // It appears when its events may be there.
    generation(matchId, 1, 16, fc.constantFrom(0, 0, 5, 25)),
    fc.constant<CallFact[]>([]),
  );
}

function isOver(steps: readonly CallFact[]): boolean {
  const last = steps.at(-1);
  return last !== undefined && last.minute < -60 &&
    ((last.kind === "deleted" && last.outcome === "succeeded") ||
      (last.kind === "created" && last.outcome === "failed"));
}

const NO_ECHO = {
  echoedLedgerId: null,
  echoedMatchId: null,
  echoedGeneration: null,
  echoedAttemptId: null,
  hasForeignExtras: false,
};

const matchId = fc.constantFrom(...MATCH_IDS, MATCH_IDS[0], MATCH_IDS[1]);
const generationNumber = fc.constantFrom(1, 1, 1, 2);

const echo = fc.oneof(
  { weight: 9, arbitrary: fc.constant(NO_ECHO) },
  { weight: 1, arbitrary: fc.constant({ ...NO_ECHO, hasForeignExtras: true }) },
  {
    weight: 8,
    arbitrary: fc.record({
      id: matchId,
      of: generationNumber,
      hasMatch: fc.boolean(),
      attempt: fc.constantFrom("none", "none", "its own", "unknown"),
    }).map(({ id, of, hasMatch, attempt }) => ({
      echoedLedgerId: ledgerId(id),
      echoedMatchId: hasMatch ? String(id) : null,
      echoedGeneration: String(of),
      echoedAttemptId: attempt === "none"
        ? null
        : attemptId(attempt === "its own" ? id : NO_MATCH_ID, of),
      hasForeignExtras: false,
    })),
  },
  {
    weight: 1,
    arbitrary: fc.record({ id: matchId, other: maybe(matchId), of: maybe(generationNumber) })
      .map(({ id, other, of }) => ({
        ...NO_ECHO,
        echoedLedgerId: other === null ? null : ledgerId(other),
        echoedMatchId: String(id),
        echoedGeneration: of === null ? null : String(of),
      })),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<typeof NO_ECHO | Record<string, string>>(
      { echoedMatchId: String(NO_MATCH_ID) },
      { echoedMatchId: "" },
      { echoedMatchId: "1001.0" },
      { echoedMatchId: "01001" },
      { echoedLedgerId: "1001", echoedMatchId: "1001" },
      { echoedLedgerId: ledgerId(1001).toUpperCase() },
      { echoedLedgerId: ledgerId(1002), echoedGeneration: "0" },
      { echoedGeneration: "1" },
      { echoedAttemptId: attemptId(1001, 1) },
    ).map((fields) => ({ ...NO_ECHO, ...fields })),
  },
);

const kindOfEvent = fc.constantFrom(
  ...Array.from({ length: 6 }, () => ["send", "push", "send"] as const),
  ["open", "push", "occurrence"] as const,
  ["bounce", "push", "occurrence"] as const,
  ["abort", "push", "occurrence"] as const,
  ["unknown", "push", "occurrence"] as const,
  ["send", "webhook", "send"] as const,
  ["send", "webhook", "receipt"] as const,
  ["send", "email", "send"] as const,
);

const eventFact = fc.record({
  minute: fc.constantFrom(
    ...[0, 0.4, 0.4, 1, 1.5, 2, 5, 5.5, 11, 12, 15, -3, -9],
    ...[LONG_BEFORE, LONG_AFTER, AHEAD],
  ),
  kind: kindOfEvent,
  campaignId: fc.constantFrom(
    ...Array.from({ length: 12 }, () => CAMPAIGN),
    ...[SECOND_CAMPAIGN, SECOND_CAMPAIGN, FOREIGN_CAMPAIGN, null],
  ),
  canvasId: fc.constantFrom(...Array.from({ length: 30 }, () => null), "canvas-1"),
  echo,
  scheduleId: fc.oneof(
    { weight: 12, arbitrary: fc.constant(null) },
    { weight: 3, arbitrary: fc.tuple(matchId, generationNumber).map(([m, g]) => scheduleId(m, g)) },
    { weight: 1, arbitrary: fc.constant("schedule-x") },
  ),
  sendId: fc.oneof(
    { weight: 12, arbitrary: fc.constant(null) },
    { weight: 3, arbitrary: matchId.map((id) => `match-${id}`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        ...["match-1001-2", `match-${NO_MATCH_ID}`, "match-01001", "match-1001-x"],
        ...["send-1", "send-1", "send-2", "send-2"],
      ),
    },
  ),
  dispatchId: fc.oneof(
    { weight: 12, arbitrary: fc.constant(null) },
    { weight: 12, arbitrary: dispatch },
    { weight: 1, arbitrary: fc.constant("dispatch_id_for_unsent_campaign") },
  ),
}).map(({ kind: [eventType, channel, timeKind], echo, ...fields }) => ({
  kind: "event" as const,
  eventType,
  channel: channel as Channel,
  timeKind: timeKind as TimeKind,
  ...fields,
  ...echo,
}));

/** The facts of one scenario. `events`: how many at most; some of them come twice. */
export function factSets(events: number): fc.Arbitrary<Fact[]> {
  return fc.tuple(
    fc.tuple(...MATCH_IDS.map(matchOf)).map((steps) => steps.flat()),
    fc.array(eventFact, { minLength: 2, maxLength: events }),
    fc.option(fc.nat({ max: events - 1 }), { nil: null }),
  ).map(([steps, drawn, twice]) => {
    const facts = drawn.map((event, index): EventFact => ({ ...event, id: `event-${index + 1}` }));
    const again = twice === null ? undefined : facts[twice];
    return [...steps, ...facts, ...again === undefined ? [] : [again]];
  });
}
