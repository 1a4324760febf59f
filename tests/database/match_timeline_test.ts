import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  addMatch,
  minutes,
  NOW,
  scheduledMatch,
  type Suite,
  UNKNOWN_ID,
  withSuite,
} from "./fixtures.ts";
import { addEvent } from "./health.ts";

interface Entry {
  readonly at: string;
  readonly kind: string;
  readonly what: string;
  readonly details: Record<string, unknown>;
}

/** Without the verdict at its head. */
async function timeline({ call }: Suite, matchId: number): Promise<Entry[]> {
  const told = await call<Entry[]>("match_timeline", { p_match_id: matchId });
  return told.filter(({ kind }) => kind !== "verdict");
}

const SEND_AT = minutes(540);

Deno.test(
  "match_timeline() returns all entries of one match in order",
  withSuite(async (suite) => {
    const { sql } = suite;
    const match = await scheduledMatch(suite, 1001);
    await addMatch(suite, 1002);
    await sql`update public.matches set updated_at = ${minutes(-10)} where id = 1001`;
    await sql`update public.match_changes set changed_at = ${minutes(-60)} where kind = 'added'`;
    await sql`
      update public.matches set kickoff_at = ${minutes(630)}, updated_at = ${
      minutes(-5)
    } where id = 1001`;
    await sql`
      update public.schedule_ledger
      set preflight_at = ${minutes(530)}, preflight_result = 'ok', status = 'sent',
        sent_confirmed_at = ${minutes(541)}, sent_evidence = 'push'
      where match_id = 1001`;
    const due = { matchId: 1001, ledgerId: match.ledger_id };
    for (const lateSeconds of [5, 20, 65]) {
      await addEvent(suite, due, { due: SEND_AT, lateSeconds, delaySeconds: 2 });
    }
    await addEvent(suite, due, { due: SEND_AT, lateSeconds: 70, event_type: "open" });
    await sql`
      insert into public.scheduler_logs (logged_at, function_name, action, reason, match_id)
      values
        (${minutes(543)}, 'braze-webhook', 'attribution_changed', 'tie became send_id', 1001),
        (${minutes(529)}, 'braze-reconcile', 'duplicate_count', 'Match 1001 has 2 schedules', 1001),
        (${
      minutes(529)
    }, 'braze-reconcile', 'duplicate_count', 'Match 1002 has 2 schedules', 1002)`;
    await sql`
      insert into public.alerts (fingerprint, rule, kind, severity, audience, title, match_id, first_seen_at,
        last_seen_at, resolved_at)
      values ('f', 'kickoff_changed', 'condition', 'warning', 'admin', 't', 1001, ${
      minutes(531)
    }, ${minutes(532)},
        ${minutes(544)})`;
    await sql`
      insert into public.operator_actions (acted_at, action, match_id, ledger_id, generation, actor_kind,
        reason, before, run_id)
      values (${
      minutes(545)
    }, 'mark_sent', 1001, ${match.ledger_id}, 1, 'secret_key', 'seen on my phone',
        '{}', ${UNKNOWN_ID})`;

    const entries = await timeline(suite, 1001);
    deepStrictEqual(
      entries.map(({ at, kind, what }) => [
        (Date.parse(at) - NOW.getTime()) / 60_000,
        kind,
        what,
      ]),
      [
        [-60, "fixture", "added"],
        [-5, "fixture", "changed"],
        [0, "attempt", "create opened"],
        [0, "attempt", "create succeeded"],
        [529, "log", "duplicate_count"],
        [530, "check", "preflight ok"],
        [531, "alert", "kickoff_changed raised"],
        [540, "ledger", "due"],
        [540, "events", "push send"],
        [541, "events", "push open"],
        [541, "events", "push send"],
        [541, "ledger", "sent"],
        [543, "attribution", "attribution_changed"],
        [544, "alert", "kickoff_changed resolved"],
        [545, "person", "mark_sent"],
      ],
    );
    deepStrictEqual(entries[1]?.details, {
      kickoff_at: { from: "2024-12-07T16:00:00+00:00", to: "2024-12-07T16:30:00+00:00" },
    });
    strictEqual(entries[8]?.details.events, 2);
    strictEqual(entries.at(-1)?.details.reason, "seen on my phone");
  }),
);

Deno.test(
  "match_timeline() returns what exists for a match without a ledger row, and nothing for an unknown match",
  withSuite(async (suite) => {
    await addMatch(suite, 1);
    deepStrictEqual((await timeline(suite, 1)).map(({ what }) => what), ["added"]);
    deepStrictEqual(await suite.call("match_timeline", { p_match_id: 2 }), []);
  }),
);

Deno.test(
  "match_timeline() shows an open attempt, and one that was resolved later",
  withSuite(async (suite) => {
    await scheduledMatch(suite, 1);
    await suite.sql`
      update public.schedule_attempts
      set outcome = 'unknown', resolved_at = ${minutes(30)}, resolved_as = 'adopted'`;
    await suite.sql`update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan'`;
    deepStrictEqual(
      (await timeline(suite, 1)).filter(({ kind }) => kind !== "fixture").map(({ what }) => what),
      [
        "create opened",
        "create unknown",
        "cancelled",
        "create resolved",
      ],
    );
    await suite.sql`
      update public.schedule_attempts set outcome = null, closed_at = null, resolved_at = null, resolved_as = null`;
    deepStrictEqual(
      (await timeline(suite, 1)).filter(({ kind }) => kind === "attempt").map(({ what }) => what),
      [
        "create opened",
      ],
    );
  }),
);

Deno.test(
  "match_timeline() begins with the verdict at the given time",
  withSuite(async (suite) => {
    await scheduledMatch(suite, 1001);
    const heads = await Promise.all(
      [minutes(300), minutes(543), minutes(560)].map(async (p_now) => {
        const [head] = await suite.call<Entry[]>("match_timeline", { p_match_id: 1001, p_now });
        return [
          head?.at === p_now.toISOString().replace(".000Z", "+00:00"),
          head?.kind,
          head?.what,
        ];
      }),
    );
    deepStrictEqual(heads, [
      [true, "verdict", "scheduled"],
      [true, "verdict", "going_out"],
      [true, "verdict", "in_doubt"],
    ]);
    const [head] = await suite.call<Entry[]>("match_timeline", {
      p_match_id: 1001,
      p_now: minutes(560),
    });
    strictEqual(
      head?.details.why,
      "Its time was 2024-12-07 15:00 UTC, and nothing shows that it was sent.",
    );
  }),
);
