/**
 * A person is erased over HTTP, as with curl, in the middle of a matchday. No trace of them remains. Every event then
 * arrives again in every shape, and all counts stay the same.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { currentsBody } from "../../local/braze_sandbox/currents.ts";
import type { GroundTruthEntry } from "../../local/braze_sandbox/ground_truth.ts";
import type { User } from "../../local/braze_sandbox/users.ts";
import { webhookBody } from "../../local/braze_sandbox/webhook_message.ts";
import type { Stack } from "../../local/stack/stack.ts";
import {
  call,
  type FixtureRow,
  postEvents,
  schedule,
  THREE_AT_ONCE,
  withSuite,
} from "../support/suite.ts";
import { tracesOf } from "../support/traces.ts";

const IMPORT = fileURLToPath(new URL("../../local/tasks/import_events.ts", import.meta.url));
const EVENING = new Date("2024-12-07T18:00:00Z");
const FIXTURES: readonly FixtureRow[] = THREE_AT_ONCE;

const SWITCHES = {
  listingMode: "per_schedule",
  abortProbability: 0.1,
  bounceProbability: 0.1,
  openProbability: 0.5,
  currents: { duplicateProbability: 0.2 },
  webhook: { enabled: true, duplicateProbability: 0.2 },
} as const;

async function rpc({ ready }: Stack, key: string, body: unknown) {
  const response = await fetch(`${ready.rest_url}/rpc/erase_user`, {
    method: "POST",
    headers: { apikey: key, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

function namesOf({ externalId, brazeId, devices }: User): string[] {
  return [externalId, brazeId, ...devices.flatMap(({ id, pushToken }) => [id, pushToken])];
}

/** A person with events of every kind, on at least two devices. */
function pickPerson({ sandbox }: Stack): { person: User; entries: readonly GroundTruthEntry[] } {
  const all = sandbox.model.groundTruth.entries;
  for (const person of sandbox.model.users.all) {
    const entries = all.filter(({ user }) => user === person);
    const types = new Set(entries.map(({ type }) => type));
    if (person.devices.length > 1 && types.size >= 3 && types.has("campaign.webhook")) {
      return { person, entries };
    }
  }
  throw new Error("Cannot pick a person: one must have events of three kinds, got none");
}

/** Runs the scheduled functions once more, and returns everything that they count. */
async function counted(stack: Stack) {
  const { sql } = stack;
  strictEqual((await call(stack, "braze-reconcile")).body.outcome, "succeeded");
  const day = { from: "2024-12-07", to: "2024-12-07" };
  strictEqual((await call(stack, "webhook-health-rollup", day)).body.outcome, "succeeded");
  const timelines = await Promise.all(FIXTURES.map(async ({ id }) => {
    const [row] = await sql<{ timeline: { kind: string }[] }[]>`
      select public.match_timeline(${id}) as timeline`;
    return row!.timeline.filter(({ kind }) => kind === "events");
  }));
  return {
    timelines,
    ledger: [
      ...await sql`
      select match_id, status, sent_evidence, actual_send_count, braze_reported_count
      from public.schedule_ledger order by match_id`,
    ],
    verification: [...await sql`select * from public.match_verification order by match_id`],
    metrics: [
      ...await sql`
      select to_jsonb(metrics) - 'id' - 'created_at' - 'updated_at' - 'duplicates' - 'rejects' as row
      from public.webhook_health_metrics as metrics order by date`,
    ],
    patterns: [
      ...await sql`
      select * from public.webhook_health_patterns order by date, dimension, value`,
    ],
    alerts: [...await sql`select fingerprint, title, resolved_at from public.alerts order by id`],
  };
}

async function othersThan({ sql }: Stack, person: User) {
  return [
    ...await sql`
    select * from public.notification_sends
    where external_user_id <> ${person.externalId} and external_user_id not like 'erased-%'
    order by sent_at, event_id`,
  ];
}

/** Every Currents event of the day in files as Braze exports them, with flat fields. */
async function importAll(stack: Stack): Promise<{ code: number; stdout: string }> {
  const folder = await Deno.makeTempDir();
  try {
    const lines = currentsOf(stack).map((event) => {
      const { user, properties, ...rest } = event;
      return JSON.stringify({ ...rest, ...user, ...properties });
    });
    await Deno.writeTextFile(`${folder}/events.jsonl`, lines.join("\n"));
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--allow-all", IMPORT, `${folder}/events.jsonl`],
      env: {
        IMPORT_FUNCTIONS_URL: stack.ready.functions_url,
        IMPORT_WEBHOOK_SECRET: stack.ready.webhook_secret,
      },
      stderr: "inherit",
    }).output();
    return { code, stdout: new TextDecoder().decode(stdout) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface CurrentsEvent {
  readonly user: Record<string, unknown>;
  readonly properties: Record<string, unknown>;
}

function currentsOf({ sandbox: { model } }: Stack): CurrentsEvent[] {
  const entries = model.groundTruth.entries.filter(({ kind }) => kind === "currents");
  return JSON.parse(currentsBody(entries, model.campaign)).events;
}

Deno.test("an erased person stays erased when every event arrives again, and the counts stay the same", async () => {
  const written: string[] = [];
  await withSuite({
    fixtures: FIXTURES,
    sandbox: { users: { count: 300 }, switches: SWITCHES },
    onLog: (_name, line) => written.push(line),
  }, async (stack) => {
    const { sql, ready, sandbox: { model } } = stack;
    await schedule(stack);
    await stack.advanceTo(EVENING);
    const { person, entries } = pickPerson(stack);
    const names = namesOf(person);
    const unread = {
      ...currentsOf(stack)[0],
      time: "yesterday",
      user: { external_user_id: person.externalId },
    };
    await postEvents(stack, {
      events: [unread, { ...unread, user: { external_user_id: "somebody else" } }],
    });
    const before = await counted(stack);
    const others = await othersThan(stack, person);
    ok(others.length > 200 && (await tracesOf(sql, ...names)).length >= 2);

    const order = {
      p_external_user_id: person.externalId,
      p_reason: "Request 2024-17",
      p_now: stack.timeline.now(),
      // From here on only the tombstones keep the person out.
      p_anonymise_until: new Date(0),
    };
    for (const key of [ready.publishable_key, "sb_secret_wrong"]) {
      ok([401, 403, 404].includes((await rpc(stack, key, order)).status));
    }
    ok((await tracesOf(sql, ...names)).length >= 2, "a caller without the key erases nothing");
    const refused = await rpc(stack, ready.secret_key, { ...order, p_reason: " " });
    strictEqual(refused.status, 400);
    strictEqual(refused.body.message, "Cannot erase a user: a reason must be given");
    const { status, body } = await rpc(stack, ready.secret_key, order);
    strictEqual(status, 200, JSON.stringify(body));
    const { events, matches, rejects } = body;
    deepStrictEqual([events, rejects], [entries.length, 1]);
    strictEqual(matches, new Set(entries.map(({ schedule }) => schedule.id)).size);

    deepStrictEqual(await tracesOf(sql, ...names), []);
    deepStrictEqual(await counted(stack), before);
    deepStrictEqual(await othersThan(stack, person), others);

    // The same events again: in lists, one by one, as messages, and from files.
    for (let from = 0; from < model.groundTruth.entries.length; from += 40) {
      const part = model.groundTruth.entries.slice(from, from + 40);
      const currents = part.filter(({ kind }) => kind === "currents");
      const messages = part.filter(({ kind }) => kind === "webhook");
      const again = [
        ...JSON.parse(currentsBody(currents, model.campaign)).events,
        ...messages.map((message) => JSON.parse(webhookBody(message, model.campaign))),
      ].reverse();
      const answer = await postEvents(stack, again);
      deepStrictEqual([answer.status, answer.body.recorded, answer.body.rejected], [200, 0, 0]);
      strictEqual(answer.body.duplicates, again.length);
    }
    const { code, stdout } = await importAll(stack);
    strictEqual(code, 0, stdout);
    strictEqual((await postEvents(stack, [unread])).body.rejected, 1);
    // A week later, when the claims are gone.
    await sql`select private.prune_event_claims(now() + interval '1 week')`;
    for (const entry of entries.filter(({ kind }) => kind === "webhook")) {
      const { body: late } = await postEvents(
        stack,
        JSON.parse(webhookBody(entry, model.campaign)),
      );
      deepStrictEqual([late.recorded, late.duplicates], [0, 1]);
    }
    const { status: replayed } = await call(stack, "braze-webhook", { replay_rejects: {} });
    strictEqual(replayed, 200);

    deepStrictEqual(await tracesOf(sql, ...names), []);
    deepStrictEqual(await counted(stack), before);
    deepStrictEqual(await othersThan(stack, person), others);
    // With a limit far in the future, a first event about the person is stored without them, too.
    const block = { ...order, p_anonymise_until: "infinity" };
    strictEqual((await rpc(stack, ready.secret_key, block)).body.events, 0);
    const known = currentsOf(stack).find(({ user }) => user.external_user_id === person.externalId);
    strictEqual((await postEvents(stack, { events: [{ ...known, id: "news" }] })).body.recorded, 1);
    deepStrictEqual(await tracesOf(sql, ...names), []);

    const lines = written.join("\n");
    ok(lines.length > 0);
    deepStrictEqual(model.users.all.flatMap(namesOf).filter((name) => lines.includes(name)), []);
  });
});
