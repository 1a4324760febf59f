import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { addMinutes } from "date-fns";
import { withSuite } from "./fixtures.ts";
import type { Suite } from "./fixtures.ts";
import { addDue, addEvent, DUE, type DueMatch, recountAll } from "./health.ts";

interface Judged {
  readonly fingerprint: string;
  readonly rule: string;
  readonly severity: string;
  readonly audience: string;
  readonly title: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly match_id: number | null;
}

const after = (count: number) => addMinutes(DUE, count);

async function judge(suite: Suite, now = after(60), shareMax = 0.2): Promise<Judged[]> {
  await recountAll(suite, now);
  return await suite.call("judge_event_quality", {
    p_low_confidence_share_max: shareMax,
    p_now: now,
  });
}

async function add(
  suite: Suite,
  match: DueMatch | null,
  count: number,
  fields: Parameters<typeof addEvent>[2] = {},
): Promise<void> {
  for (let index = 0; index < count; index++) await addEvent(suite, match, fields);
}

const LOW = { confidence: "low", correlation_method: "time_window" };

Deno.test(
  "the shares of low confidence and of pushes without a match are judged, each by its own limit",
  withSuite(async (suite) => {
    const due = await addDue(suite, 1);
    await add(suite, due, 73);
    await add(suite, due, 21, LOW);
    await add(suite, null, 6);
    deepStrictEqual(
      (await judge(suite)).map(({ fingerprint, title, details }) => ({
        fingerprint,
        title,
        details,
      })),
      [{
        fingerprint: "low_confidence_share:push",
        title: "21 of 100 pushes of the last 2 hours are tied to a match with low confidence (21%)",
        details: { sends: 100, low: 21, share: 0.21, share_max: 0.2 },
      }, {
        fingerprint: "unattributed_share:push",
        title: "6 of 100 pushes of the last 2 hours have no match (6%)",
        details: { sends: 100, unattributed: 6, share: 0.06, share_max: 0.05 },
      }],
    );
    await suite.sql`update private.settings set unattributed_share_max = 0.06`;
    deepStrictEqual(await judge(suite, after(60), 0.21), []);
  }),
);

Deno.test(
  "the shares of too few pushes, and of pushes two hours ago, raise nothing",
  withSuite(async (suite) => {
    await add(suite, await addDue(suite, 1), 50, LOW);
    await add(suite, null, 49);
    deepStrictEqual(await judge(suite), []);
    await add(suite, null, 1);
    strictEqual((await judge(suite, after(119))).length, 2);
    deepStrictEqual(await judge(suite, after(120)), []);
  }),
);

for (
  const [what, fields] of [
    ["another campaign", { correlation_method: "other_campaign" }],
    ["tests", { correlation_method: "test_send" }],
    ["opens", { event_type: "open" }],
    ["the webhook channel", { channel: "webhook" }],
    ["long ago, handed in now", { lateSeconds: -3 * 24 * 3_600 }],
  ] as const
) {
  Deno.test(
    `events of ${what} are in no share`,
    withSuite(async (suite) => {
      await add(suite, null, 120, fields);
      deepStrictEqual(await judge(suite), []);
    }),
  );
}

async function sentMatch(suite: Suite, reported: number | null, events: number, matchId = 1) {
  const due = await addDue(suite, matchId, { braze_reported_count: reported });
  await add(suite, due, events);
  return due;
}

for (
  const [events, severity] of [[94, "warning"], [49, "critical"], [0, "critical"]] as const
) {
  Deno.test(
    `missing_webhooks is judged ${severity} with ${events} events of 100`,
    withSuite(async (suite) => {
      await sentMatch(suite, 100, events);
      const [judged, ...more] = await judge(suite);
      deepStrictEqual(more, []);
      deepStrictEqual(
        [judged?.fingerprint, judged?.severity, judged?.audience, judged?.match_id],
        ["missing_webhooks:1", severity, "admin", 1],
      );
      strictEqual(
        judged?.title,
        `Match 1 Home 1–Away 1: Braze counts 100 pushes, events arrived for ${events}`,
      );
      strictEqual(judged?.details.delta_share, (100 - events) / 100);
    }),
  );
}

for (
  const [what, reported, events] of [
    ["within 5%", 100, 95],
    ["where Braze reported nothing yet", null, 0],
    ["if Braze sent to no user", 0, 0],
  ] as const
) {
  Deno.test(
    `missing_webhooks raises nothing ${what}`,
    withSuite(async (suite) => {
      await sentMatch(suite, reported, events);
      deepStrictEqual(await judge(suite), []);
    }),
  );
}

Deno.test(
  "missing_webhooks waits an hour for events, then checks for a day, and stays open while they are missing",
  withSuite(async (suite) => {
    const due = await sentMatch(suite, 100, 0);
    deepStrictEqual(await judge(suite, after(59)), []);
    strictEqual((await judge(suite, after(24 * 60 - 1))).length, 1);
    deepStrictEqual(await judge(suite, after(24 * 60)), []);
    await suite.call("raise_alerts", { p_alerts: await judge(suite), p_now: after(60) });
    strictEqual((await judge(suite, after(72 * 60))).length, 1);
    await add(suite, due, 100);
    deepStrictEqual(await judge(suite, after(72 * 60)), []);
  }),
);

const open = (...matchIds: number[]) => ({
  correlation_method: "tie",
  lateSeconds: 60,
  candidate_count: matchIds.length,
  candidate_match_ids: matchIds,
});

Deno.test(
  "events that may belong to a match do not count as missing, as far as they go",
  withSuite(async (suite) => {
    await sentMatch(suite, 100, 10);
    // Braze's count for the other one is not known.
    await sentMatch(suite, null, 0, 2);
    await add(suite, null, 70, open(1, 2));
    const [judged, ...more] = (await judge(suite)).filter(({ rule }) =>
      rule === "missing_webhooks"
    );
    deepStrictEqual(more, []);
    match(judged?.title ?? "", /arrived for at most 80$/);
    strictEqual(judged?.severity, "warning");
    await add(suite, null, 20, open(1, 2));
    deepStrictEqual((await judge(suite)).filter(({ rule }) => rule === "missing_webhooks"), []);
  }),
);

Deno.test(
  "events that cannot be told apart are judged together, against what Braze counts for all the matches",
  withSuite(async (suite) => {
    await sentMatch(suite, 50, 0);
    await sentMatch(suite, 50, 45, 2);
    // Joined to the others by one set of candidates only.
    await sentMatch(suite, 50, 0, 3);
    await sentMatch(suite, 50, 50, 4);
    await add(suite, null, 60, open(1, 2));
    await add(suite, null, 30, open(2, 3));
    await add(suite, null, 2, open(3, 1));
    const missing = async () =>
      (await judge(suite)).filter(({ rule }) => rule === "missing_webhooks");
    const [alone, ...others] = await missing();
    // 32 of 50 at most: that one is certain, and says enough.
    deepStrictEqual([alone?.fingerprint, others], ["missing_webhooks:3", []]);

    await add(suite, null, 16, {
      ...open(3),
      ...LOW,
      match_id: 3,
      ledger_id: await ledgerOf(suite, 3),
      generation: 1,
    });
    deepStrictEqual(await missing(), []);

    await suite.sql`update public.schedule_ledger set braze_reported_count = 62 where match_id = 1`;
    const [together, ...more] = await missing();
    deepStrictEqual(more, []);
    deepStrictEqual(
      [together?.fingerprint, together?.match_id, together?.details.match_ids],
      ["missing_webhooks:1,2,3", null, [1, 2, 3]],
    );
    strictEqual(
      together?.title,
      "Match 1 Home 1–Away 1, Match 2 Home 2–Away 2, Match 3 Home 3–Away 3: Braze counts 162 pushes together, " +
        "events arrived for 153",
    );
  }),
);

async function ledgerOf({ sql }: Suite, matchId: number): Promise<string> {
  const [row] = await sql<{ id: string }[]>`
    select id from public.schedule_ledger where match_id = ${matchId}`;
  return row!.id;
}
