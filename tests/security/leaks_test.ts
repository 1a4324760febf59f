/**
 * Neighbours that repeat the credentials they receive: Braze, the database's gateway, the chat. No log line, answer,
 * table or message of the suite may contain a key or a secret.
 */
import { deepStrictEqual, ok } from "node:assert/strict";
import { addFixture } from "../support/suite.ts";
import { NAMES } from "./guarded.ts";
import { LeakFinder } from "./leaks.ts";
import { advance, findLeaks, run, SECRETS, withWorld, type World } from "./leak_harness.ts";
import { type Answer, BRAZE_ANSWERS, CHAT_ANSWERS, DATABASE_ANSWERS } from "./echoing_proxy.ts";

/** Makes each call to Braze necessary again: a create, a move, a delete, a list, statistics. */
let added = 0;
async function stir({ stack }: World): Promise<void> {
  await stack
    .sql`update public.matches set kickoff_at = kickoff_at + interval '5 minutes' where id = 1001`;
  await stack
    .sql`update public.matches set status = case status when 'scheduled' then 'cancelled' else 'scheduled' end where id = 1002`;
  await stack
    .sql`update public.matches set trigger_properties = jsonb_build_object('turn', ${added}::int) where id = 1003`;
  await addFixture(stack, {
    id: 2000 + ++added,
    home: "Manchester City",
    away: "Arsenal",
    kickoffAt: "2024-12-07T15:00:00Z",
  });
}

Deno.test("a key that Braze returns is written nowhere", () =>
  withWorld(async (world) => {
    for (const name of NAMES) await run(world, name);
    for (const answer of Object.values(BRAZE_ANSWERS)) {
      await stir(world);
      world.braze.answer = answer;
      for (const name of NAMES) await run(world, name);
      world.braze.answer = () => undefined;
      await advance(world, 4);
    }
    // Shortly before the sends pre-flight reads the campaign; after them reconcile reads the statistics.
    for (
      const [time, name] of [["14:01", "braze-preflight-check"], [
        "16:30",
        "braze-reconcile",
      ]] as const
    ) {
      await world.stack.advanceTo(new Date(`2024-12-07T${time}:00Z`));
      for (const answer of Object.values(BRAZE_ANSWERS)) {
        world.braze.answer = answer;
        await run(world, name);
      }
    }
    ok(world.braze.requestCount > 150, `${world.braze.requestCount} calls to Braze`);
    ok(world.logged.length > 100, `${world.logged.length} lines`);
    deepStrictEqual(await findLeaks(world), []);
  }));

Deno.test("a key that the database's gateway returns is written nowhere, regardless of the failed call", () =>
  withWorld(async (world) => {
    const answers = Object.values(DATABASE_ANSWERS);
    let refused = 0;
    const failing = (nth: number, answer: Answer): Answer => {
      let call = 0;
      return (request, body) => ++call === nth ? (refused++, answer(request, body)) : undefined;
    };
    for (const name of NAMES) {
      const before = world.database.requestCount;
      await stir(world);
      await run(world, name);
      const calls = world.database.requestCount - before;
      for (let nth = 1; nth <= calls; nth++) {
        // One answer at every call, the others by rotation.
        for (
          const answer of [
            DATABASE_ANSWERS["400 with the key in every field"]!,
            answers[nth % answers.length]!,
          ]
        ) {
          if (nth % 3 === 0) await stir(world);
          world.database.answer = failing(nth, answer);
          await run(world, name);
          world.database.answer = () => undefined;
          // A run whose end could not be recorded holds its lease until then.
          await advance(world, 4);
        }
      }
    }
    ok(refused > 60, `${refused} calls refused`);
    deepStrictEqual(await findLeaks(world), []);
  }));

Deno.test("an address that a chat returns is written nowhere", () =>
  withWorld(async (world) => {
    for (const answer of [...Object.values(CHAT_ANSWERS), undefined]) {
      // An unknown team raises an alert.
      await addFixture(world.stack, {
        id: 3000 + ++added,
        home: `Unknown team ${added}`,
        away: "Arsenal",
        kickoffAt: "2024-12-07T15:00:00Z",
      });
      await world.stack.sql`delete from public.teams where name like 'Unknown team%'`;
      if (answer === undefined) await world.chat.stop();
      else world.chat.answer = answer;
      for (const name of NAMES) await run(world, name);
      await advance(world, 60);
    }
    const [failed] = await world.stack.sql<{ count: number }[]>`
      select count(*)::int as count from public.alerts where delivery_error is not null`;
    ok(failed!.count > 0, "there are errors to look at");
    deepStrictEqual(await findLeaks(world), []);
  }));

Deno.test("the search finds a secret whole, in part, in hex, in an address, and at each offset of base64", () => {
  const finder = new LeakFinder({ it: SECRETS.webhookSecret });
  const secret = SECRETS.webhookSecret;
  const places = ["", "a", "ab"].map((before) => btoa(`${before}{"key":"${secret}"}`));
  for (
    const text of [secret, secret.slice(3, 16), new TextEncoder().encode(secret).toHex(), ...places]
  ) {
    deepStrictEqual(
      finder.find("x", `before ${text} after`).map((leak) => leak.secret),
      ["it"],
      text,
    );
  }
  deepStrictEqual(finder.find("x", `${secret.slice(0, 11)} ${"nothing ".repeat(40)}`), []);
});
