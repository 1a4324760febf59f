/** The evidence in an event, and the database facts that correlation compares it with. */

export type Channel = "push" | "webhook" | "email" | "sms" | "in_app" | "content_card" | "other";
export type IdentifierKind = "schedule_id" | "dispatch_id" | "send_id";

export interface Evidence {
  readonly eventType: string;
  readonly channel: Channel;
  /** Whole seconds of Braze's clock. */
  readonly sentAt: Date;
  /** False when `sentAt` is the receipt time, or the time of an open. */
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

/** The Braze identifiers in an event, strongest first. */
export function identifiersOf(
  evidence: Pick<Evidence, "scheduleId" | "dispatchId" | "sendId">,
): readonly ExplicitIdentifier[] {
  const identifiers: readonly (readonly [IdentifierKind, string | null])[] = [
    ["schedule_id", evidence.scheduleId],
    // Before the dispatch id, which Braze may share with another send.
    ["send_id", evidence.sendId],
    ["dispatch_id", evidence.dispatchId],
  ];
  return identifiers.flatMap(([kind, value]) => value === null ? [] : [{ kind, value }]);
}

/** An explicit id in an event. */
export interface Claim {
  readonly method: "ledger_id" | "match_id" | IdentifierKind;
  readonly value: string;
}

/** All explicit ids in an event, strongest first: echoed ids come before Braze's own. */
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

/** The states of a row of `braze_schedules`. */
export const SCHEDULE_STATES = [
  "creating",
  "live",
  "unknown",
  "failed",
  "deleting",
  "deleted",
  "completed",
] as const;
export type ScheduleState = typeof SCHEDULE_STATES[number];

/** One generation: a schedule that was requested from Braze. */
export interface ScheduleFacts {
  readonly generation: number;
  readonly campaignId: string;
  readonly state: ScheduleState;
  readonly sendAt: Date;
  /** The other possible send time while the outcome of a move is unknown. */
  readonly movingTo: Date | null;
}

export interface LedgerFacts {
  readonly ledgerId: string;
  readonly matchId: number;
  /** The send id that its schedules were created with or first observed with; null when unknown. */
  readonly sendId: string | null;
  readonly schedules: readonly ScheduleFacts[];
}

export interface IdentifierFacts {
  readonly kind: IdentifierKind;
  readonly value: string;
  readonly ledgerId: string;
  /** null when the identifier covers all generations of its match, as our own send ids do. */
  readonly generation: number | null;
  readonly ambiguous: boolean;
}

/** Look-ups over the result of the SQL function `correlation_context`. */
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

/** Why an event is unattributed. */
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
  /** null when the match is known but not which of its schedules. */
  readonly generation: number | null;
  /** Event time minus planned send time, milliseconds. */
  readonly timeDiffMs: number | null;
  readonly candidateCount: number;
  /** The possible matches; empty for high and medium confidence. */
  readonly candidateMatchIds: readonly number[];
  /** Evidence for another match than the chosen one; it is always logged. */
  readonly contradictions: readonly Contradiction[];
}

export interface Contradiction {
  readonly method: AttributedMethod;
  readonly matchId: number;
}
