import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { ingest, proving } from "./events.ts";
import {
  addMatch,
  createSchedule,
  minutes,
  only,
  scheduledMatch,
  type Suite,
  withSuite,
} from "./fixtures.ts";
import { LATER, OPEN, store, verdict } from "./rejudging.ts";

/** Sends are due at minutes(540). */
const early = (id: string, target: Parameters<typeof proving>[1], fields = {}) =>
  proving(id, target, {
    sent_at: minutes(500),
    generation: null,
    timing: "early",
    proof: null,
    ...fields,
  });

async function alerts({ sql }: Suite) {
  const rows = await sql`
    select rule, kind, severity, match_id::int, title, resolved_at is null as is_open
    from public.alerts where rule in ('sent_early', 'sent_late') order by rule, match_id`;
  return rows.map((row) => ({ ...row }));
}

Deno.test(
  "raise_untimely_sends() raises one harm a match for sends before, and one for sends after all its times",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await ingest(suite, {
      events: [
        early("a", target),
        early("b", target, { sent_at: minutes(501) }),
        early("c", target, { sent_at: minutes(3_000), timing: "late" }),
      ],
    });
    const alert = { kind: "harm", severity: "critical", match_id: 1001, is_open: true };
    const match = "Match 1001 Home 1001–Away 1001";
    deepStrictEqual(await alerts(suite), [
      {
        ...alert,
        rule: "sent_early",
        title:
          `${match}: 2 pushes were sent before all scheduled times (first at 2024-12-07 14:20:00 UTC)`,
      },
      {
        ...alert,
        rule: "sent_late",
        title:
          `${match}: 1 push was sent long after all scheduled times (first at 2024-12-09 08:00:00 UTC)`,
      },
    ]);
    const { details } = only(
      await suite.sql`select details from public.alerts where rule = 'sent_early'`,
    );
    deepStrictEqual(details, {
      events: 2,
      first_sent_at: "2024-12-07T14:20:00+00:00",
      last_sent_at: "2024-12-07T14:21:00+00:00",
      send_at: "2024-12-07T15:00:00+00:00",
      campaign_ids: ["campaign-1"],
    });
  }),
);

Deno.test(
  "raise_untimely_sends() ignores what is no send, and a send at a time that the schedule had",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await ingest(suite, {
      events: [
        early("open", target, { event_type: "open" }),
        early("email", target, { channel: "email" }),
        proving("in time", target, { sent_at: minutes(541) }),
      ],
    });
    deepStrictEqual(await alerts(suite), []);
  }),
);

Deno.test(
  "raise_untimely_sends() counts a known alert up, and resolves it when its events go to another match",
  withSuite(async (suite) => {
    const target = await scheduledMatch(suite);
    await addMatch(suite, 1002);
    const other = await createSchedule(suite, target.runId, 1002, { p_send_at: minutes(500) });
    const events = [early("a", target), early("b", target)];
    for (const each of events) await ingest(suite, { events: [each] });
    const { occurrences } = only(await suite.sql`select occurrences from public.alerts`);
    strictEqual(occurrences, 2);

    const moved = {
      match_id: 1002,
      ledger_id: other.ledger_id,
      generation: 1,
      timing: "in_window",
      proof: "push",
    };
    await store(suite, { ids: [] }, { verdicts: [verdict(events[0]!, moved)] });
    deepStrictEqual((await alerts(suite)).map(({ is_open }) => is_open), [true], "one is left");
    await store(suite, { ids: [] }, { verdicts: [verdict(events[1]!, OPEN)] });
    deepStrictEqual((await alerts(suite)).map(({ is_open }) => is_open), [false]);
    const { resolved_at, details } = only(await suite.sql`select * from public.alerts`);
    deepStrictEqual([resolved_at, details.no_longer_seen], [LATER, true]);
  }),
);
