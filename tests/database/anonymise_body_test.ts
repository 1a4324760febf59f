import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { tracesOf } from "../support/traces.ts";
import { event, ingest } from "./events.ts";
import { minutes, NOW, only, type Suite, withSuite } from "./fixtures.ts";

const ANN = "ann@example.org";
const BEN = "ben@example.org";

function kept(body: string | Uint8Array, reason = "Not understood"): Record<string, unknown> {
  return {
    body_base64: Buffer.from(body).toString("base64"),
    reason,
    content_type: "application/json",
  };
}

async function erase({ call }: Suite, user = ANN, args: Record<string, unknown> = {}) {
  return await call<{ readonly rejects: number; readonly events: number }>("erase_user", {
    p_external_user_id: user,
    p_reason: "Request 2024-17",
    p_now: minutes(60),
    ...args,
  });
}

async function bodies({ sql }: Suite): Promise<string[]> {
  const rows = await sql<{ body: Uint8Array }[]>`
    select body from public.webhook_rejects order by first_received_at, digest`;
  return rows.map(({ body }) => Buffer.from(body).toString());
}

async function bodyAfter(suite: Suite, body: string | Uint8Array, user = ANN): Promise<string> {
  await ingest(suite, { rejects: [kept(body)] });
  await erase(suite, user);
  return only(await bodies(suite));
}

/** A Currents event that could not be read: its time is none. */
function broken(user: string, id: string): string {
  return JSON.stringify({
    event_type: "users.messages.pushnotification.Send",
    id,
    time: "yesterday",
    user: { external_user_id: user, user_id: `braze ${user}` },
    properties: {
      device_id: `phone of ${user}`,
      campaign_id: "campaign-1",
      message_extras: JSON.stringify({ match_id: "1001", name: user }),
    },
  });
}

Deno.test(
  "a kept event keeps all but the personal data and refers to no person",
  withSuite(async (suite) => {
    await ingest(suite, { rejects: [kept(broken(ANN, "event-of-ann")), kept(broken(BEN, "b1"))] });
    strictEqual((await erase(suite)).rejects, 1);
    deepStrictEqual(await tracesOf(suite.sql, ANN, "event-of-ann"), []);
    const [ann] = (await bodies(suite)).filter((body) => body !== broken(BEN, "b1"));
    const { id, external_user_id, device_id, ...rest } = JSON.parse(ann!);
    match(id, /^erased-/);
    match(external_user_id, /^erased-/);
    match(device_id, /^erased-/);
    deepStrictEqual(rest, {
      event_type: "users.messages.pushnotification.Send",
      time: "yesterday",
      user: {},
      properties: { campaign_id: "campaign-1" },
      message_extras: { match_id: "1001" },
    });
  }),
);

for (
  const [what, wrap] of [
    ["a batch", (events: string[]) => `{"events":[${events.join(",")}]}`],
    ["a list", (events: string[]) => `[${events.join(",")}]`],
  ] as const
) {
  Deno.test(
    `events of other people in ${what} stay unchanged, to the byte`,
    withSuite(async (suite) => {
      // Numbers and escapes keep their spelling; jsonb cannot hold NUL or a lone surrogate.
      const others = [
        `{"external_user_id": "${BEN}", "rate":1.10, "text":"\\u00e9\\u0000"}`,
        `{"external_user_id":"\\ud800","match_id":1001}`,
      ];
      const left = await bodyAfter(suite, wrap([others[0]!, broken(ANN, "a1"), others[1]!]));
      const [first, second] = others;
      ok(left.includes(first!) && left.includes(second!), left);
      deepStrictEqual(await tracesOf(suite.sql, ANN), []);
    }),
  );
}

for (
  const [what, body] of [
    ["in an unknown field", `{"recipient":{"mail":"${ANN}"}}`],
    ["as a key", `{"to":{"${ANN}":true}}`],
    ["in a list", `{"recipients":["${BEN}","${ANN}"]}`],
    ["written in escapes", `{"external_user_id":"\\u0061nn\\u0040example.org"}`],
    ["beside NUL", `{"external_user_id":"${ANN}","x":"\\u0000"}`],
    ["under a repeated key", `{"user":"${ANN}","user":"${BEN}"}`],
    ["as JSON that is not an object", JSON.stringify(ANN)],
    ["in a list of texts", JSON.stringify([ANN, 1])],
    ["in text", `to=${ANN}&match=1001`],
    ["in bytes that are not text", new Uint8Array([0xff, 0, ...new TextEncoder().encode(ANN), 1])],
    ["in JSON that broke off", broken(ANN, "a1").slice(0, -4)],
    ["in the last event of a batch that broke off", `{"events":[{"a":1},${broken(ANN, "a1")}`],
    ["in JSON that is too deep", `${"[".repeat(50_000)}"${ANN}"${"]".repeat(50_000)}`],
  ] as const
) {
  Deno.test(
    `a person's data is found ${what}`,
    withSuite(async (suite) => {
      await bodyAfter(suite, body);
      deepStrictEqual(await tracesOf(suite.sql, ANN), []);
      strictEqual((await erase(suite)).rejects, 0);
    }),
  );
}

Deno.test(
  "of a body that is not JSON only the person's own events or lines are removed",
  withSuite(async (suite) => {
    const ben = broken(BEN, "b1");
    const cases = {
      [`${ben}\n${broken(ANN, "a1")}\n${ben}\n`]: `${ben}\n{"erased": true}\n${ben}\n`,
      [`{"events":[${broken(ANN, "a1")},${ben},]}`]: `{"events":[{"erased": true},${ben},]}`,
      [`{"events":[${ben}, ${broken(ANN, "a1")}]`]: `{"events":[${ben}, {"erased": true}]`,
      [`one,${BEN}\ntwo,${ANN}\nthree,not ${ANN}.uk`]:
        `one,${BEN}\n{"erased": true}\n{"erased": true}`,
      [`é\\,${BEN}\n\u0001`]: `é\\,${BEN}\n\u0001`,
    };
    for (const [index, body] of Object.keys(cases).entries()) {
      await ingest(suite, { rejects: [kept(body)], now: minutes(index) });
    }
    await erase(suite);
    deepStrictEqual(await bodies(suite), Object.values(cases));
  }),
);

Deno.test(
  "user 1001 is not match 1001",
  withSuite(async (suite) => {
    const others = [
      `{"match_id":1001,"external_user_id":"${BEN}","generation":"1001"}`,
      `{"match_id": 1001, "external_user_id": "${BEN}", broken`,
    ];
    const theirs = [
      `{"external_user_id":1001,"match_id":7}`,
      `{"external_user_id":1001.0,"match_id":8}`,
      `{"external_user_id": 1001, broken`,
    ];
    await ingest(suite, { rejects: [...others, ...theirs].map((body) => kept(body)) });
    strictEqual((await erase(suite, "1001")).rejects, 3);
    const left = await bodies(suite);
    deepStrictEqual(left.filter((body) => others.includes(body)).sort(), others.toSorted());
    ok(!left.some((body) => theirs.includes(body)));
  }),
);

Deno.test(
  "a body that names only a device of the person counts as theirs unless it names another user",
  withSuite(async (suite) => {
    await ingest(suite, { events: [event("a1", { external_user_id: ANN, device_id: "tablet" })] });
    const others = `{"external_user_id":"${BEN}","device_id":"tablet"}`;
    await ingest(suite, { rejects: [kept(`{"device_id":"tablet","x":1}`), kept(others)] });
    strictEqual((await erase(suite)).rejects, 1);
    deepStrictEqual((await bodies(suite)).filter((body) => body.includes("tablet")), [others]);
  }),
);

Deno.test(
  "the rejection reason is anonymised too",
  withSuite(async (suite) => {
    const body = `{"${ANN}":1}`;
    const reason = `Webhook message must hold one of …, got ${ANN}`;
    await ingest(suite, { rejects: [kept(body, reason)] });
    await suite.call("raise_alerts", {
      p_alerts: [{
        fingerprint: "rejects_backlog",
        rule: "rejects_backlog",
        severity: "warning",
        audience: "engineering",
        title: "t",
        details: { a_reason: reason },
        match_id: null,
      }],
      p_now: NOW,
    });
    await erase(suite);
    // The same bytes again, and in a batch.
    await ingest(suite, { rejects: [kept(body, reason), kept(`[${body}]`, reason)] });
    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
    const reasons = await suite.sql`select reason from public.webhook_rejects`;
    deepStrictEqual(
      reasons.map((row) => row.reason),
      Array(2).fill("Webhook message must hold one of …, got erased"),
    );
  }),
);

Deno.test(
  "a kept body that is received again matches its anonymised form, in the same bytes or another shape",
  withSuite(async (suite) => {
    const text = `${ANN} is no JSON`;
    await ingest(suite, { rejects: [kept(broken(ANN, "a1")), kept(text)] });
    await erase(suite, ANN, { p_anonymise_until: NOW });
    const before = await bodies(suite);
    const again = await ingest(suite, {
      rejects: [
        kept(broken(ANN, "a1")),
        kept(text),
        kept(`{"events":[${broken(BEN, "b1")},${broken(ANN, "a1")}]}`),
      ],
      now: minutes(3 * 24 * 60),
    });
    strictEqual(again.rejected, 3);
    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
    const after = await bodies(suite);
    deepStrictEqual(after.slice(0, 2).sort(), before.toSorted());
    ok(after[2]!.includes(broken(BEN, "b1")));
    const occurrences = await suite.sql`
      select occurrences from public.webhook_rejects order by first_received_at`;
    deepStrictEqual(occurrences.map((row) => row.occurrences), [2, 2, 1]);
  }),
);

Deno.test(
  "a body that is not JSON is recognised by a keyed digest of its bytes, which cannot be guessed",
  withSuite(async (suite) => {
    const body = `${ANN} is no JSON`;
    await ingest(suite, { rejects: [kept(body)] });
    const digests = async () =>
      (await suite.sql`select encode(digest, 'hex') as digest from public.webhook_rejects`)
        .map(({ digest }) => digest);
    const plain = createHash("sha256").update(body).digest("hex");
    deepStrictEqual(await digests(), [plain]);
    await erase(suite);
    const [digest] = await digests();
    notStrictEqual(digest, plain);
    // Pruned since.
    await suite.sql`delete from public.webhook_rejects`;
    await ingest(suite, {
      rejects: [kept(body), kept(`${BEN} is no JSON`)],
      now: minutes(999_999),
    });
    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
    strictEqual((await digests()).includes(digest), true);
    deepStrictEqual((await bodies(suite)).sort(), [`${BEN} is no JSON`, `{"erased": true}`]);
  }),
);

Deno.test(
  "an event kept for a missing partition is stored once, anonymised, when it is received again",
  withSuite(async (suite) => {
    const at = new Date("2020-06-01T12:00:00Z");
    const old = event("a1", {
      external_user_id: ANN,
      sent_at: at,
      raw_payload: {
        id: "a1",
        event_type: "users.messages.pushnotification.Send",
        time: at.getTime() / 1_000,
        user: { external_user_id: ANN },
      },
    });
    strictEqual((await ingest(suite, { events: [old] })).rejected, 1);
    await erase(suite, ANN, { p_anonymise_until: NOW });
    await suite.sql`select private.ensure_partitions(${at})`;
    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
    // Sent again, it is recognised; its anonymised form is still to be replayed.
    strictEqual((await ingest(suite, { events: [old] })).duplicates, 1);
    const { id, external_user_id } = JSON.parse(only(await bodies(suite)));
    const replayed = event(id, { external_user_id, sent_at: at });
    strictEqual((await ingest(suite, { events: [replayed] })).recorded, 1);
    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
  }),
);

Deno.test(
  "a person erased without limit leaves no trace in rejected bodies either",
  withSuite(async (suite) => {
    await erase(suite, ANN, { p_anonymise_until: new Date("2100-01-01T00:00:00Z") });
    const others = broken(BEN, "b1");
    await ingest(suite, {
      rejects: [kept(broken(ANN, "a1")), kept(`[${others},${broken(ANN, "a2")}]`), kept(others)],
      now: minutes(50 * 24 * 60),
    });
    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
    strictEqual((await bodies(suite)).filter((body) => body.includes(others)).length, 2);
  }),
);

Deno.test(
  "a name inside JSON that stands in a text is found, with any letter written as an escape",
  withSuite(async (suite) => {
    const inside = (text: string) => ({
      time: "yesterday",
      user: { external_user_id: BEN },
      properties: { message_extras: JSON.stringify({ friend: text }) },
    });
    const escaped = JSON.stringify(inside(ANN)).replace("ann@", "\\u0061n\\u006E@");
    await ingest(suite, {
      rejects: [
        kept(JSON.stringify(inside(ANN))),
        kept(escaped),
        kept(JSON.stringify(inside(BEN))),
      ],
    });
    strictEqual((await erase(suite)).rejects, 2);
    deepStrictEqual(await tracesOf(suite.sql, ANN), []);
    strictEqual((await bodies(suite)).filter((body) => body.includes(BEN)).length, 1);
  }),
);
