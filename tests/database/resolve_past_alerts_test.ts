import { strictEqual } from "node:assert/strict";
import { minutes, scheduledMatch, type Suite, withSuite } from "./fixtures.ts";
import { alerts, markDeleted, prove } from "./unexpected_sends.ts";

function resolvePast({ call }: Suite, now: Date): Promise<number> {
  return call("resolve_past_alerts", { p_now: now });
}

Deno.test(
  "resolve_past_alerts() ends unexpected_send a day after the match's last send, not before",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await markDeleted(suite, match);
    await prove(suite, match, 1);
    const aDayLater = 541 + 24 * 60;
    strictEqual(await resolvePast(suite, minutes(aDayLater - 1)), 0);
    strictEqual(await resolvePast(suite, minutes(aDayLater + 1)), 1);
    strictEqual(await resolvePast(suite, minutes(aDayLater + 2)), 0);
    strictEqual((await alerts(suite))[0]?.is_open, false);
  }),
);

Deno.test(
  "resolve_past_alerts() keeps the alert of a match that may still send or is unresolved",
  withSuite(async (suite) => {
    const match = await scheduledMatch(suite);
    await markDeleted(suite, match);
    await prove(suite, match, 1);
    const later = minutes(541 + 48 * 60);
    await suite.sql`update public.braze_schedules set moving_to_utc = ${later}`;
    strictEqual(await resolvePast(suite, later), 0);
    await suite.sql`update public.braze_schedules set moving_to_utc = null`;
    await suite.sql`
      update public.schedule_ledger set status = 'pending', sent_evidence = null, sent_confirmed_at = null`;
    strictEqual(await resolvePast(suite, later), 0);
    await suite
      .sql`update public.schedule_ledger set status = 'cancelled', cancel_reason = 'operator'`;
    strictEqual(await resolvePast(suite, later), 1);
  }),
);

Deno.test(
  "resolve_past_alerts() resolves no other rule",
  withSuite(async (suite) => {
    await scheduledMatch(suite);
    await suite
      .sql`update public.schedule_ledger set status = 'cancelled', cancel_reason = 'operator'`;
    await suite.sql`
      insert into public.alerts (fingerprint, rule, severity, audience, title, match_id, first_seen_at, last_seen_at)
      values ('x:1001', 'x', 'critical', 'admin', 'X', 1001, ${minutes(0)}, ${minutes(0)})`;
    strictEqual(await resolvePast(suite, minutes(10_000)), 0);
  }),
);
