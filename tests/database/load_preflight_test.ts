import { deepStrictEqual } from "node:assert/strict";
import { minutes, NOW, type Suite, withSuite } from "./fixtures.ts";
import { schedules } from "./preflight.ts";

interface Near {
  readonly match_id: number;
  readonly send_at: string;
  readonly dispatch_id: string | null;
  readonly send_id: string | null;
  readonly is_due: boolean;
}

interface Loaded {
  readonly checks: readonly Near[];
  readonly input: {
    readonly matches: readonly { readonly match_id: number; readonly ledger: unknown }[];
  };
}

/** As five minutes before `until`'s end: the window is 5 to 15 minutes. */
function load({ call }: Suite, now = NOW): Promise<Loaded> {
  return call("load_preflight", {
    p_from: new Date(now.getTime() + 5 * 60_000),
    p_until: new Date(now.getTime() + 15 * 60_000),
    p_now: now,
  });
}

const dueOf = ({ checks }: Loaded) =>
  checks.filter(({ is_due }) => is_due).map(({ match_id }) => match_id);
const nearOf = ({ checks }: Loaded) => checks.map(({ match_id }) => match_id);

Deno.test(
  "load_preflight() returns the sends due in the window, soonest first, with their planning input",
  withSuite(async (suite) => {
    await schedules(suite, { 1: 16, 2: 15, 3: 5, 4: 0 });
    const loaded = await load(suite);
    deepStrictEqual(nearOf(loaded), [3, 2]);
    deepStrictEqual(dueOf(loaded), [3, 2]);
    deepStrictEqual(loaded.input.matches.map(({ match_id }) => match_id), [3, 2]);
    deepStrictEqual(loaded.checks[0], {
      match_id: 3,
      send_at: "2024-12-07T06:05:00+00:00",
      dispatch_id: null,
      send_id: null,
      is_due: true,
    });
  }),
);

Deno.test(
  "load_preflight() returns a schedule due sooner only if it was not checked for its present time",
  withSuite(async (suite) => {
    await schedules(suite, { 1: 3, 2: 3, 3: 3 });
    await suite.sql`
      update public.schedule_ledger set preflight_at = ${minutes(-2)}, preflight_result = 'unknown'
      where match_id = 2`;
    // Two hours ago it was due at another time.
    await suite.sql`
      update public.schedule_ledger set preflight_at = ${minutes(-120)}, preflight_result = 'ok'
      where match_id = 3`;
    const loaded = await load(suite);
    deepStrictEqual(nearOf(loaded), [1, 2, 3]);
    deepStrictEqual(dueOf(loaded), [1, 3]);
  }),
);

Deno.test(
  "load_preflight() returns the sends due in the window again, checked or not",
  withSuite(async (suite) => {
    await schedules(suite, { 1: 10 });
    await suite
      .sql`update public.schedule_ledger set preflight_at = ${NOW}, preflight_result = 'ok'`;
    deepStrictEqual(dueOf(await load(suite)), [1]);
  }),
);

Deno.test(
  "load_preflight() skips sent and cancelled rows, but not schedules that are missing in Braze, however far ahead",
  withSuite(async (suite) => {
    await schedules(suite, { 1: 10, 2: 10, 3: 600, 4: 10 });
    await suite.sql`
      update public.schedule_ledger
      set status = 'sent', sent_evidence = 'push', sent_confirmed_at = ${NOW} where match_id = 1`;
    await suite.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'plan' where match_id = 2`;
    await suite.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'dashboard' where match_id = 3`;
    await suite.sql`
      update public.schedule_ledger
      set status = 'cancelled', cancel_reason = 'dashboard', preflight_at = ${NOW}, preflight_result = 'absent'
      where match_id = 4`;
    const loaded = await load(suite);
    deepStrictEqual(nearOf(loaded), [4, 3]);
    deepStrictEqual(dueOf(loaded), []);
  }),
);

Deno.test(
  "load_preflight() uses the earlier time of a move of unknown outcome, and the later one once that is past",
  withSuite(async (suite) => {
    await schedules(suite, { 1: 40, 2: -3, 3: 40 });
    await suite.sql`
      update public.braze_schedules as schedule set moving_to_utc = ${minutes(10)}
      from public.schedule_ledger as ledger where ledger.id = schedule.ledger_id and ledger.match_id in (1, 2)`;
    const loaded = await load(suite);
    deepStrictEqual(dueOf(loaded), [1, 2]);
    deepStrictEqual(loaded.checks.map(({ send_at }) => send_at), [
      "2024-12-07T06:10:00+00:00",
      "2024-12-07T06:10:00+00:00",
    ]);
  }),
);
