/**
 * The database's own look-up reaches the verdict of the correlation module, with the same identifiers and proofs; the
 * events that it leaves to the module stay unchanged. Ledgers and events are random, with many identifiers in common.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { addMinutes } from "date-fns";
import fc from "fast-check";
import { correlate } from "../../supabase/functions/_shared/attribution/correlate.ts";
import {
  type Attribution,
  createContext,
  type Evidence,
  type IdentifierFacts,
  type LedgerFacts,
} from "../../supabase/functions/_shared/attribution/evidence.ts";
import {
  identifiersToRegister,
  proofIfTied,
  proofOf,
} from "../../supabase/functions/_shared/attribution/identifiers_to_register.ts";
import { groupByExplicitIds } from "../../supabase/functions/_shared/attribution/explicit_ids.ts";
import {
  writeAttribution,
  writeExplicitIds,
  writeIdentifiers,
} from "../../supabase/functions/_shared/store/events.ts";
import { evidences, identifiers, ledgers } from "../support/correlation_worlds.ts";
import { CAMPAIGN, evidence, ledgerIdOf } from "../support/facts.ts";
import { NOW, only, type Sql, type Suite, withSuite } from "./fixtures.ts";

const WORLDS = 150;
const EVENTS_A_WORLD = 25;

/** Replaces the ledger of the database by this one. */
async function build(
  { sql }: Suite,
  ledgers: readonly LedgerFacts[],
  identifiers: readonly IdentifierFacts[],
): Promise<void> {
  await sql.unsafe(
    "truncate public.matches, public.schedule_ledger, public.braze_schedules, public.schedule_identifiers cascade",
  );
  for (const { ledgerId, matchId, sendId, schedules } of ledgers) {
    await sql`
      insert into public.matches (id, competition, home_team, away_team, kickoff_at)
      values (${matchId}, 'League', 'Home', 'Away', ${NOW})`;
    await sql`
      insert into public.schedule_ledger
        (id, match_id, campaign_id, generation, send_id, signature, send_at_utc, created_at, updated_at)
      values (${ledgerId}, ${matchId}, ${CAMPAIGN}, ${schedules.length}, ${sendId}, 's', ${NOW}, ${NOW}, ${NOW})`;
    for (const { generation, campaignId, state, sendAt, movingTo } of schedules) {
      await sql`
        insert into public.braze_schedules (ledger_id, generation, campaign_id, braze_schedule_id, send_at_utc,
          moving_to_utc, state, created_at, updated_at)
        values (${ledgerId}, ${generation}, ${campaignId}, ${`${matchId}/${generation}`}, ${sendAt}, ${movingTo},
          ${state}, ${NOW}, ${NOW})`;
    }
  }
  for (const { kind, value, ledgerId, generation, ambiguous } of identifiers) {
    await sql`
      insert into public.schedule_identifiers
        (kind, value, ledger_id, generation, ambiguous, source, first_seen_at)
      values (${kind}, ${value}, ${ledgerId}, ${generation}, ${ambiguous}, 'create', ${NOW})`;
  }
}

function write(evidence: Evidence) {
  return {
    event_id: "event-1",
    claim: null,
    external_user_id: "user-1",
    device_id: "device-1",
    raw_payload: { id: "event-1" },
    sent_at: evidence.sentAt.toISOString(),
    time_is_send_time: evidence.timeIsSendTime,
    event_type: evidence.eventType,
    channel: evidence.channel,
    campaign_id: evidence.campaignId,
    dispatch_id: evidence.dispatchId,
    send_id: evidence.sendId,
    braze_schedule_id: evidence.scheduleId,
  };
}

/** What the database holds after `work`, which leaves no trace. */
async function after(sql: Sql, work: (tx: Sql) => Promise<void>) {
  const undone = new Error("Undone");
  let held: unknown;
  await sql.begin(async (tx) => {
    await work(tx as unknown as Sql);
    held = {
      events: await tx`
        select match_id::int, ledger_id, generation, correlation_method, confidence, time_diff_ms::int, candidate_count,
          candidate_match_ids
        from public.notification_sends`,
      identifiers: await tx`
        select kind, value, ledger_id, generation, ambiguous from public.schedule_identifiers order by kind, value`,
      ledger: await tx`
        select id, status, sent_evidence, dispatch_id, send_id from public.schedule_ledger order by id`,
      schedules: await tx`
        select ledger_id, generation, state, first_event_at from public.braze_schedules
        order by ledger_id, generation`,
    };
    throw undone;
  }).catch((error) => {
    if (error !== undone) throw error;
  });
  return JSON.parse(JSON.stringify(held));
}

async function ask(tx: Sql, evidence: Evidence): Promise<{ readonly left: readonly number[] }> {
  const { names, named } = groupByExplicitIds([{ evidence }]);
  const rows = await tx<{ receipt: { left: number[] } }[]>`
    select public.ingest_identified_events(
      ${
    tx.json(
      named.map(() => ({
        ...write(evidence),
        names: 1,
        proof: proofIfTied(evidence),
      })) as never,
    )
  }, ${tx.json(names.map(writeExplicitIds) as never)}, gen_random_uuid(), ${NOW}) as receipt`;
  return only(rows).receipt;
}

function verdictOn(
  evidence: Evidence,
  ledgers: readonly LedgerFacts[],
  identifiers: readonly IdentifierFacts[],
): Attribution {
  // As correlation_context returns it.
  const context = createContext(
    ledgers.map((ledger) => ({
      ...ledger,
      schedules: ledger.schedules.filter(({ state }) => state !== "failed"),
    })),
    identifiers,
  );
  return correlate(evidence, context, [CAMPAIGN]);
}

async function judge(
  tx: Sql,
  evidence: Evidence,
  ledgers: readonly LedgerFacts[],
  identifiers: readonly IdentifierFacts[],
): Promise<void> {
  const attribution = verdictOn(evidence, ledgers, identifiers);
  const proof = proofOf(evidence, attribution);
  await tx`
    select public.ingest_events(
      ${tx.json([{ ...write(evidence), ...writeAttribution(attribution) }] as never)}, '[]',
      ${
    tx.json(
      writeIdentifiers([{ registered: identifiersToRegister(evidence, attribution) }]) as never,
    )
  },
      ${
    tx.json(
      (proof === null ? [] : [{
        ledger_id: attribution.ledgerId,
        generation: attribution.generation,
        proof,
        dispatch_id: evidence.dispatchId,
        send_id: evidence.sendId,
      }]) as never,
    )
  }, gen_random_uuid(), ${NOW})`;
}

Deno.test(
  "ingest_identified_events() gives the verdict of the correlation module, or leaves the event to it",
  withSuite(async (suite) => {
    const { sql } = suite;
    let taken = 0;
    let left = 0;
    const worlds = fc.tuple(
      ledgers,
      identifiers,
      fc.array(evidences, { minLength: EVENTS_A_WORLD, maxLength: EVENTS_A_WORLD }),
    );
    await fc.assert(
      fc.asyncProperty(worlds, async ([ledgers, drawn, events]) => {
        // An identifier belongs to a ledger row that is there.
        const known = drawn.filter(({ ledgerId }) =>
          ledgers.some((ledger) => ledger.ledgerId === ledgerId)
        );
        await build(suite, ledgers, known);
        for (const evidence of events) {
          if (groupByExplicitIds([{ evidence }]).named.length === 0) continue;
          let isLeft = false;
          const held = await after(sql, async (tx) => {
            isLeft = (await ask(tx, evidence)).left.length > 0;
          });
          if (isLeft) {
            left++;
            deepStrictEqual(held, await after(sql, () => Promise.resolve()));
            continue;
          }
          taken++;
          // They are logged, never attributed without a log entry.
          deepStrictEqual(verdictOn(evidence, ledgers, known).contradictions, []);
          deepStrictEqual(held, await after(sql, (tx) => judge(tx, evidence, ledgers, known)));
        }
      }),
      { numRuns: WORLDS },
    );
    ok(taken > 150, `enough must be taken, got ${taken}`);
    ok(left > 100, `enough must be left, got ${left}`);
  }),
);

const SURE = [
  ["echoes its ledger row and generation", {
    ledgerId: ledgerIdOf(1),
    matchId: 1,
    generation: 1,
    sendId: "match-1",
    dispatchId: "new",
  }],
  ["echoes its match alone", { matchId: 1 }],
  ["has a send id that is known", { sendId: "match-1" }],
  ["has a dispatch id that is known, and nothing else", { dispatchId: "dispatch-1" }],
] as const;
const DOUBTFUL = [
  ["names two matches", { matchId: 1, sendId: "match-2" }],
  ["echoes an unknown match, beside a dispatch id", {
    matchId: 9,
    dispatchId: "dispatch-1",
  }],
  ["names an unknown schedule, beside a dispatch id", {
    scheduleId: "unknown",
    dispatchId: "dispatch-1",
  }],
  ["has another send id than its match's own", { scheduleId: "schedule-1", sendId: "match-3" }],
  ["echoes an unknown ledger row", { ledgerId: ledgerIdOf(9), sendId: "match-1" }],
  ["echoes a generation that was never made", { ledgerId: ledgerIdOf(1), generation: 7 }],
  ["was sent before the schedule's time", { matchId: 1, sentAt: addMinutes(NOW, -3) }],
  ["is of another campaign than the only schedule", { matchId: 1, campaignId: "another" }],
  ["has nothing but an unknown send id", { sendId: "unknown" }],
] as const;

for (
  const [verb, left, cases] of [["takes", [], SURE], ["leaves", [0], DOUBTFUL]] as const
) {
  for (const [what, changes] of cases) {
    Deno.test(
      `ingest_identified_events() ${verb} an event that ${what}`,
      withSuite(async (suite) => {
        const schedules = [{
          generation: 1,
          campaignId: CAMPAIGN,
          state: "live" as const,
          sendAt: NOW,
          movingTo: null,
        }];
        const whose = { ledgerId: ledgerIdOf(1), generation: 1, ambiguous: false };
        await build(
          suite,
          [1, 2].map((matchId) => ({
            ledgerId: ledgerIdOf(matchId),
            matchId,
            sendId: `match-${matchId}`,
            schedules,
          })),
          [
            { kind: "send_id", value: "match-1", ...whose, generation: null },
            {
              kind: "send_id",
              value: "match-2",
              ...whose,
              ledgerId: ledgerIdOf(2),
              generation: null,
            },
            { kind: "schedule_id", value: "schedule-1", ...whose },
            { kind: "dispatch_id", value: "dispatch-1", ...whose },
          ],
        );
        deepStrictEqual((await ask(suite.sql, evidence({ sentAt: NOW, ...changes }))).left, left);
      }),
    );
  }
}
