/**
 * Events in: judged, stored, and what they teach applied to those that came before them.
 *
 * First everything is made durable, then what was stored earlier is looked at again. Whoever commits last sees
 * the other, so of two requests at once, one that teaches an identifier and one that needs it, neither is missed.
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
import type {
  JudgedEvent,
  KeptReject,
  Receipt,
  RegisteredIdentifier,
} from "../_shared/store/events.ts";
import type { LogEntry } from "../_shared/store/alerts_and_logs.ts";
import { DatabaseError } from "../_shared/store/rpc.ts";
import { createReattribute } from "../_shared/function/reattribute.ts";

/** One transaction each: large enough to be cheap, small enough to end well inside 8 s. */
const EVENTS_A_TRANSACTION_MAX = 500;

/** Confidence as it was when the events were stored; what came in later may have settled some since. */
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

interface Taken {
  readonly tally: Tally;
  readonly registered: readonly RegisteredIdentifier[];
  readonly left: readonly ReceivedEvent[];
}

interface Weighed {
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
    const named = await takeNamed(batch, runId);
    const weighed = await weigh(named.left, rejects, runId);
    const newlyKnown = [...named.registered, ...weighed.newlyKnown];
    if (newlyKnown.length > 0) await reattribute(newlyKnown, runId);
    await store.alertsAndLogs.writeLogs(weighed.logs, { functionName, runId }, clock.now());
    return add(named.tally, weighed.tally);
  }

  /** Nearly all events name their match outright, and are stored with a single question. */
  async function takeNamed(batch: readonly ReceivedEvent[], runId: string): Promise<Taken> {
    const { names, named, unnamed } = groupByExplicitIds(batch);
    const nothing = { tally: NOTHING, registered: [], left: batch };
    if (named.length === 0) return nothing;
    try {
      const receipt = await store.events.ingestIdentified({ names, named }, {
        runId,
        now: clock.now(),
      });
      return {
        tally: tallyOf(receipt),
        registered: receipt.registered,
        left: [...receipt.left.flatMap((place) => named[place]?.event ?? []), ...unnamed],
      };
    } catch (error) {
      // Which of them it is shows when they go in one by one.
      if (error instanceof DatabaseError && isAboutTheData(error)) return nothing;
      throw error;
    }
  }

  /** The others are judged by what the database knows around them. */
  async function weigh(
    events: readonly ReceivedEvent[],
    rejects: readonly KeptReject[],
    runId: string,
  ): Promise<Weighed> {
    if (events.length === 0 && rejects.length === 0) {
      return { tally: NOTHING, newlyKnown: [], logs: [] };
    }
    const context = await store.events.context(
      lookupRequestFor(events.map((event) => event.evidence)),
    );
    const judged = events.map((event) => judge(event, context));
    const receipt = await commit(judged, rejects, runId);
    // A repeated request may be here because registering these identifiers failed the first time.
    const again = receipt.duplicates > 0 ? knownIdentifiers(judged, context) : [];
    return {
      tally: tallyOf(receipt),
      newlyKnown: [...receipt.registered, ...again, ...openQuestions(judged)],
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
   * One event that Postgres refuses must not hold up its neighbours for ever, so the batch is halved until it
   * stands alone, and is kept as a reject then.
   */
  async function commit(
    judged: readonly JudgedEvent[],
    rejects: readonly KeptReject[],
    runId: string,
  ): Promise<Receipt> {
    try {
      return await store.events.ingest(judged, rejects, { runId, now: clock.now() });
    } catch (error) {
      if (!(error instanceof DatabaseError) || !isAboutTheData(error) || judged.length === 0) {
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

/** What the batch teaches and the registry knew already, as it knows it. */
function knownIdentifiers(
  judged: readonly JudgedEvent[],
  context: Context,
): RegisteredIdentifier[] {
  const known = new Map<string, RegisteredIdentifier>();
  for (const { kind, value } of judged.flatMap(({ registered }) => registered)) {
    const identifier = context.identifier(kind, value);
    if (identifier === undefined) continue;
    const { ledgerId, ambiguous } = identifier;
    known.set(`${kind}:${value}`, { kind, value, ledger_id: ledgerId, ambiguous });
  }
  return [...known.values()];
}

/** Identifiers that explained nothing when we looked: somebody may have taught them meanwhile. */
function openQuestions(judged: readonly JudgedEvent[]): RegisteredIdentifier[] {
  const open = new Map<string, RegisteredIdentifier>();
  for (const { event: { evidence }, attribution } of judged) {
    if (attribution.confidence === "high" || evidence.isTest) continue;
    for (const { kind, value } of identifiersOf(evidence)) {
      open.set(`${kind}:${value}`, { kind, value, ledger_id: NO_LEDGER, ambiguous: false });
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

/** 22 data, 23 constraints, 54 too complex: repeating it would fail for ever. */
function isAboutTheData({ code }: DatabaseError): boolean {
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
  return {
    ...add(a, b),
    registered: [...a.registered, ...b.registered],
    went_out: [...a.went_out, ...b.went_out],
  };
}
