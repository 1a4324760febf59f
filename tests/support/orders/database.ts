/**
 * Plays facts in a given order on a real database, through the code of the functions, and reads what came out.
 *
 * All plays run in one transaction, each behind a savepoint, so that a play leaves nothing behind and costs no commit.
 */
import type { ReservedSql } from "postgres";
import type { Prng } from "../../../local/lib/prng.ts";
import { createIngest } from "../../../supabase/functions/braze-webhook/ingest.ts";
import type { ReceivedEvent } from "../../../supabase/functions/_shared/events/event.ts";
import type { Dependencies } from "../../../supabase/functions/_shared/function/dependencies.ts";
import { rejudge } from "../../../supabase/functions/_shared/function/rejudge.ts";
import type { Rpc } from "../../../supabase/functions/_shared/store/rpc.ts";
import { createStore } from "../../../supabase/functions/_shared/store/store.ts";
import { snakeCaseName } from "../../../supabase/functions/_shared/text/camel_case.ts";
import type { Sql } from "../database.ts";
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

export const KICK = new Date("2024-12-07T14:00:00Z");
export const POLICY = { freezeMs: 15 * 60_000, sendWindowMs: 24 * 60 * 60_000 };
const RUN_ID = "cccccccc-0000-4000-8000-000000000001";
const LEASE_SECONDS = 10 * 365 * 86_400;

export const timeOf = (minute: number): Date => new Date(KICK.getTime() + minute * 60_000);

type Connection = Sql | ReservedSql;

/** The store's access to the database, without PostgREST between them. */
export function directRpc(sql: Connection): Rpc {
  return {
    async call(name, args, answer) {
      const given = Object.entries(args);
      const list = given.map(([key], index) => `p_${snakeCaseName(key)} => $${index + 1}`);
      const [row] = await sql.unsafe(
        `select public.${name}(${list.join(", ")}) as answer`,
        given.map(([, value]) => typed(value)) as never[],
        { prepare: true },
      );
      return answer.parse(row?.answer);
    },
  };
}

/** The driver takes an array of dates for one date. */
function typed(value: unknown): unknown {
  return Array.isArray(value)
    ? value.map((each) => each instanceof Date ? each.toISOString() : each)
    : value;
}

/** What `createIngest` and `rejudge` need of a function. */
export function dependenciesOn(rpc: Rpc, now: () => Date): Dependencies {
  return {
    functionName: "braze-webhook",
    environment: { brazeCampaignId: CAMPAIGN, ...POLICY, ingestDatabase: null, secrets: [] },
    clock: { now },
    store: createStore(rpc),
  } as unknown as Dependencies;
}

/** Fixtures, a run that holds its lease, and ledger ids that do not depend on chance. */
export async function prepare(sql: Sql): Promise<void> {
  await sql`select private.ensure_partitions(${KICK})`;
  for (const id of MATCH_IDS) {
    await sql`
      insert into public.matches (id, competition, home_team, away_team, kickoff_at)
      values (${id}, 'Premier League', ${`Home ${id}`}, ${`Away ${id}`}, ${timeOf(60)})`;
  }
  await sql`
    insert into public.job_runs (run_id, function_name, caller, dry_run, called_at, started_at, lease_until, outcome)
    values (${RUN_ID}, 'braze-scheduler', 'secret_key', false, ${timeOf(-500)}, ${
    timeOf(-500)
  }, '2034-01-01', 'running')`;
  await sql.unsafe(`
    create function public.set_ledger_id() returns trigger language plpgsql as $$
    begin
      new.id := ('aaaaaaaa-0000-4000-8000-' || lpad(new.match_id::text, 12, '0'))::uuid;
      return new;
    end $$;
    grant execute on function public.set_ledger_id() to service_role;
    create trigger set_ledger_id before insert on public.schedule_ledger
      for each row execute function public.set_ledger_id();`);
}

export class Player {
  #clock = KICK;
  readonly #rpc: Rpc;
  readonly #ingest: ReturnType<typeof createIngest>;
  readonly #dependencies: Dependencies;

  constructor(private readonly sql: ReservedSql) {
    this.#rpc = directRpc(sql);
    this.#dependencies = dependenciesOn(this.#rpc, () => this.#clock);
    this.#ingest = createIngest(this.#dependencies);
  }

  /** Plays `prefix` once and calls `play` after it, which leaves nothing. */
  async inTransaction<T>(prefix: readonly CallFact[], play: () => Promise<T>): Promise<T> {
    await this.sql.unsafe("begin");
    try {
      await this.sql.unsafe("set local role service_role");
      for (const call of prefix) await this.makeCall(call);
      return await play();
    } finally {
      await this.sql.unsafe("rollback");
    }
  }

  /** The outcome, or null where the suite would not have made one of the calls after what it knew then. */
  async play(facts: readonly Fact[], prng: Prng): Promise<Result | null> {
    await this.sql.unsafe("savepoint start");
    try {
      this.#clock = KICK;
      for (const batch of batchesOf(facts, prng)) {
        const [first] = batch;
        if (first === undefined) continue;
        if (first.kind === "event") await this.#receive(batch as EventFact[], prng);
        else await this.makeCall(first);
      }
      await this.#settle();
      return await this.#result();
    } catch (error) {
      if (isRefusal(error)) return null;
      throw error;
    } finally {
      await this.sql.unsafe("rollback to savepoint start");
    }
  }

  async #receive(events: readonly EventFact[], prng: Prng): Promise<void> {
    const ahead = events.filter(({ minute }) => minute === AHEAD);
    const others = events.filter(({ minute }) => minute !== AHEAD);
    for (const { minute } of others) {
      const at = timeOf(minute);
      if (at > this.#clock) this.#clock = at;
    }
    const clock = this.#clock;
    // When an event that is dated ahead was received is a fact, whatever its place in the order.
    if (ahead.length > 0) {
      this.#clock = timeOf(0);
      await this.#store(ahead);
      this.#clock = clock;
    }
    if (others.length > 0) await this.#store(others);
    // A request may die after it stored its events.
    if (prng.chance(0.5)) await rejudge(this.#dependencies, RUN_ID, () => true);
  }

  async #store(events: readonly EventFact[]): Promise<void> {
    const received = events.map((event) => receivedEvent(event, this.#clock));
    await this.#ingest({ events: received, rejects: [] }, null, RUN_ID);
  }

  /** As reconciliation does, until nothing is left. */
  async #settle(): Promise<void> {
    for (let round = 0; round < 10; round++) {
      this.#clock = new Date(Math.max(this.#clock.getTime(), timeOf(30 * 60).getTime()) + 90_000);
      await rejudge(this.#dependencies, RUN_ID, () => true);
      const [left] = await this.sql`select from private.rejudgements limit 1`;
      if (left === undefined) return;
    }
    throw new Error("Cannot judge everything again: facts that changed are left after 10 rounds");
  }

  /** Journals a call, or its answer. */
  async makeCall(fact: CallFact): Promise<void> {
    const { kind, matchId, generation, campaignId, sendAt, outcome, dispatchId } = fact;
    const now = timeOf(fact.minute);
    const call = (name: string, args: Readonly<Record<string, unknown>>) =>
      this.#rpc.call(
        name as never,
        { ...args, now } as never,
        { parse: (x: unknown) => x } as never,
      );
    const lease = { runId: RUN_ID, leaseSeconds: LEASE_SECONDS, reason: "plan" };
    const schedule = { ledgerId: ledgerId(matchId), generation };
    const id = (kind: number) => attemptId(matchId, generation, kind);
    const result = {
      http_status: null,
      detail: null,
      answer: null,
      refused: outcome === "refused",
    };
    const closed = outcome === "refused" ? "failed" : outcome;
    switch (kind) {
      case "create":
        await call("open_create", {
          ...lease,
          attemptId: id(0),
          matchId,
          request: { campaign_id: campaignId, trigger_properties: {} },
          signature: "signature",
          sendAt: timeOf(sendAt),
          expected: { count: 100, min: 60, max: 100, source: "teams" },
          sendId: `match-${matchId}`,
        });
        return;
      case "created": {
        const answer = outcome === "succeeded"
          ? { schedule_id: scheduleId(matchId, generation), dispatch_id: dispatchId }
          : null;
        await call("close_attempt", {
          attemptId: id(0),
          outcome: closed,
          result: { ...result, answer },
        });
        return;
      }
      case "move":
        await call("open_update", {
          ...{ ...lease, ...schedule },
          attemptId: id(1),
          sendAt: timeOf(sendAt),
          request: { schedule: { time: timeOf(sendAt) } },
        });
        return;
      case "moved":
        await call("close_attempt", { attemptId: id(1), outcome: closed, result });
        return;
      case "delete": {
        const cancelled = await call("cancel_ledger", {
          ...schedule,
          cancelReason: "plan",
          note: null,
        });
        if (!cancelled) throw Object.assign(new Error("It is sent"), { code: "PT409" });
        await call("open_delete", { ...lease, ...schedule, attemptId: id(2), request: {} });
        return;
      }
      case "deleted":
        await call("close_attempt", { attemptId: id(2), outcome: closed, result });
        return;
    }
  }

  async #result(): Promise<Result> {
    const events = await this.sql<EventRow[]>`
      select event_id, match_id::int, ledger_id, generation, correlation_method, confidence, timing, proof,
        candidate_match_ids::int[]
      from public.notification_sends`;
    const identifiers = await this.sql<IdentifierRow[]>`
      select kind, value, ambiguous, ledger_id, generation from public.schedule_identifiers`;
    const ledgers = await this.sql<LedgerRow[]>`
      select match_id::int, generation, status::text, sent_evidence, cancel_reason from public.schedule_ledger`;
    const schedules = await this.sql<ScheduleRow[]>`
      select ledger_id, generation, state, state_before_proof, first_event_at is not null as is_proven
      from public.braze_schedules`;
    return {
      events: keyed(events, (row) => row.event_id, (row) => ({
        match_id: row.match_id,
        ledger_id: row.ledger_id,
        generation: row.generation,
        method: row.correlation_method,
        confidence: row.confidence,
        timing: row.timing,
        proof: row.proof,
        candidates: row.candidate_match_ids?.toSorted() ?? [],
      })),
      identifiers: keyed(identifiers, (row) => `${row.kind}:${row.value}`, (row) => ({
        ambiguous: row.ambiguous,
        ledger_id: row.ambiguous ? null : row.ledger_id,
        generation: row.ambiguous ? null : row.generation,
      })),
      ledgers: keyed(ledgers, (row) => String(row.match_id), (row) => ({
        generation: row.generation,
        status: row.status,
        sent_evidence: row.sent_evidence,
        cancel_reason: row.cancel_reason,
      })),
      schedules: keyed(schedules, (row) => `${row.ledger_id}:${row.generation}`, (row) => ({
        state: row.state,
        state_before_proof: row.state_before_proof,
        is_proven: row.is_proven,
      })),
    };
  }
}

interface EventRow extends VerdictResult {
  readonly event_id: string;
  readonly correlation_method: string;
  readonly candidate_match_ids: number[] | null;
}
interface IdentifierRow extends IdentifierResult {
  readonly kind: string;
  readonly value: string;
}
interface LedgerRow extends LedgerResult {
  readonly match_id: number;
}
interface ScheduleRow extends ScheduleResult {
  readonly ledger_id: string;
  readonly generation: number;
}

export interface VerdictResult {
  readonly match_id: number | null;
  readonly ledger_id: string | null;
  readonly generation: number | null;
  readonly method: string;
  readonly confidence: string;
  readonly timing: string | null;
  readonly proof: string | null;
  readonly candidates: readonly number[];
}
export interface IdentifierResult {
  readonly ambiguous: boolean;
  readonly ledger_id: string | null;
  readonly generation: number | null;
}
export interface LedgerResult {
  readonly generation: number;
  readonly status: string;
  readonly sent_evidence: string | null;
  readonly cancel_reason: string | null;
}
export interface ScheduleResult {
  readonly state: string;
  readonly state_before_proof: string | null;
  readonly is_proven: boolean;
}

/** What every order of the same facts must end in. */
export interface Result {
  readonly events: Readonly<Record<string, VerdictResult>>;
  readonly identifiers: Readonly<Record<string, IdentifierResult>>;
  readonly ledgers: Readonly<Record<string, LedgerResult>>;
  readonly schedules: Readonly<Record<string, ScheduleResult>>;
}

function keyed<Row, Value>(
  rows: readonly Row[],
  key: (row: Row) => string,
  value: (row: Row) => Value,
): Record<string, Value> {
  return Object.fromEntries(rows.map((row) => [key(row), value(row)] as const).toSorted());
}

/** Neighbouring events come in one request, or each in one of its own. */
function batchesOf(facts: readonly Fact[], prng: Prng): Fact[][] {
  const batches: Fact[][] = [];
  for (const fact of facts) {
    const last = batches.at(-1);
    // With an event of a later time, one that is dated ahead would no longer be so.
    const joins = fact.kind === "event" && last?.[0]?.kind === "event" &&
      !(fact.minute > AHEAD && last.some((other) => other.minute === AHEAD)) && prng.chance(0.4);
    if (joins) last?.push(fact);
    else batches.push([fact]);
  }
  return batches;
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "PT409";
}

export function receivedEvent(fact: EventFact, receivedAt: Date): ReceivedEvent {
  const { id, minute, kind: _, ...evidence } = fact;
  return {
    eventId: id,
    claim: null,
    externalUserId: `user-${id}`,
    brazeUserId: null,
    deviceId: null,
    payload: new TextEncoder().encode(JSON.stringify({ id })),
    body: new Uint8Array(),
    evidence: { ...evidence, sentAt: timeOf(minute), receivedAt },
  };
}
