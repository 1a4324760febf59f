/** What an event states about its origin, and the database facts that correlation compares it with. */
import { ownSendId } from "./own_send_id.ts";

export type Channel = "push" | "webhook" | "email" | "sms" | "in_app" | "content_card" | "other";
export type IdentifierKind = "schedule_id" | "dispatch_id" | "send_id";

/**
 * What `sentAt` is the time of. `send`: the send itself. `occurrence`: something after the send, such as an open, a bounce
 * or an event of unknown kind. `receipt`: the event has no time; it was received then.
 */
export const TIME_KINDS = ["send", "occurrence", "receipt"] as const;
export type TimeKind = (typeof TIME_KINDS)[number];

/** The event type of an event that does not state its kind. It is never a send and proves nothing. */
export const UNKNOWN_KIND = "unknown";
/** Braze sends this dispatch id for previews and test sends. Source: Braze docs, "Dispatch ID behavior". */
export const TEST_DISPATCH_ID = "dispatch_id_for_unsent_campaign";

/** Only what the event itself states, as stored in `notification_sends`. */
export interface Evidence {
  /** `send`, `open`, `bounce`, …, or `unknown`. */
  readonly eventType: string;
  readonly channel: Channel;
  /** Whole seconds of Braze's clock, unless it is the time of receipt. */
  readonly sentAt: Date;
  readonly timeKind: TimeKind;
  readonly receivedAt: Date;
  readonly campaignId: string | null;
  readonly canvasId: string | null;
  /** What the templates echo of our trigger properties, as text, valid or not. Null: the key is absent. */
  readonly echoedLedgerId: string | null;
  readonly echoedMatchId: string | null;
  readonly echoedGeneration: string | null;
  readonly echoedAttemptId: string | null;
  /** The event has message extras, but they are cut off or hold none of our keys. */
  readonly hasForeignExtras: boolean;
  readonly scheduleId: string | null;
  readonly sendId: string | null;
  readonly dispatchId: string | null;
}

export interface ExplicitIdentifier {
  readonly kind: IdentifierKind;
  readonly value: string;
}

export const SCHEDULE_STATES = [
  "creating",
  "live",
  "unknown",
  "failed",
  "deleting",
  "deleted",
  "completed",
] as const;
export type ScheduleState = (typeof SCHEDULE_STATES)[number];

/** A time at which a schedule was, is or may be planned to be sent. */
export interface PlannedTime {
  readonly at: Date;
  /** When a move away from it succeeded. Null: it is current, or the outcome of the move is unknown. */
  readonly leftAt: Date | null;
}

/** One generation: a schedule that was requested from Braze. */
export interface ScheduleFacts {
  readonly generation: number;
  readonly campaignId: string;
  /** Without what events prove of it. */
  readonly state: ScheduleState;
  readonly sendAt: Date;
  /** The other possible send time while the outcome of a move is unknown. */
  readonly movingTo: Date | null;
  readonly deletedAt: Date | null;
  /** From when on the send gate surely shuts it out. Null: it does not, or it is not known. */
  readonly shutOutAt: Date | null;
  /** All times that it ever had, at least one. */
  readonly times: readonly PlannedTime[];
}

export interface LedgerFacts {
  readonly ledgerId: string;
  readonly matchId: number;
  /** 2 and more: a person had the match pushed again. */
  readonly intent: number;
  /** The current generation. */
  readonly generation: number;
  readonly schedules: readonly ScheduleFacts[];
}

export interface IdentifierFacts {
  readonly kind: IdentifierKind;
  readonly value: string;
  readonly ledgerId: string;
  /** Null when it is not known, or when the identifier was seen on several generations. */
  readonly generation: number | null;
  /** Seen on two ledger rows: it is evidence neither for nor against any match. */
  readonly ambiguous: boolean;
}

/** A create call in the journal. */
export interface AttemptFacts {
  readonly attemptId: string;
  readonly ledgerId: string;
  readonly generation: number;
}

/** A schedule in Braze that is not ours. */
export interface UnmanagedFacts {
  readonly campaignId: string;
  readonly sendAt: Date;
}

/** The result of the SQL function `correlation_context`. */
export interface Facts {
  readonly ledgers: readonly LedgerFacts[];
  readonly identifiers: readonly IdentifierFacts[];
  readonly attempts: readonly AttemptFacts[];
  /** The campaigns in question that a schedule of ours ever used. */
  readonly campaignIds: readonly string[];
  readonly unmanaged: readonly UnmanagedFacts[];
}

/** Settings that a verdict depends on. */
export interface Policy {
  /** The campaign that new schedules use. */
  readonly campaignId: string;
  /** A schedule that was moved or deleted this long before its send was surely not sent at that time. */
  readonly freezeMs: number;
  /** How long after its planned time a schedule may still be sending. */
  readonly windowMs: number;
}

/** Look-ups over the facts. */
export interface Context {
  readonly policy: Policy;
  readonly ledgers: readonly LedgerFacts[];
  readonly unmanaged: readonly UnmanagedFacts[];
  readonly ledger: (ledgerId: string) => LedgerFacts | undefined;
  /** Its newest intent. */
  readonly match: (matchId: number) => LedgerFacts | undefined;
  /** The intent that a send id of our own form names; the newest one where it names none. */
  readonly ofSendId: (matchId: number, sendId: string) => LedgerFacts | undefined;
  readonly identifier: (kind: IdentifierKind, value: string) => IdentifierFacts | undefined;
  readonly attempt: (attemptId: string) => AttemptFacts | undefined;
  readonly isOwnCampaign: (campaignId: string) => boolean;
}

export function createContext(facts: Facts, policy: Policy): Context {
  const { ledgers, unmanaged } = facts;
  const byId = new Map(ledgers.map((ledger) => [ledger.ledgerId, ledger]));
  const inOrder = [...ledgers].sort((a, b) => a.intent - b.intent);
  const byMatch = new Map(inOrder.map((ledger) => [ledger.matchId, ledger]));
  const bySendId = new Map(
    inOrder.map((ledger) => [ownSendId(ledger.matchId, ledger.intent), ledger]),
  );
  const identifiers = new Map(facts.identifiers.map((one) => [`${one.kind}:${one.value}`, one]));
  const attempts = new Map(facts.attempts.map((attempt) => [attempt.attemptId, attempt]));
  const campaignIds = new Set([...facts.campaignIds, policy.campaignId]);
  return {
    policy,
    ledgers,
    unmanaged,
    ledger: (ledgerId) => byId.get(ledgerId),
    match: (matchId) => byMatch.get(matchId),
    ofSendId: (matchId, sendId) => bySendId.get(sendId) ?? byMatch.get(matchId),
    identifier: (kind, value) => identifiers.get(`${kind}:${value}`),
    attempt: (attemptId) => attempts.get(attemptId),
    isOwnCampaign: (campaignId) => campaignIds.has(campaignId),
  };
}

export type Confidence = "high" | "medium" | "low" | "none";

export type AttributedMethod =
  | "ledger_id"
  | "match_id"
  | "schedule_id"
  | "dispatch_id"
  | "send_id"
  | "time_exact"
  | "time_window";

/** Why an event is unattributed. */
export type UnattributedMethod =
  | "contradiction"
  | "tie"
  | "no_candidate"
  | "no_evidence"
  | "unknown_match"
  | "other_campaign"
  | "test_send";

/**
 * Where the time of an attributed event lies. `early`, `late`: outside all times of the match. `moved_away`: at a time that
 * the schedule had left, at least the freeze window before. Null: unattributed, or the generation does not exist.
 */
export type Timing = "in_window" | "moved_away" | "early" | "late";

/** `push`: a push was sent or opened. `webhook`: the dispatch ran, which does not prove a push. */
export type Proof = "push" | "webhook";

/** What the stored facts say about an event: a function of them alone, in whatever order they became known. */
export interface Attribution {
  readonly method: AttributedMethod | UnattributedMethod;
  readonly confidence: Confidence;
  readonly matchId: number | null;
  readonly ledgerId: string | null;
  /** Null when the match is known but not which of its schedules. */
  readonly generation: number | null;
  readonly timing: Timing | null;
  /** What the event proves about its generation; about the match alone when `generation` is null. */
  readonly proof: Proof | null;
  /** Event time minus planned send time, milliseconds. */
  readonly timeDiffMs: number | null;
  readonly candidateCount: number;
  /** The possible matches; empty for high and medium confidence. */
  readonly candidateMatchIds: readonly number[];
}
