import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { tracesOf } from "../support/traces.ts";
import { event, ingest, type StoredEvent } from "./events.ts";
import { minutes, NOW, only, scheduledMatch, type Suite, withSuite } from "./fixtures.ts";
import { loaded, queue, store } from "./rejudging.ts";

const ANN = "ann@example.org";
const BEN = "ben@example.org";
const FOR_EVER = new Date("2100-01-01T00:00:00Z");
const REASON = "Request 2024-17";

interface Erased {
  readonly events: number;
  readonly matches: number;
  readonly rejects: number;
  readonly logs: number;
  readonly alerts: number;
  readonly was_erased_before: boolean;
}

const NOTHING: Erased = {
  events: 0,
  matches: 0,
  rejects: 0,
  logs: 0,
  alerts: 0,
  was_erased_before: false,
};

function erase(
  { call }: Suite,
  user = ANN,
  args: Readonly<Record<string, unknown>> = {},
): Promise<Erased> {
  return call("erase_user", {
    p_external_user_id: user,
    p_reason: REASON,
    p_now: minutes(60),
    ...args,
  });
}

/** A push Send to a user, whose own device is theirs alone. */
function sendTo(
  user: string | null,
  id: string,
  fields: Record<string, unknown> = {},
): StoredEvent {
  return event(id, {
    external_user_id: user,
    braze_user_id: `braze ${user}`,
    device_id: `phone of ${user}`,
    raw_payload: {
      id,
      event_type: "users.messages.pushnotification.Send",
      time: NOW.getTime() / 1_000,
      user: { external_user_id: user, user_id: `braze ${user}`, timezone: "Europe/London" },
      properties: { device_id: `phone of ${user}`, platform: "ios", ad_id: `ad of ${user}` },
    },
    ...fields,
  });
}

async function rows({ sql }: Suite) {
  return await sql`select * from public.notification_sends order by sent_at, received_at, event_id`;
}

async function rowsOf({ sql }: Suite, user: string) {
  return await sql`
    select * from public.notification_sends where external_user_id = ${user} order by sent_at, event_id`;
}

Deno.test(
  "erase_user() keeps the event and removes the person",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    const attributed = {
      match_id: 1001,
      ledger_id,
      generation: 1,
      dispatch_id: "dispatch",
      correlation_method: "match_id",
      confidence: "high",
    };
    await ingest(suite, {
      events: [sendTo(ANN, "a1", attributed), sendTo(BEN, "b1", attributed)],
    });
    const before = await rows(suite);

    deepStrictEqual(await erase(suite), { ...NOTHING, events: 1, matches: 1 });

    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
    const after = await rows(suite);
    const [ann] = after.filter(({ external_user_id }) => external_user_id !== BEN);
    const kept = (
      {
        event_id: _,
        external_user_id: _u,
        braze_user_id: _b,
        device_id: _d,
        raw_payload: _r,
        ...rest
      }: Record<string, unknown>,
    ) => rest;
    deepStrictEqual(kept(ann!), kept(before.find((row) => row.event_id === "a1")!));
    match(ann!.external_user_id, /^erased-[0-9a-f-]{36}$/);
    strictEqual(ann!.braze_user_id, null);
    match(ann!.device_id, /^erased-[0-9a-f]{64}$/);
    match(ann!.event_id, /^erased-[0-9a-f]{64}$/);
    deepStrictEqual(ann!.raw_payload, {
      id: ann!.event_id,
      event_type: "users.messages.pushnotification.Send",
      time: NOW.getTime() / 1_000,
      user: {},
      properties: { platform: "ios" },
      external_user_id: ann!.external_user_id,
      device_id: ann!.device_id,
    });
    deepStrictEqual(
      after.filter(({ external_user_id }) => external_user_id === BEN),
      before.filter(({ external_user_id }) => external_user_id === BEN),
    );
  }),
);

Deno.test(
  "a person's events share one pseudonym, and each device has its own",
  withSuite(async (suite) => {
    await ingest(suite, {
      events: [
        sendTo(ANN, "a1"),
        sendTo(ANN, "a2"),
        sendTo(ANN, "a3", { device_id: "tablet of ann" }),
        // Before she signed in; and on a shared device.
        sendTo(null, "a4", { device_id: "tablet of ann" }),
        sendTo(BEN, "b1", { device_id: "tablet of ann" }),
      ],
    });
    strictEqual((await erase(suite)).events, 4);
    const [counted] = await suite.sql`
      select count(distinct external_user_id)::int as users, count(distinct device_id)::int as devices,
        count(*) filter (where external_user_id is null)::int as without_user
      from public.notification_sends where external_user_id is distinct from ${BEN}`;
    deepStrictEqual({ ...counted }, { users: 1, devices: 2, without_user: 1 });
    strictEqual(only(await rowsOf(suite, BEN)).device_id, "tablet of ann");
  }),
);

Deno.test(
  "personal data in the id of an event is removed too, also from logs and claims",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    const low = {
      match_id: 1001,
      ledger_id,
      generation: 1,
      correlation_method: "time_window",
      confidence: "low",
      candidate_match_ids: [1001, 1002],
    };
    const id = `send to ${ANN}`;
    await ingest(suite, {
      events: [sendTo(ANN, id, { ...low, claim: "strong" }), sendTo(BEN, "b1", low)],
    });
    await suite.call("write_logs", {
      p_logs: [{
        action: "contradicting_evidence",
        reason: "r",
        match_id: 1001,
        details: { event_id: id },
      }],
      p_function: "braze-webhook",
      p_run_id: crypto.randomUUID(),
      p_now: NOW,
    });
    strictEqual((await tracesOf(suite.sql, id)).length, 3);

    strictEqual((await erase(suite)).logs, 2);
    // A repetition logs it once more.
    await suite.call("write_logs", {
      p_logs: [{
        action: "contradicting_evidence",
        reason: "r",
        match_id: 1001,
        details: { event_id: id },
      }],
      p_function: "braze-webhook",
      p_run_id: crypto.randomUUID(),
      p_now: NOW,
    });

    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
    const renamed = (await rows(suite)).map((row) => row.event_id);
    const [logged] = await suite.sql`
      select details from public.scheduler_logs where action = 'low_confidence_correlation'`;
    deepStrictEqual(logged?.details.event_ids.toSorted(), renamed.toSorted());
    const contradicting = await suite.sql`
      select details ->> 'event_id' as event_id from public.scheduler_logs
      where action = 'contradicting_evidence'`;
    ok(
      contradicting.length === 2 &&
        contradicting.every(({ event_id }) => renamed.includes(event_id)),
    );
  }),
);

Deno.test(
  "a repetition of an erased event is a duplicate and restores no personal data",
  withSuite(async (suite) => {
    const timeless = { claim: "strong", time_kind: "receipt" };
    await ingest(suite, { events: [sendTo(ANN, "a1"), sendTo(ANN, "a2", timeless)] });
    await erase(suite, ANN, { p_anonymise_until: NOW });
    const before = await rows(suite);
    await suite.sql`delete from public.event_claims`;

    const again = await ingest(suite, {
      events: [
        sendTo(ANN, "a1", { raw_payload: { id: "a1", another: "shape" } }),
        sendTo(ANN, "a2", { ...timeless, sent_at: minutes(5 * 24 * 60) }),
        sendTo(BEN, "b1"),
      ],
      now: minutes(5 * 24 * 60),
    });
    deepStrictEqual([again.received, again.recorded, again.duplicates, again.rejected], [
      3,
      1,
      2,
      0,
    ]);
    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
    deepStrictEqual(
      (await rows(suite)).filter(({ external_user_id }) => external_user_id !== BEN),
      [...before],
    );
    const [day] = await suite.sql`
      select sum(received)::int as received, sum(duplicates)::int as duplicates
      from public.webhook_daily_counts where date = '2024-12-12'`;
    deepStrictEqual({ ...day }, { received: 3, duplicates: 2 });
  }),
);

Deno.test(
  "a message without identifiers still matches its repetitions after an erasure",
  withSuite(async (suite) => {
    const weak = (at: Date) => sendTo(ANN, "weak", { claim: "weak", sent_at: at });
    await ingest(suite, { events: [weak(NOW)] });
    await erase(suite, ANN, { p_now: minutes(1), p_anonymise_until: minutes(1) });
    strictEqual(
      (await ingest(suite, { events: [weak(minutes(10))], now: minutes(10) })).duplicates,
      1,
    );
    // An hour later it is another message, under the same pseudonym.
    strictEqual(
      (await ingest(suite, { events: [weak(minutes(70))], now: minutes(70) })).recorded,
      1,
    );
    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
    strictEqual(new Set((await rows(suite)).map((row) => row.external_user_id)).size, 1);
  }),
);

Deno.test(
  "an event first received after the erasure, dated before its limit, is stored anonymised",
  withSuite(async (suite) => {
    await ingest(suite, { events: [sendTo(ANN, "a1")] });
    await erase(suite);
    const late = await ingest(suite, {
      events: [
        sendTo(ANN, "a2", { sent_at: minutes(30) }),
        sendTo(ANN, "a3", { sent_at: minutes(60 + 24 * 60 - 1) }),
      ],
      now: minutes(25 * 60),
    });
    deepStrictEqual([late.recorded, late.duplicates], [2, 0]);
    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
    const all = await rows(suite);
    strictEqual(new Set(all.map((row) => row.external_user_id)).size, 1);
    strictEqual(new Set(all.map((row) => row.device_id)).size, 1);
    // And a repetition of it is known.
    const again = await ingest(suite, { events: [sendTo(ANN, "a2", { sent_at: minutes(30) })] });
    strictEqual(again.duplicates, 1);

    // After that, the events belong to a person whom Braze has not deleted.
    await ingest(suite, { events: [sendTo(ANN, "a4", { sent_at: minutes(61 + 24 * 60) })] });
    strictEqual(only(await rowsOf(suite, ANN)).event_id, "a4");
    // Erased again, the person gets the same pseudonym.
    deepStrictEqual(
      await erase(suite, ANN, { p_now: minutes(26 * 60), p_anonymise_until: FOR_EVER }),
      { ...NOTHING, events: 1, was_erased_before: true },
    );
    await ingest(suite, { events: [sendTo(ANN, "a5", { sent_at: minutes(50 * 24 * 60) })] });
    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
    const end = await rows(suite);
    deepStrictEqual([end.length, new Set(end.map((row) => row.external_user_id)).size], [5, 1]);
  }),
);

Deno.test(
  "an alert that lists users replaces the erased person",
  withSuite(async (suite) => {
    const { ledger_id } = await scheduledMatch(suite);
    const to = (user: string, generation: number) =>
      sendTo(user, `${user} ${generation}`, {
        match_id: 1001,
        ledger_id,
        generation,
        correlation_method: "match_id",
        confidence: "high",
      });
    await ingest(suite, { events: [to(ANN, 1), to(ANN, 2), to(BEN, 1), to(BEN, 2)] });
    await suite.call("recount_match", { p_ledger_id: ledger_id, p_now: minutes(60) });
    const alert = async () => only(await suite.sql`select * from public.alerts`);
    const before = await alert();
    deepStrictEqual(before.details.sample_users, [ANN, BEN]);

    strictEqual((await erase(suite)).alerts, 1);

    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
    const after = await alert();
    const [stood] = after.details.sample_users;
    match(stood, /^erased-/);
    deepStrictEqual(after, {
      ...before,
      details: { ...before.details, sample_users: [stood, BEN] },
    });
  }),
);

Deno.test(
  "erase_user() waits for a request in progress, and finds the events that it stored",
  withSuite(async (suite) => {
    const session = await suite.sql.reserve();
    try {
      await session`begin`;
      await session.unsafe(
        `select public.ingest_events($1, '[]', gen_random_uuid(), $2)`,
        [[sendTo(ANN, "a1")] as never, NOW as never],
      );
      const erasing = erase(suite);
      await isWaiting(suite);
      await session`commit`;
      strictEqual((await erasing).events, 1);
    } finally {
      session.release();
    }
    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
  }),
);

Deno.test(
  "erase_user() fails without changes rather than block the webhooks",
  withSuite(async (suite) => {
    await ingest(suite, { events: [sendTo(ANN, "a1")] });
    const session = await suite.sql.reserve();
    try {
      await session`begin`;
      await session.unsafe(
        `select public.ingest_events('[]', '[]', gen_random_uuid(), $1)`,
        [NOW as never],
      );
      await rejects(erase(suite), { code: "55P03" });
      await session`rollback`;
    } finally {
      session.release();
    }
    strictEqual((await rowsOf(suite, ANN)).length, 1);
    deepStrictEqual([...await suite.sql`select * from private.erased_users`], []);
    strictEqual((await erase(suite)).events, 1);
  }),
);

Deno.test(
  "people who are erased while overlapping batches with their events arrive are erased completely, and no event is lost",
  withSuite(async (suite) => {
    const users = Array.from({ length: 12 }, (_, index) => `user-${index}@example.org`);
    const events = users.flatMap((user) =>
      Array.from({ length: 20 }, (_, index) => sendTo(user, `${index} of ${user}`))
    );
    const stream = async (worker: number) => {
      for (let round = 0; round < 8; round++) {
        const from = (worker * 37 + round * 53) % events.length;
        const batch = [...events.slice(from), ...events.slice(0, from)].slice(0, 60);
        await ingest(suite, { events: worker % 2 === 0 ? batch : batch.toReversed() });
      }
    };
    const erased = users.slice(0, 6);
    const eraseAll = async (order: readonly string[]) => {
      for (const user of order) await erase(suite, user);
    };
    await Promise.all([
      ...[0, 1, 2, 3].map(stream),
      eraseAll(erased),
      eraseAll(erased.toReversed()),
    ]);
    await ingest(suite, { events });
    deepStrictEqual(await tracesOf(suite.sql, ...erased), []);
    const [counted] = await suite.sql`
      select count(*)::int as events, count(distinct external_user_id)::int as users
      from public.notification_sends`;
    deepStrictEqual({ ...counted }, { events: events.length, users: users.length });
  }),
);

Deno.test(
  "erase_user() called again finds nothing and writes nothing",
  withSuite(async (suite) => {
    await ingest(suite, { events: [sendTo(ANN, "a1")] });
    await erase(suite);
    const actions = () => suite.sql`select * from public.operator_actions`;
    const action = only(await actions());
    deepStrictEqual(await erase(suite), { ...NOTHING, was_erased_before: true });
    deepStrictEqual([...await actions()], [action]);
    const { user_digest, ...details } = action.details;
    match(user_digest, /^[0-9a-f]{64}$/);
    deepStrictEqual([action.action, action.actor_kind, action.reason, action.acted_at, details], [
      "erase_user",
      "secret_key",
      REASON,
      minutes(60),
      {
        events: 1,
        matches: 0,
        rejects: 0,
        logs: 0,
        alerts: 0,
        anonymise_until: "2024-12-08T07:00:00+00:00",
      },
    ]);
  }),
);

Deno.test(
  "the id at which judging events again continues is emptied",
  withSuite(async (suite) => {
    const id = `send to ${ANN}`;
    await ingest(suite, {
      events: [sendTo(ANN, id, { dispatch_id: "d1" }), sendTo(BEN, "b1", { dispatch_id: "d1" })],
    });
    await queue(suite, [["dispatch_id", "d1"]], NOW);
    await store(suite, await loaded(suite), { last: { sent_at: NOW.toISOString(), event_id: id } });
    await erase(suite);
    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
    // Nothing of that second is passed over.
    strictEqual((await loaded(suite)).events.length, 2);
  }),
);

Deno.test(
  "an unknown person is recorded as erased too",
  withSuite(async (suite) => {
    deepStrictEqual(await erase(suite), NOTHING);
    await ingest(suite, { events: [sendTo(ANN, "a1")] });
    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
    strictEqual((await rows(suite)).length, 1);
  }),
);

Deno.test(
  "a kept body that arrives while the erasure waits for its turn is found too",
  withSuite(async (suite) => {
    await ingest(suite, { events: [sendTo(ANN, "a1")], rejects: [bodyOf(`seen: ${ANN}`)] });
    const session = await suite.sql.reserve();
    try {
      await session`begin`;
      await session.unsafe(
        `select public.ingest_events($1, $2, gen_random_uuid(), $3)`,
        [
          // With a device that the search before the lock did not know.
          [sendTo(ANN, "a2", { device_id: "new watch" })] as never,
          [bodyOf(`late: ${ANN}`)] as never,
          NOW as never,
        ],
      );
      await ingest(suite, { rejects: [bodyOf("on the new watch")] });
      const erasing = erase(suite);
      await isWaiting(suite);
      await session`commit`;
      deepStrictEqual(await erasing, { ...NOTHING, events: 2, rejects: 3 });
    } finally {
      session.release();
    }
    deepStrictEqual(await tracesOf(suite.sql, ANN, "new watch"), []);
  }),
);

Deno.test(
  "an event that names only the person's device, or only Braze's own id of them, is theirs, also when it arrives later",
  withSuite(async (suite) => {
    const nameless = (id: string, fields: Record<string, unknown>) =>
      sendTo(null, id, {
        braze_user_id: null,
        device_id: null,
        raw_payload: { id, event_type: "send", ...fields },
        ...fields,
      });
    const watch = { device_id: "watch of ann" };
    const braze = { braze_user_id: `braze ${ANN}` };
    await ingest(suite, {
      events: [
        sendTo(ANN, "a1"),
        nameless("a2", braze),
        // Braze's id leads to another device of hers.
        nameless("a3", { ...braze, ...watch }),
        nameless("a4", watch),
        nameless("b1", { device_id: "phone of nobody" }),
        sendTo(BEN, "b2", watch),
      ],
    });
    strictEqual((await erase(suite)).events, 4);
    const others = await suite.sql`
      select event_id from public.notification_sends where event_id not like 'erased-%' order by 1`;
    deepStrictEqual(others.map(({ event_id }) => event_id), ["b1", "b2"]);

    const later = await ingest(suite, {
      events: [
        nameless("a5", { device_id: `phone of ${ANN}`, sent_at: minutes(30) }),
        nameless("a6", { ...braze, sent_at: minutes(30) }),
        // A device that nobody knew before is hers from now on.
        sendTo(ANN, "a7", { device_id: "tablet of ann", sent_at: minutes(31) }),
      ],
    });
    strictEqual(later.recorded, 3);
    await ingest(suite, {
      events: [nameless("a8", { device_id: "tablet of ann", sent_at: minutes(32) })],
    });
    await ingest(suite, {
      rejects: [
        bodyOf(JSON.stringify({ time: "yesterday", device_id: "tablet of ann" })),
        bodyOf(JSON.stringify({ time: "yesterday", user_id: `braze ${ANN}` })),
      ],
    });
    deepStrictEqual(await tracesOf(suite.sql, ANN, "tablet of ann"), []);
    // Those that name no user still name none.
    const [counted] = await suite.sql`
      select count(*)::int as events, count(external_user_id)::int as named
      from public.notification_sends where event_id like 'erased-%'`;
    deepStrictEqual({ ...counted }, { events: 8, named: 2 });
    // After the time of the erasure they are events of somebody whom Braze has not deleted.
    const past = minutes(60 + 24 * 60 + 1);
    await ingest(suite, { events: [nameless("a9", { ...braze, sent_at: past })] });
    strictEqual(
      (await suite.sql`select from public.notification_sends where event_id = 'a9'`).length,
      1,
    );
  }),
);

Deno.test(
  "the type of a kept body is stored as a usual media type or as other",
  withSuite(async (suite) => {
    const types = [
      "application/json; charset=utf-8",
      " TEXT/PLAIN",
      `application/${ANN}`,
      "",
      null,
    ];
    await ingest(suite, {
      rejects: types.map((content_type, index) => ({ ...bodyOf(`${index}`), content_type })),
    });
    const kept = await suite.sql`select content_type from public.webhook_rejects order by body`;
    deepStrictEqual(kept.map(({ content_type }) => content_type), [
      "application/json",
      "text/plain",
      "other",
      "other",
      null,
    ]);
  }),
);

Deno.test(
  "the pattern of a name matches every body that holds it, however JSON writes it",
  withSuite(async ({ sql }) => {
    const name = fc.string({ unit: "binary", minLength: 1, maxLength: 12 })
      .filter((text) => !text.includes("\0") && text.isWellFormed());
    const bodies = fc.record({
      name,
      before: fc.string({ maxLength: 5 }),
      depth: fc.integer({ min: 0, max: 3 }),
      escapes: fc.infiniteStream(fc.boolean()),
      upper: fc.boolean(),
    });
    for (const given of fc.sample(bodies, { numRuns: 200, seed: 1 })) {
      let text = given.name;
      for (let level = 0; level < given.depth; level++) {
        const written = JSON.stringify(`${given.before}${text}`);
        text = [...written.slice(1, -1)].map((letter) => {
          const isEscaped = given.escapes.next().value && /[^\\]/.test(letter) &&
            level === given.depth - 1 &&
            !written.includes("\\");
          return isEscaped ? escapeOf(letter, given.upper) : letter;
        }).join("");
      }
      const [found] = await sql<{ matches: boolean }[]>`
        select encode(convert_to(${`{"x": "${text}"}`}, 'UTF8'), 'escape') ~ private.naming_pattern(${[
        given.name,
      ]}) as matches`;
      ok(found!.matches, JSON.stringify({ name: given.name, text }));
    }
    const [other] = await sql<{ matches: boolean }[]>`
      select encode(convert_to('{"x": "ben@example.org \\u0041"}', 'UTF8'), 'escape') ~ private.naming_pattern(${[
      ANN,
    ]}) as matches`;
    strictEqual(other!.matches, false);
  }),
);

function escapeOf(letter: string, upper: boolean): string {
  return Array.from({ length: letter.length }, (_, at) => {
    const hex = letter.charCodeAt(at).toString(16).padStart(4, "0");
    return `\\u${upper ? hex.toUpperCase() : hex}`;
  }).join("");
}

function bodyOf(text: string) {
  return {
    body_base64: Buffer.from(text).toString("base64"),
    reason: "Not understood",
    content_type: null,
  };
}

async function isWaiting({ sql }: Suite): Promise<void> {
  const waiting = () =>
    sql`select 1 from pg_catalog.pg_locks where locktype = 'advisory' and not granted`;
  for (let look = 0; (await waiting()).length === 0; look++) {
    ok(look < 500, "the erasure waits");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

Deno.test(
  "erase_user() names the reason of a refusal",
  withSuite(async (suite) => {
    await ingest(suite, { events: [sendTo(ANN, "a1")] });
    const refused = (args: Record<string, unknown>, why: RegExp) =>
      rejects(erase(suite, ANN, args), (error: Error & { code?: string }) => {
        match(error.message, why);
        return error.code === "PT400";
      });
    await refused(
      { p_external_user_id: "" },
      /^Cannot erase a user: the external user id must not/,
    );
    await refused({ p_external_user_id: null }, /the external user id must not be empty/);
    await refused({ p_reason: "  " }, /a reason must be given/);
    await refused(
      { p_reason: `As ${ANN} asked` },
      /the reason is kept, so it must not name the user/,
    );
    strictEqual((await rowsOf(suite, ANN)).length, 1);
    await erase(suite);
    const stood = (await rows(suite))[0]!.external_user_id;
    await refused({ p_external_user_id: stood }, /stands for somebody who is erased already/);
  }),
);

Deno.test(
  "erase_from_payloads() removes an erased person from other people's payloads, step by step",
  withSuite(async (suite) => {
    const { sql, call } = suite;
    const naming = (user: string, named: unknown, index: number) =>
      sendTo(user, `${index} of ${user}`, {
        sent_at: minutes(index),
        raw_payload: {
          id: `${index} of ${user}`,
          event_type: "users.messages.pushnotification.Send",
          match_id: 1001,
          user: { external_user_id: user },
          properties: {
            platform: "ios",
            message_extras: JSON.stringify({ match_id: "1001", named }),
          },
        },
      });
    const events = [
      naming(BEN, BEN, 0),
      naming(BEN, ANN, 1),
      naming(BEN, { friends: [ANN] }, 2),
      naming(BEN, `not ${ANN}`, 3),
      naming(BEN, BEN, 4),
    ];
    await ingest(suite, { events });
    const step = (args = {}) =>
      call<{ searched: number; events: number; next_after: string | null }>(
        "erase_from_payloads",
        { p_external_user_id: ANN, ...args },
      );
    await rejects(step(), { code: "PT400" });
    await erase(suite);
    await sql`update private.settings set prune_batch = 2`;
    const before = await rows(suite);

    const steps = [await step()];
    while (steps.at(-1)!.next_after !== null) {
      steps.push(await step({ p_after: steps.at(-1)!.next_after }));
    }
    deepStrictEqual(
      steps.map(({ searched, events }) => [searched, events]),
      [[2, 1], [2, 1], [1, 0]],
    );
    const after = await rows(suite);
    const payloads = after.map(({ raw_payload }) => raw_payload);
    // Ben keeps his event, and who he is.
    for (const index of [1, 2]) {
      deepStrictEqual(payloads[index], {
        id: `${index} of ${BEN}`,
        event_type: "users.messages.pushnotification.Send",
        match_id: 1001,
        user: {},
        properties: { platform: "ios" },
        message_extras: { match_id: "1001" },
        external_user_id: BEN,
        device_id: `phone of ${BEN}`,
      });
    }
    const others = [0, 3, 4];
    deepStrictEqual(
      others.map((index) => after[index]),
      others.map((index) => before[index]),
    );
    strictEqual((await step()).events, 0);
    // User 1001 is not match 1001.
    await erase(suite, "1001");
    await sql`update private.settings set prune_batch = 20000`;
    deepStrictEqual(await step({ p_external_user_id: "1001" }), {
      searched: 5,
      events: 0,
      next_after: null,
    });
  }),
);
