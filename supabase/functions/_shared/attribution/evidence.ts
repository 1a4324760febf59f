/** What an event says of its origin, and what the database knows that could explain it. */

export type Channel = "push" | "webhook" | "email" | "sms" | "in_app" | "content_card" | "other";
export type IdentifierKind = "schedule_id" | "dispatch_id" | "send_id";

export interface Evidence {
  readonly eventType: string;
  readonly channel: Channel;
  /** Braze's clock, whole seconds. */
  readonly sentAt: Date;
  /** False where `sentAt` is only when the event first reached us, or when a person opened a push. */
  readonly timeIsSendTime: boolean;
  readonly isTest: boolean;
  readonly campaignId: string | null;
  readonly ledgerId: string | null;
  readonly matchId: number | null;
  readonly generation: number | null;
  readonly scheduleId: string | null;
  readonly dispatchId: string | null;
  readonly sendId: string | null;
}

/** What an event names outright, strongest first. */
export function identifiersOf(
  evidence: Pick<Evidence, "scheduleId" | "dispatchId" | "sendId">,
): readonly ExplicitIdentifier[] {
  const named: readonly (readonly [IdentifierKind, string | null])[] = [
    ["schedule_id", evidence.scheduleId],
    // Before the dispatch id, which Braze may lend to users of another send.
    ["send_id", evidence.sendId],
    ["dispatch_id", evidence.dispatchId],
  ];
  return named.flatMap(([kind, value]) => value === null ? [] : [{ kind, value }]);
}

/** A match that an event names, and by what. */
export interface Claim {
  readonly method: "ledger_id" | "match_id" | IdentifierKind;
  readonly value: string;
}

/** Everything that an event names outright, strongest first: what was echoed comes before Braze's own ids. */
export function claimsOf(evidence: Evidence): readonly Claim[] {
  const { ledgerId, matchId } = evidence;
  return [
    ...ledgerId === null ? [] : [{ method: "ledger_id" as const, value: ledgerId }],
    ...matchId === null ? [] : [{ method: "match_id" as const, value: String(matchId) }],
    ...identifiersOf(evidence).map(({ kind, value }) => ({ method: kind, value })),
  ];
}

export interface ExplicitIdentifier {
  readonly kind: IdentifierKind;
  readonly value: string;
}

export type ScheduleState =
  | "creating"
  | "live"
  | "unknown"
  | "failed"
  | "deleting"
  | "deleted"
  | "completed";

/** One generation: a schedule that Braze was asked for. */
export interface ScheduleFacts {
  readonly generation: number;
  readonly campaignId: string;
  readonly state: ScheduleState;
  readonly sendAt: Date;
  /** The other time at which it may go out, while the outcome of a move is unknown. */
  readonly movingTo: Date | null;
}

export interface LedgerFacts {
  readonly ledgerId: string;
  readonly matchId: number;
  /** What all its schedules were made with, or were seen with first; null where none is known. */
  readonly sendId: string | null;
  readonly schedules: readonly ScheduleFacts[];
}

export interface IdentifierFacts {
  readonly kind: IdentifierKind;
  readonly value: string;
  readonly ledgerId: string;
  /** null where the identifier spans the generations of its match, as our own send ids do. */
  readonly generation: number | null;
  readonly ambiguous: boolean;
}

/** Look-ups over what `correlation_context` answered. */
export interface Context {
  readonly ledgers: readonly LedgerFacts[];
  readonly ledger: (ledgerId: string) => LedgerFacts | undefined;
  readonly match: (matchId: number) => LedgerFacts | undefined;
  readonly identifier: (kind: IdentifierKind, value: string) => IdentifierFacts | undefined;
}

export function createContext(
  ledgers: readonly LedgerFacts[],
  identifiers: readonly IdentifierFacts[],
): Context {
  const byId = new Map(ledgers.map((ledger) => [ledger.ledgerId, ledger]));
  const byMatch = new Map(ledgers.map((ledger) => [ledger.matchId, ledger]));
  const byIdentifier = new Map(
    identifiers.map((identifier) => [`${identifier.kind}:${identifier.value}`, identifier]),
  );
  return {
    ledgers,
    ledger: (ledgerId) => byId.get(ledgerId),
    match: (matchId) => byMatch.get(matchId),
    identifier: (kind, value) => byIdentifier.get(`${kind}:${value}`),
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

/** Why an event is tied to no match. */
export type UnattributedMethod =
  | "tie"
  | "no_candidate"
  | "no_evidence"
  | "unknown_match"
  | "other_campaign"
  | "test_send";

export interface Attribution {
  readonly method: AttributedMethod | UnattributedMethod;
  readonly confidence: Confidence;
  readonly matchId: number | null;
  readonly ledgerId: string | null;
  /** null where the match is known and which of its schedules it was is not. */
  readonly generation: number | null;
  /** Event time minus planned send time, milliseconds. */
  readonly timeDiffMs: number | null;
  readonly candidateCount: number;
  /** The matches it could belong to; empty where high or medium confidence has settled it. */
  readonly candidateMatchIds: readonly number[];
  /** Evidence that names another match than the one chosen: never resolved silently. */
  readonly contradictions: readonly Contradiction[];
}

export interface Contradiction {
  readonly method: AttributedMethod;
  readonly matchId: number;
}
