/**
 * Attributes and stores events, then judges earlier events again that depend on what became known.
 *
 * What changed is stored with the events, so it is judged again even if this request dies after its commit.
 */
import { differenceInMilliseconds } from "date-fns";
import { chunk } from "./chunk.ts";
import { correlate } from "../_shared/attribution/correlate.ts";
import { type Context, createContext } from "../_shared/attribution/evidence.ts";
import { isIdentifiable } from "../_shared/attribution/identified.ts";
import { identifiersToRegister } from "../_shared/attribution/identifiers_to_register.ts";
import { lookupRequestFor } from "../_shared/attribution/lookup_request.ts";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import { FACTS_AGE_MS_MAX, policyOf } from "../_shared/function/rejudge.ts";
import type { ReceivedEvent } from "../_shared/events/event.ts";
import type { ReadBody } from "../_shared/events/read_body.ts";
import type { JudgedEvent, KeptReject } from "../_shared/store/events.ts";
import { DatabaseError } from "../_shared/store/rpc.ts";
import {
  createIngestIdentified,
  EVENTS_A_TRANSACTION_MAX,
  type Identified,
} from "./ingest_identified.ts";

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

export interface Ingested extends Tally {
  /** Identifiers that became known or changed. */
  readonly registered: number;
}

const NOTHING: Ingested = {
  received: 0,
  recorded: 0,
  duplicates: 0,
  rejected: 0,
  high: 0,
  medium: 0,
  low: 0,
  unattributed: 0,
  registered: 0,
};

const NOTHING_IDENTIFIED: Identified = { recorded: 0, duplicates: 0, registered: 0, left: [] };

export type Ingest = ReturnType<typeof createIngest>;

export function createIngest(dependencies: Dependencies) {
  const { store, clock } = dependencies;
  const policy = policyOf(dependencies);
  const ingestIdentified = createIngestIdentified(dependencies);

  return async function ingest(
    read: ReadBody,
    contentType: string | null,
    runId: string,
  ): Promise<Ingested> {
    const rejects = read.rejects.map((reject) => ({ ...reject, contentType }));
    const batches = chunk(read.events, EVENTS_A_TRANSACTION_MAX);
    const rejectBatches = chunk(rejects, EVENTS_A_TRANSACTION_MAX);

    let ingested = NOTHING;
    for (let index = 0; index < Math.max(batches.length, rejectBatches.length); index++) {
      const batch = await ingestBatch(batches[index] ?? [], rejectBatches[index] ?? [], runId);
      ingested = add(ingested, batch);
    }
    return ingested;
  };

  async function ingestBatch(
    batch: readonly ReceivedEvent[],
    rejects: readonly KeptReject[],
    runId: string,
  ): Promise<Ingested> {
    const identifiable = batch.filter(({ evidence }) => isIdentifiable(evidence));
    const { recorded, duplicates, registered, left } = identifiable.length === 0
      ? NOTHING_IDENTIFIED
      : await ingestIdentified({ events: identifiable, runId });
    const others = batch.filter(({ evidence }) => !isIdentifiable(evidence));
    const correlated = await ingestCorrelated([...left, ...others], rejects, runId);
    const received = recorded + duplicates;
    return add(
      { ...NOTHING, received, recorded, duplicates, high: recorded, registered },
      correlated,
    );
  }

  /** Attributes the other events with correlate(), from the facts that the database holds about them. */
  async function ingestCorrelated(
    events: readonly ReceivedEvent[],
    rejects: readonly KeptReject[],
    runId: string,
  ): Promise<Ingested> {
    if (events.length === 0 && rejects.length === 0) return NOTHING;
    const request = lookupRequestFor(events.map((event) => event.evidence));
    const readAt = clock.now();
    const context = createContext(await store.events.facts(request), policy);
    // What changes from now on is judged again for a minute, so the facts must not be older.
    if (differenceInMilliseconds(clock.now(), readAt) > FACTS_AGE_MS_MAX) {
      return await ingestCorrelated(events, rejects, runId);
    }
    return await commit(events.map((event) => judge(event, context)), rejects, runId);
  }

  function judge(event: ReceivedEvent, context: Context): JudgedEvent {
    return {
      event,
      attribution: correlate(event.evidence, context),
      registered: identifiersToRegister(event.evidence, context),
    };
  }

  /**
   * Isolates an event that Postgres refuses: the batch is halved until the event is alone, then stored as a reject.
   */
  async function commit(
    judged: readonly JudgedEvent[],
    rejects: readonly KeptReject[],
    runId: string,
  ): Promise<Ingested> {
    try {
      return await store.events.ingest(judged, rejects, { runId, now: clock.now() });
    } catch (error) {
      if (!(error instanceof DatabaseError) || !error.isOfData || judged.length === 0) {
        throw error;
      }
      const [only] = judged;
      if (judged.length === 1 && only !== undefined) {
        const { body } = only.event;
        const reject = { body, reason: error.message, contentType: "application/json" };
        return await store.events.ingest([], [...rejects, reject], { runId, now: clock.now() });
      }
      const half = Math.ceil(judged.length / 2);
      return add(
        await commit(judged.slice(0, half), rejects, runId),
        await commit(judged.slice(half), [], runId),
      );
    }
  }
}

function add(a: Ingested, b: Ingested): Ingested {
  return {
    received: a.received + b.received,
    recorded: a.recorded + b.recorded,
    duplicates: a.duplicates + b.duplicates,
    rejected: a.rejected + b.rejected,
    high: a.high + b.high,
    medium: a.medium + b.medium,
    low: a.low + b.low,
    unattributed: a.unattributed + b.unattributed,
    registered: a.registered + b.registered,
  };
}
