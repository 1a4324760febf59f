import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import {
  findAudienceFault,
  matchAudience,
} from "../../supabase/functions/_shared/braze/audience.ts";
import { readListing } from "../../supabase/functions/_shared/braze/listing.ts";
import { type CallResult, judge } from "../../supabase/functions/_shared/braze/outcome.ts";
import { NO_RATE_LIMIT } from "../../supabase/functions/_shared/braze/outcome.ts";
import { createPacing } from "../../supabase/functions/_shared/braze/pacing.ts";
import {
  CampaignDetails,
  CreatedSchedule,
  DailyStatistics,
  type ListedBroadcast,
  ScheduledBroadcasts,
} from "../../supabase/functions/_shared/braze/schemas.ts";
import { API_KEY, connect } from "../support/braze_server.ts";
import { ManualClock } from "../support/manual_clock.ts";

const facts = { attempts: 1, earlierUnknown: false, rateLimit: NO_RATE_LIMIT };
const name = fc.string({ minLength: 1 }).filter((text) => text.trim() !== "");

Deno.test("no audience that matchAudience() builds is empty, and its order does not matter", () => {
  fc.assert(fc.property(
    fc.array(name, { minLength: 1 }),
    fc.array(name, { minLength: 1 }),
    (attributes, values) => {
      const audience = matchAudience(attributes, values);
      strictEqual(findAudienceFault(audience), null);
      deepStrictEqual(matchAudience([...attributes, ...attributes].reverse(), values), audience);
    },
  ));
});

/** Valid trees of filters, and the place of an empty join in them. */
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: "small" },
    name.map((value) => ({
      custom_attribute: { custom_attribute_name: "Team 1", comparison: "equals", value },
    })),
    fc.record(
      { AND: fc.array(tie("tree"), { minLength: 1, maxLength: 3 }) },
      { noNullPrototype: true },
    ),
    fc.record(
      { OR: fc.array(tie("tree"), { minLength: 1, maxLength: 3 }) },
      { noNullPrototype: true },
    ),
  ),
}));

Deno.test("an empty join is found at any depth", () => {
  fc.assert(fc.property(
    tree,
    fc.array(fc.constantFrom("AND", "OR"), { maxLength: 6 }),
    fc.constantFrom("AND", "OR"),
    (sound, path, join) => {
      const hide = (inner: unknown) =>
        path.reduce((held: unknown, above) => ({ [above]: [sound, held] }), inner);
      strictEqual(findAudienceFault(hide(sound)), null);
      ok(findAudienceFault(hide({ [join]: [] })) !== null);
    },
  ));
});

Deno.test("findAudienceFault() throws on no JSON value", () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => void findAudienceFault(value)));
});

const status = fc.constantFrom(200, 201, 204, 302, 400, 401, 404, 408, 413, 429, 500, 502, 503);
/** Values that look like answers, and values that do not. */
const answerText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.json(),
  fc.record({
    message: fc.oneof(fc.constant("success"), fc.string(), fc.jsonValue()),
    errors: fc.oneof(fc.array(fc.jsonValue()), fc.jsonValue()),
    schedule_id: fc.jsonValue(),
    data: fc.oneof(
      fc.jsonValue(),
      fc.array(fc.record({ time: fc.string(), messages: fc.object() })),
    ),
    messages: fc.object(),
    scheduled_broadcasts: fc.array(
      fc.record({
        id: fc.oneof(fc.constantFrom("ours", "theirs"), fc.jsonValue()),
        schedule_id: fc.oneof(fc.string(), fc.jsonValue()),
        trigger_properties: fc.jsonValue(),
        next_send_time: fc.oneof(fc.string(), fc.jsonValue()),
      }, { requiredKeys: [] }),
    ),
  }, { requiredKeys: [] }).map((answer) => JSON.stringify(answer)),
);

Deno.test("judge() accepts any answer of Braze, and only a 2xx can succeed", () => {
  fc.assert(fc.property(status, fc.option(answerText), (httpStatus, text) => {
    const answer = { kind: "answered", httpStatus, text, rateLimit: NO_RATE_LIMIT } as const;
    for (
      const schema of [CreatedSchedule, ScheduledBroadcasts, DailyStatistics, CampaignDetails]
    ) {
      const verdict = judge<unknown>(answer, schema);
      const { outcome } = verdict;
      if (outcome === "succeeded") ok(httpStatus < 300);
      if (httpStatus >= 500 || httpStatus === 408) strictEqual(outcome, "unknown");
      if (verdict.outcome === "unknown" && verdict.scheduleId !== undefined) {
        ok(text?.includes("schedule_id"));
      } else if (httpStatus >= 400 && httpStatus < 500 && httpStatus !== 408) {
        strictEqual(outcome, "failed");
      }
    }
  }));
});

Deno.test("readListing() reads any list, and returns only our entries", () => {
  fc.assert(fc.property(status, fc.option(answerText), (httpStatus, text) => {
    const answer = { kind: "answered", httpStatus, text, rateLimit: NO_RATE_LIMIT } as const;
    const result: CallResult<ListedBroadcast[]> = {
      ...judge(answer, ScheduledBroadcasts),
      ...facts,
    };
    const listing = readListing(result, ["ours"]);
    const [ours, ...others] = listing.campaigns;
    deepStrictEqual(others, []);
    for (const { campaignId } of [ours!, ...ours!.schedules]) strictEqual(campaignId, "ours");
    strictEqual(ours!.mode === "unavailable", result.outcome !== "succeeded");
    if (ours!.mode === "per_schedule") strictEqual(ours!.schedules.length, ours!.entries);
  }));
});

Deno.test("a call never throws and never exposes the key, for any answer of Braze", async () => {
  await fc.assert(fc.asyncProperty(status, answerText, async (httpStatus, text) => {
    const { client, logged } = connect("http://127.0.0.1", {
      fetch: () =>
        Promise.resolve(
          new Response(httpStatus === 204 ? null : `${text}`, { status: httpStatus }),
        ),
    });
    const result = await client.deleteSchedule({ campaignId: "ours", scheduleId: API_KEY });
    ok(!JSON.stringify([result, logged]).includes(API_KEY));
  }));
});

Deno.test("no minute contains more creates than Braze allows", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.integer({ min: 0, max: 20_000 })), {
        minLength: 30,
        maxLength: 120,
      }),
      async (creates) => {
        const clock = new ManualClock("2024-12-07T06:00:00Z", () => true);
        const pacing = createPacing(clock);
        const sent: { readonly key: string; readonly ms: number }[] = [];
        for (const [key, pauseMs] of creates) {
          if (pauseMs < 5_000) await clock.sleep(pauseMs);
          strictEqual(await pacing.admit(key, null), true);
          sent.push({ key, ms: clock.now().getTime() });
        }
        for (const { key, ms } of sent) {
          const alike = sent.filter((other) =>
            other.key === key && other.ms >= ms && other.ms < ms + 60_000
          );
          ok(alike.length <= 10);
        }
      },
    ),
    { numRuns: 50 },
  );
});
