/** Generated hostile bodies, sent to every function over a real database: `FUZZ_BODIES` sets how many. */
import { deepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import type { Stack } from "../../local/stack/stack.ts";
import { type BodyPlan, bodyPlan, makeBody } from "../support/hostile/bodies.ts";
import { callWith, faultsInCall } from "../support/hostile/calls.ts";
import type { Origin } from "../support/hostile/events.ts";
import { optionsPlan } from "../support/hostile/options.ts";
import { printLine, SEED } from "../support/hostile/seed.ts";
import { LARGEST_EXACT } from "../support/hostile/values.ts";
import { faultsOf, postToWebhook } from "../support/hostile/batch.ts";
import { CLOCK, schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";

/** The nightly workflow sends ten thousand. */
const BODIES = Number(Deno.env.get("FUZZ_BODIES") ?? 2_000);
const WEBHOOK_SHARE = 0.08;
const WEBHOOK_BODIES_AT_ONCE = 8;
const OPTIONS_BODIES_AT_ONCE = 20;
const WEBHOOK_VOLLEYS = Math.ceil((BODIES * WEBHOOK_SHARE) / WEBHOOK_BODIES_AT_ONCE);
const OPTIONS_VOLLEYS = Math.ceil((BODIES * (1 - WEBHOOK_SHARE)) / OPTIONS_BODIES_AT_ONCE);

/** The last id is one that imprecise arithmetic could make of another. */
const FIXTURES = [...THREE_AT_ONCE, { ...THREE_AT_ONCE[0]!, id: LARGEST_EXACT }];

/** `count` of what `arbitrary` makes. */
function volleyOf<T>(arbitrary: fc.Arbitrary<T>, count: number): fc.Arbitrary<T[]> {
  return fc.array(arbitrary, { minLength: count, maxLength: count });
}

async function originOf({ sql, ready }: Stack): Promise<Origin> {
  const ledgers = await sql<{ id: string; match_id: string }[]>`
    select id, match_id::text from public.schedule_ledger order by match_id`;
  return {
    campaignId: ready.campaign_id,
    ledgers: ledgers.map(({ id, match_id }) => ({ ledgerId: id, matchId: Number(match_id) })),
  };
}

Deno.test("none of thousands of hostile bodies is answered 5xx or loses another event", (t) =>
  withSuite({ fixtures: FIXTURES, sandbox: { users: { count: 20 } } }, async (stack) => {
    printLine(`To run these again: SEED=${SEED} deno task test tests/security/fuzz_test.ts`);
    await schedule(stack);
    await stack.sql`create index on public.notification_sends ((raw_payload ->> 'mark'))`;
    const origin = await originOf(stack);
    let bodies = 0;
    let events = 0;

    let volleys = 0;
    const tellWebhook = async (plans: readonly BodyPlan[], times: number) => {
      const volley = ++volleys;
      const made = plans.map((plan, body) =>
        makeBody(plan, (event) => `${volley}-${body}-${event}`, origin, CLOCK)
      );
      bodies += made.length;
      events += made.reduce((sum, { parts }) => sum + parts.length, 0);
      const answers = await Promise.all(
        Array.from({ length: times }, () => made).flat().map((body) => postToWebhook(stack, body)),
      );
      deepStrictEqual(await faultsOf(stack, made, answers, origin), []);
    };
    await t.step(
      "braze-webhook, with good events among the bad, now and then twice at once",
      () =>
        fc.assert(
          fc.asyncProperty(
            volleyOf(bodyPlan, WEBHOOK_BODIES_AT_ONCE),
            fc.constantFrom(1, 1, 1, 2),
            tellWebhook,
          ),
          { seed: SEED, numRuns: WEBHOOK_VOLLEYS },
        ),
    );

    // Replays of rejects would read everything that was kept above, each time.
    await stack.sql`truncate public.webhook_rejects`;
    await t.step("options of all functions, with a credential and without", () =>
      fc.assert(
        fc.asyncProperty(volleyOf(optionsPlan, OPTIONS_BODIES_AT_ONCE), async (plans) => {
          bodies += plans.length;
          const faults = await Promise.all(
            plans.map(async (plan) => faultsInCall(plan, await callWith(stack, plan))),
          );
          deepStrictEqual(faults.flat(), []);
        }),
        { seed: SEED, numRuns: OPTIONS_VOLLEYS },
      ));

    printLine(`${bodies} bodies, with ${events} events in those to the webhook`);
    ok(bodies >= BODIES, `${bodies} bodies`);
  }));
