/**
 * The shortcut in SQL gives the verdict of the correlation module, with the same identifiers and proofs, or leaves the event
 * to it unstored. Ledgers and events are random, with many identifiers in common.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { addHours, addMinutes } from "date-fns";
import fc from "fast-check";
import type { z } from "zod";
import { correlate } from "../../supabase/functions/_shared/attribution/correlate.ts";
import {
  createContext,
  type Evidence,
  type Facts,
} from "../../supabase/functions/_shared/attribution/evidence.ts";
import {
  asColumns,
  isIdentifiable,
} from "../../supabase/functions/_shared/attribution/identified.ts";
import { identifiersToRegister } from "../../supabase/functions/_shared/attribution/identifiers_to_register.ts";
import { lookupRequestFor } from "../../supabase/functions/_shared/attribution/lookup_request.ts";
import type { ReceivedEvent } from "../../supabase/functions/_shared/events/event.ts";
import {
  createEvents,
  IdentifiedReceipt,
  ingestArguments,
} from "../../supabase/functions/_shared/store/events.ts";
import type { Rpc } from "../../supabase/functions/_shared/store/rpc.ts";
import { snakeCaseName } from "../../supabase/functions/_shared/text/camel_case.ts";
import { attemptIdOf, evidences, worlds } from "../support/correlation_worlds.ts";
import {
  at,
  CAMPAIGN,
  evidence,
  identifier,
  ledger,
  ledgerIdOf,
  NO_FACTS,
  OTHER_CAMPAIGN,
  POLICY,
  schedule,
} from "../support/facts.ts";
import { NOW, only, type Sql, startRun, type Suite, withSuite } from "./fixtures.ts";

const WORLDS = 30;
const EVENTS_A_WORLD = 25;
/** After all times of the worlds, and before the jobs of the next day. */
const RECEIVED = { runId: crypto.randomUUID(), now: at("15:00:00") };

/** Calls the functions in the transaction `tx`. */
function eventsIn(tx: Sql) {
  const rpc: Pick<Rpc, "call"> = {
    async call<T>(name: string, args: object, answer: z.ZodType<T>): Promise<T> {
      // A Date is text, as in the JSON that a function receives from PostgREST.
      const named = Object.entries(JSON.parse(JSON.stringify(args)));
      const list = named.map(([key], index) => `p_${snakeCaseName(key)} => $${index + 1}`);
      const rows = await tx.unsafe<{ answer: unknown }[]>(
        `select public.${name}(${list.join(", ")}) as answer`,
        named.map(([, value]) => value) as never[],
      );
      return answer.parse(JSON.parse(JSON.stringify(only(rows).answer)));
    },
  };
  return createEvents(rpc as Rpc);
}

/** Replaces the ledger of the database by this one. */
async function build({ sql }: Suite, runId: string, facts: Facts): Promise<void> {
  await sql.unsafe(
    "truncate public.matches, public.schedule_ledger, public.braze_schedules, public.schedule_identifiers, " +
      "public.schedule_attempts, private.schedule_times, private.unmanaged_schedules, private.rejudgements cascade",
  );
  for (const { ledgerId, matchId, generation, schedules } of facts.ledgers) {
    await sql`
      insert into public.matches (id, competition, home_team, away_team, kickoff_at)
      values (${matchId}, 'League', 'Home', 'Away', ${NOW})`;
    await sql`
      insert into public.schedule_ledger
        (id, match_id, campaign_id, generation, signature, send_at_utc, created_at, updated_at)
      values (${ledgerId}, ${matchId}, ${CAMPAIGN}, ${generation}, 's', ${NOW}, ${NOW}, ${NOW})`;
    for (const one of schedules) {
      await sql`
        insert into public.braze_schedules (ledger_id, generation, campaign_id, braze_schedule_id, send_at_utc,
          moving_to_utc, state, deleted_at, created_at, updated_at)
        values (${ledgerId}, ${one.generation}, ${one.campaignId}, ${`${matchId}/${one.generation}`}, ${one.sendAt},
          ${one.movingTo}, ${one.state}, ${one.deletedAt}, ${NOW}, ${NOW})`;
      for (const { at, leftAt } of one.times) {
        await sql`
          insert into private.schedule_times (ledger_id, generation, send_at_utc, left_at)
          values (${ledgerId}, ${one.generation}, ${at}, ${leftAt})
          on conflict do nothing`;
      }
    }
  }
  for (const { kind, value, ledgerId, generation, ambiguous } of facts.identifiers) {
    await sql`
      insert into public.schedule_identifiers (kind, value, ledger_id, generation, ambiguous, source, first_seen_at)
      values (${kind}, ${value}, ${ledgerId}, ${generation}, ${ambiguous}, 'create', ${NOW})`;
  }
  for (const { attemptId, ledgerId, generation } of facts.attempts) {
    await sql`
      insert into public.schedule_attempts
        (id, run_id, kind, reason, ledger_id, generation, request, opened_at, closed_at, outcome)
      values (${attemptId}, ${runId}, 'create', 'plan', ${ledgerId}, ${generation}, '{}', ${NOW}, ${NOW}, 'succeeded')`;
  }
  for (const [index, { campaignId, sendAt }] of facts.unmanaged.entries()) {
    await sql`
      insert into private.unmanaged_schedules (braze_schedule_id, campaign_id, send_at_utc, first_seen_at, last_seen_at)
      values (${`unmanaged-${index}`}, ${campaignId}, ${sendAt}, ${NOW}, ${NOW})`;
  }
}

function received(evidence: Evidence, index = 0): ReceivedEvent {
  return {
    eventId: `event-${index}`,
    claim: null,
    externalUserId: "user-1",
    brazeUserId: null,
    deviceId: "device-1",
    evidence,
    payload: new TextEncoder().encode(JSON.stringify({ id: `event-${index}` })),
    body: new Uint8Array(),
  };
}

/** Every second event echoes a schedule of the world, with all else as it was drawn. */
function ofTheWorld(world: Facts, drawn: readonly Evidence[]): Evidence[] {
  return drawn.map((one, index) => {
    if (index % 2 === 0) return one;
    const { ledgerId, matchId, schedules } = world.ledgers[index % world.ledgers.length]!;
    const { generation, campaignId } = schedules[index % schedules.length]!;
    return {
      ...one,
      campaignId,
      canvasId: null,
      echoedLedgerId: ledgerId,
      echoedMatchId: one.echoedMatchId === null ? null : String(matchId),
      echoedGeneration: String(generation),
      echoedAttemptId: one.echoedAttemptId === null ? null : attemptIdOf(matchId, generation),
      hasForeignExtras: false,
      sendId: one.sendId?.startsWith("match-") === true ? `match-${matchId}` : one.sendId,
    };
  });
}

/** What the database holds after `work`, which leaves no trace. */
async function after(sql: Sql, work: (tx: Sql) => Promise<unknown>) {
  const undone = new Error("Undone");
  let held: unknown;
  await sql.begin(async (tx) => {
    await work(tx as unknown as Sql);
    held = {
      events: await tx`
        select event_id, sent_at, match_id::int, ledger_id, generation, correlation_method, confidence, timing, proof,
          time_diff_ms::int, candidate_count, candidate_match_ids::int[], echoed_ledger_id, echoed_match_id,
          echoed_generation, echoed_attempt_id, has_foreign_extras, canvas_id, campaign_id, time_kind
        from public.notification_sends order by event_id`,
      identifiers: await tx`
        -- One that is ambiguous is silent, so it does not matter whose it was first.
        select kind, value, ambiguous, case when not ambiguous then ledger_id end as ledger_id,
          case when not ambiguous then generation end as generation
        from public.schedule_identifiers order by kind, value`,
      changed: await tx`select kind, value from private.rejudgements order by kind, value`,
      ledger: await tx`
        select id, status, sent_evidence, dispatch_id, send_id from public.schedule_ledger order by id`,
      schedules: await tx`
        select ledger_id, generation, state, state_before_proof, first_event_at from public.braze_schedules
        order by ledger_id, generation`,
      alerts: await tx`select fingerprint, severity from public.alerts order by fingerprint`,
      counts: await tx`select received, duplicates, rejected from public.webhook_daily_counts`,
    };
    throw undone;
  }).catch((error) => {
    if (error !== undone) throw error;
  });
  return JSON.parse(JSON.stringify(held));
}

/** With the shortcut; returns the events that it left. */
async function short(tx: Sql, events: readonly ReceivedEvent[]): Promise<ReceivedEvent[]> {
  const identifiable = events.filter(({ evidence }) => isIdentifiable(evidence));
  const others = events.filter(({ evidence }) => !isIdentifiable(evidence));
  if (identifiable.length === 0) return others;
  const columns = asColumns([identifiable]);
  const answer = await eventsIn(tx).ingestIdentified(
    ingestArguments(columns, POLICY.windowMs, RECEIVED),
  );
  const { left } = IdentifiedReceipt.parse(answer);
  return [...left.map((place) => columns.events[place]!.event), ...others];
}

async function factsOf(tx: Sql, events: readonly ReceivedEvent[]): Promise<Facts> {
  return await eventsIn(tx).facts(lookupRequestFor(events.map(({ evidence }) => evidence)));
}

/** With the policy. */
async function judge(tx: Sql, events: readonly ReceivedEvent[], facts: Facts): Promise<void> {
  const context = createContext(facts, POLICY);
  const judged = events.map((event) => ({
    event,
    attribution: correlate(event.evidence, context),
    registered: identifiersToRegister(event.evidence, context),
  }));
  await eventsIn(tx).ingest(judged, [], RECEIVED);
}

Deno.test(
  "ingest_identified_events() gives the verdict of the correlation module, or leaves the event to it",
  withSuite(async (suite) => {
    const { sql } = suite;
    const runId = await startRun(suite);
    let taken = 0;
    let left = 0;
    const drawn = fc.tuple(
      worlds,
      fc.array(evidences, { minLength: EVENTS_A_WORLD, maxLength: EVENTS_A_WORLD }),
    );
    await fc.assert(
      fc.asyncProperty(drawn, async ([world, said]) => {
        await build(suite, runId, world);
        const untouched = await after(sql, () => Promise.resolve());
        for (const evidence of ofTheWorld(world, said)) {
          const event = received(evidence);
          if (!isIdentifiable(event.evidence)) continue;
          let isLeft = false;
          const held = await after(sql, async (tx) => {
            isLeft = (await short(tx, [event])).length > 0;
          });
          if (isLeft) {
            left++;
            deepStrictEqual(held, untouched);
            continue;
          }
          taken++;
          const facts = await factsOf(sql, [event]);
          deepStrictEqual(held, await after(sql, (tx) => judge(tx, [event], facts)));
        }
      }),
      { numRuns: WORLDS, endOnFailure: true },
    );
    ok(taken > 100, `enough must be taken, got ${taken}`);
    ok(left > 100, `enough must be left, got ${left}`);
  }),
);

Deno.test(
  "ingest_identified_events() and ingest_events() share a batch, with the verdicts of the correlation module on all of it",
  withSuite(async (suite) => {
    const { sql } = suite;
    const runId = await startRun(suite);
    let mixed = 0;
    const drawn = fc.tuple(worlds, fc.array(evidences, { minLength: 10, maxLength: 40 }));
    await fc.assert(
      fc.asyncProperty(drawn, async ([world, drawn]) => {
        await build(suite, runId, world);
        const said = ofTheWorld(world, drawn);
        const events = said.map(received);
        const facts = await factsOf(sql, events);
        const shared = await after(sql, async (tx) => {
          const left = await short(tx, events);
          if (left.length > 0 && left.length < events.length) mixed++;
          await judge(tx, left, facts);
        });
        const judged = await after(sql, (tx) => judge(tx, events, facts));
        deepStrictEqual(shared.events, judged.events);
        deepStrictEqual(shared.identifiers, judged.identifiers);
        deepStrictEqual(shared.schedules, judged.schedules);
        const verdicts = said.map((one) => correlate(one, createContext(facts, POLICY)));
        deepStrictEqual(
          new Map(shared.events.map((one: Record<string, unknown>) => [
            one.event_id,
            [one.correlation_method, one.ledger_id, one.generation, one.timing, one.proof],
          ])),
          new Map(verdicts.map((one, index) => [
            `event-${index}`,
            [one.method, one.ledgerId, one.generation, one.timing, one.proof],
          ])),
        );
      }),
      { numRuns: 40, endOnFailure: true },
    );
    ok(mixed > 10, `enough batches must be shared, got ${mixed}`);
  }),
);

const ECHO = {
  echoedLedgerId: ledgerIdOf(1),
  echoedMatchId: "1",
  echoedGeneration: "1",
  echoedAttemptId: attemptIdOf(1, 1),
} as const;
const opened = { eventType: "open", timeKind: "occurrence" } as const;
const SURE: readonly (readonly [string, Partial<Evidence>])[] = [
  ["echoes all of its schedule", { sendId: "match-1", dispatchId: "new" }],
  ["echoes its ledger row and generation alone", { echoedMatchId: null, echoedAttemptId: null }],
  ["echoes a generation that Braze refused", {
    echoedGeneration: "2",
    echoedAttemptId: attemptIdOf(1, 2),
  }],
  ["has a schedule id of its own", { scheduleId: "schedule-1" }],
  ["has a later own send id of its match", { sendId: "match-1-2" }],
  ["has a dispatch id of another match", { dispatchId: "dispatch-2" }],
  ["has an ambiguous schedule id", { scheduleId: "shared" }],
  ["is an open, days later", { ...opened, sentAt: addHours(at("14:00:00"), 20) }],
  ["is two minutes early", { sentAt: at("13:58:00") }],
  ["is the last of its window", {
    sentAt: addHours(at("14:00:00"), 24),
    receivedAt: addHours(at("14:00:00"), 24),
  }],
];
const DOUBTFUL: readonly (readonly [string, Partial<Evidence>])[] = [
  ["echoes two matches", { echoedMatchId: "2" }],
  ["echoes an unknown ledger row", { echoedLedgerId: ledgerIdOf(9) }],
  ["echoes a generation that was never made", { echoedGeneration: "7", echoedAttemptId: null }],
  ["echoes an unknown attempt", { echoedAttemptId: attemptIdOf(9, 9) }],
  ["echoes an attempt of another generation", { echoedAttemptId: attemptIdOf(1, 2) }],
  ["echoes an attempt of another match", { echoedAttemptId: attemptIdOf(2, 1) }],
  ["has another match's own send id", { sendId: "match-2" }],
  ["has an unknown match's own send id", { sendId: "match-9" }],
  ["has a schedule id of another match", { scheduleId: "schedule-2" }],
  ["has a foreign send id of another match", { sendId: "send-2" }],
  ["is of another campaign", { campaignId: "another" }],
  ["is of a campaign of ours that its generation did not use", { campaignId: OTHER_CAMPAIGN }],
  ["is early", { sentAt: at("13:57:59") }],
  ["is an open before the send", { ...opened, sentAt: at("13:57:59") }],
  ["is an open that was received before the send", { ...opened, receivedAt: at("13:00:00") }],
  ["is late", {
    sentAt: addMinutes(at("14:00:00"), 24 * 60 + 1),
    receivedAt: addMinutes(at("14:00:00"), 24 * 60 + 1),
  }],
  ["echoes a generation whose move is unknown", {
    echoedGeneration: "3",
    echoedAttemptId: attemptIdOf(1, 3),
  }],
  ["echoes a generation at a time that it left", {
    echoedGeneration: "4",
    echoedAttemptId: attemptIdOf(1, 4),
  }],
];
const TWO_MATCHES: Facts = {
  ...NO_FACTS,
  ledgers: [
    ledger(
      1,
      {},
      { state: "failed" },
      { movingTo: at("16:00:00") },
      schedule({
        generation: 4,
        sendAt: at("18:00:00"),
        times: [
          { at: at("14:00:00"), leftAt: at("09:00:00") },
          { at: at("18:00:00"), leftAt: null },
        ],
      }),
    ),
    ledger(2, { campaignId: OTHER_CAMPAIGN }),
  ],
  identifiers: [
    identifier("schedule_id", "schedule-1", 1, { generation: 1 }),
    identifier("schedule_id", "schedule-2", 2),
    identifier("schedule_id", "shared", 2, { ambiguous: true }),
    identifier("send_id", "send-2", 2),
    identifier("dispatch_id", "dispatch-2", 2),
  ],
  attempts: [[1, 1], [1, 2], [1, 3], [1, 4], [2, 1]].map(([matchId, generation]) => ({
    attemptId: attemptIdOf(matchId!, generation!),
    ledgerId: ledgerIdOf(matchId!),
    generation: generation!,
  })),
};

for (const [verb, expected, cases] of [["takes", 0, SURE], ["leaves", 1, DOUBTFUL]] as const) {
  Deno.test(
    `ingest_identified_events() ${verb} each of these events`,
    withSuite(async (suite) => {
      await build(suite, await startRun(suite), TWO_MATCHES);
      for (const [what, changes] of cases) {
        const event = received(evidence({ ...ECHO, ...changes }));
        strictEqual(isIdentifiable(event.evidence), true, what);
        const facts = await factsOf(suite.sql, [event]);
        const held = await after(suite.sql, async (tx) => {
          const left = await short(tx, [event]);
          strictEqual(left.length, expected, `an event that ${what}`);
          await judge(tx, left, facts);
        });
        const judged = await after(suite.sql, (tx) => judge(tx, [event], facts));
        deepStrictEqual(held.events, judged.events, what);
        deepStrictEqual(held.identifiers, judged.identifiers, what);
      }
    }),
  );
}

Deno.test(
  "ingest_identified_events() leaves a whole group if one of its events is outside the window",
  withSuite(async (suite) => {
    await build(suite, await startRun(suite), TWO_MATCHES);
    const events = ["13:57:59", "14:00:10"].map((time, index) =>
      received(evidence({ ...ECHO, sentAt: at(time) }), index)
    );
    strictEqual((await short(suite.sql, events)).length, 2);
  }),
);

Deno.test(
  "ingest_identified_events() leaves events that no partition holds, and takes no proof from them",
  withSuite(async (suite) => {
    await build(suite, await startRun(suite), TWO_MATCHES);
    await suite.sql`delete from private.event_partitions`.catch(() => {});
    const far = addHours(at("14:00:00"), 24 * 400);
    const event = received(evidence({ ...ECHO, ...opened, sentAt: far, receivedAt: far }));
    strictEqual((await short(suite.sql, [event])).length, 1);
    const [row] = await suite.sql`select status from public.schedule_ledger where match_id = 1`;
    strictEqual(row?.status, "pending");
    await judge(suite.sql, [event], await factsOf(suite.sql, [event]));
    const [kept] = await suite.sql`
      select
        (select count(*)::int from public.webhook_rejects) as rejects,
        (select status from public.schedule_ledger where match_id = 1) as status`;
    deepStrictEqual({ ...kept }, { rejects: 1, status: "pending" });
  }),
);
