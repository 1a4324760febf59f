/**
 * Attributes and stores events, then reattributes earlier events with the newly known identifiers.
 *
 * The batch is committed before earlier events are reattributed. Of two concurrent requests, one that registers an
 * identifier and one that needs it, the later commit sees the earlier one, so the event is always reattributed.
 */
import { chunk } from "./chunk.ts";
import { correlate } from "../_shared/attribution/correlate.ts";
import { type Context, identifiersOf } from "../_shared/attribution/evidence.ts";
import { identifiersToRegister, proofOf } from "../_shared/attribution/identifiers_to_register.ts";
import { lookupRequestFor } from "../_shared/attribution/lookup_request.ts";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import type { ReceivedEvent } from "../_shared/events/event.ts";
import { groupByExplicitIds } from "../_shared/attribution/explicit_ids.ts";
import type { ReadBody } from "../_shared/events/read_body.ts";
import type { RegisteredIdentifier } from "../_shared/store/columns.ts";
import type { JudgedEvent, KeptReject, Receipt } from "../_shared/store/events.ts";
import type { LogEntry } from "../_shared/store/alerts_and_logs.ts";
import { DatabaseError } from "../_shared/store/rpc.ts";
import { createReattribute } from "../_shared/function/reattribute.ts";

/** Events per transaction: large enough to be cheap, small enough for the 8 s statement time-out. */
const EVENTS_A_TRANSACTION_MAX = 500;

/** Counts at the time of storage; later identifiers may reattribute some of the events. */
export interface Tally {
  readonly received: number;
  readonly recorded: number;
  readonly duplicates: number;
  readonly rejected: number;
  readonly high: number;
  readonly medium: number;
  readonly low: number;
  readonly unattributed: number;
}

const NOTHING: Tally = {
  received: 0,
  recorded: 0,
  duplicates: 0,
  rejected: 0,
  high: 0,
  medium: 0,
  low: 0,
  unattributed: 0,
};

interface IdentifiedResult {
  readonly tally: Tally;
  readonly registered: readonly RegisteredIdentifier[];
  readonly remaining: readonly ReceivedEvent[];
}

interface CorrelatedResult {
  readonly tally: Tally;
  readonly newlyKnown: readonly RegisteredIdentifier[];
  readonly logs: readonly LogEntry[];
}

export function createIngest(dependencies: Dependencies) {
  const { store, clock, environment, functionName } = dependencies;
  const campaignIds = [environment.brazeCampaignId];
  const reattribute = createReattribute(dependencies);

  return async function ingest(
    read: ReadBody,
    contentType: string | null,
    runId: string,
  ): Promise<Tally> {
    const rejects = read.rejects.map((reject) => ({ ...reject, contentType }));
    const batches = chunk(read.events, EVENTS_A_TRANSACTION_MAX);
    const rejectBatches = chunk(rejects, EVENTS_A_TRANSACTION_MAX);

    let tally = NOTHING;
    for (let index = 0; index < Math.max(batches.length, rejectBatches.length); index++) {
      const batch = await ingestBatch(batches[index] ?? [], rejectBatches[index] ?? [], runId);
      tally = add(tally, batch);
    }
    return tally;
  };

  async function ingestBatch(
    batch: readonly ReceivedEvent[],
    rejects: readonly KeptReject[],
    runId: string,
  ): Promise<Tally> {
    const identified = await ingestIdentified(batch, runId);
    const correlated = await ingestCorrelated(identified.remaining, rejects, runId);
    const newlyKnown = [...identified.registered, ...correlated.newlyKnown];
    if (newlyKnown.length > 0) await reattribute(newlyKnown, runId);
    await store.alertsAndLogs.writeLogs(correlated.logs, { functionName, runId }, clock.now());
    return add(identified.tally, correlated.tally);
  }

  /** Nearly all events carry explicit ids, so one database call attributes and stores them. */
  async function ingestIdentified(
    batch: readonly ReceivedEvent[],
    runId: string,
  ): Promise<IdentifiedResult> {
    const { names, named, unnamed } = groupByExplicitIds(batch);
    const nothing = { tally: NOTHING, registered: [], remaining: batch };
    if (named.length === 0) return nothing;
    try {
      const receipt = await store.events.ingestIdentified({ names, named }, {
        runId,
        now: clock.now(),
      });
      return {
        tally: tallyOf(receipt),
        registered: receipt.registered,
        remaining: [...receipt.left.flatMap((place) => named[place]?.event ?? []), ...unnamed],
      };
    } catch (error) {
      // Postgres refuses the batch because of one event; the second path isolates it.
      if (error instanceof DatabaseError && isDataError(error)) return nothing;
      throw error;
    }
  }

  /** Attributes the other events with correlate(), from the facts that the database holds about them. */
  async function ingestCorrelated(
    events: readonly ReceivedEvent[],
    rejects: readonly KeptReject[],
    runId: string,
  ): Promise<CorrelatedResult> {
    if (events.length === 0 && rejects.length === 0) {
      return { tally: NOTHING, newlyKnown: [], logs: [] };
    }
    const context = await store.events.context(
      lookupRequestFor(events.map((event) => event.evidence)),
    );
    const judged = events.map((event) => judge(event, context));
    const receipt = await commit(judged, rejects, runId);
    // A retry may follow a failed reattribution, so the identifiers of duplicates count as newly known again.
    const repeated = receipt.duplicates > 0 ? knownIdentifiers(judged, context) : [];
    return {
      tally: tallyOf(receipt),
      newlyKnown: [...receipt.registered, ...repeated, ...unresolvedIdentifiers(judged)],
      logs: judged.flatMap(contradictionLog),
    };
  }

  function judge(event: ReceivedEvent, context: Context): JudgedEvent {
    const attribution = correlate(event.evidence, context, campaignIds);
    return {
      event,
      attribution,
      registered: identifiersToRegister(event.evidence, attribution),
      proof: proofOf(event.evidence, attribution),
    };
  }

  /**
   * Isolates an event that Postgres refuses: the batch is halved until the event is alone, then stored as a reject.
   */
  async function commit(
    judged: readonly JudgedEvent[],
    rejects: readonly KeptReject[],
    runId: string,
  ): Promise<Receipt> {
    try {
      return await store.events.ingest(judged, rejects, { runId, now: clock.now() });
    } catch (error) {
      if (!(error instanceof DatabaseError) || !isDataError(error) || judged.length === 0) {
        throw error;
      }
      const [only] = judged;
      if (judged.length === 1 && only !== undefined) {
        const { body } = only.event;
        const reject = { body, reason: error.message, contentType: "application/json" };
        return await store.events.ingest([], [...rejects, reject], { runId, now: clock.now() });
      }
      const half = Math.ceil(judged.length / 2);
      return join(
        await commit(judged.slice(0, half), rejects, runId),
        await commit(judged.slice(half), [], runId),
      );
    }
  }
}

/** The identifiers of the batch that are already registered, with their registered ledger row. */
function knownIdentifiers(
  judged: readonly JudgedEvent[],
  context: Context,
): RegisteredIdentifier[] {
  const known = new Map<string, RegisteredIdentifier>();
  for (const { kind, value } of judged.flatMap(({ registered }) => registered)) {
    const identifier = context.identifier(kind, value);
    if (identifier === undefined) continue;
    const { ledgerId, ambiguous } = identifier;
    known.set(`${kind}:${value}`, { kind, value, ledgerId, ambiguous });
  }
  return [...known.values()];
}

/** Identifiers without a ledger row at look-up time: a concurrent request may have registered them since. */
function unresolvedIdentifiers(judged: readonly JudgedEvent[]): RegisteredIdentifier[] {
  const open = new Map<string, RegisteredIdentifier>();
  for (const { event: { evidence }, attribution } of judged) {
    if (attribution.confidence === "high" || evidence.isTest) continue;
    for (const { kind, value } of identifiersOf(evidence)) {
      open.set(`${kind}:${value}`, { kind, value, ledgerId: NO_LEDGER, ambiguous: false });
    }
  }
  return [...open.values()];
}

const NO_LEDGER = "00000000-0000-0000-0000-000000000000";

function contradictionLog({ event, attribution }: JudgedEvent): LogEntry[] {
  if (attribution.contradictions.length === 0) return [];
  return [{
    action: "contradicting_evidence",
    reason: `${attribution.method} says match ${attribution.matchId}, ` +
      attribution.contradictions.map((other) => `${other.method} says ${other.matchId}`).join(", "),
    matchId: attribution.matchId,
    details: { event_id: event.eventId, contradictions: attribution.contradictions },
  }];
}

/** SQLSTATE classes 22 (data), 23 (constraint), 54 (limit exceeded): a retry fails in the same way. */
function isDataError({ code }: DatabaseError): boolean {
  return /^(?:22|23|54)/.test(code);
}

function tallyOf(receipt: Receipt): Tally {
  const { received, recorded, duplicates, rejected, high, medium, low, unattributed } = receipt;
  return { received, recorded, duplicates, rejected, high, medium, low, unattributed };
}

function add(a: Tally, b: Tally): Tally {
  return {
    received: a.received + b.received,
    recorded: a.recorded + b.recorded,
    duplicates: a.duplicates + b.duplicates,
    rejected: a.rejected + b.rejected,
    high: a.high + b.high,
    medium: a.medium + b.medium,
    low: a.low + b.low,
    unattributed: a.unattributed + b.unattributed,
  };
}

function join(a: Receipt, b: Receipt): Receipt {
  return { ...add(a, b), registered: [...a.registered, ...b.registered] };
}
