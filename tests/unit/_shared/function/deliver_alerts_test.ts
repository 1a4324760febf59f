import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { createDeliverAlerts } from "../../../../supabase/functions/_shared/function/deliver_alerts.ts";
import type { PostResult } from "../../../../supabase/functions/_shared/alerts/webhook.ts";
import type {
  Delivery,
  DeliveryOutcome,
} from "../../../../supabase/functions/_shared/store/deliveries.ts";
import { deliveries, delivery } from "../../../support/deliveries.ts";
import { at } from "../../../support/facts.ts";
import { refusals } from "../../../support/fake_store.ts";
import { fakeWorld, type World, type WorldOptions } from "../../../support/fake_world.ts";
import { ManualClock } from "../../../support/manual_clock.ts";

const ADMIN = "https://chat.test/admin";
const ENGINEERING = "https://chat.test/engineering";

interface Posted {
  readonly url: string;
  readonly text: string;
  readonly at: Date;
}

interface Delivered extends World {
  readonly posted: Posted[];
  readonly recorded: readonly { ids: number[]; outcome: DeliveryOutcome }[];
}

/** One run's deliveries of `claimed`; `answer` gives the webhook's answers. */
async function deliver(
  claimed: readonly Delivery[],
  options: {
    readonly answer?: (post: number) => PostResult;
    readonly postMs?: number;
    readonly deadline?: Date;
    readonly world?: WorldOptions;
  } = {},
): Promise<Delivered> {
  const { answer = () => ({ ok: true }), postMs = 0, deadline = at("06:01:00") } = options;
  const clock = new ManualClock("2024-12-07T06:00:00Z", () => true);
  const posted: Posted[] = [];
  const world = fakeWorld({
    environment: { alertWebhookUrls: { admin: ADMIN, engineering: ENGINEERING } },
    deliveries: { claim: () => Promise.resolve([...claimed]) },
    postAlert: async (url, { lines }) => {
      posted.push({ url, text: lines.join("\n"), at: clock.now() });
      await clock.sleep(postMs);
      return answer(posted.length);
    },
    ...options.world,
  });
  const dependencies = { ...world.dependencies, clock };
  await createDeliverAlerts(dependencies)({ deadline, log: dependencies.log });
  const said = world.said("deliveries.record") as {
    deliveries: Delivery[];
    outcome: DeliveryOutcome;
  }[];
  const recorded = said.map(({ deliveries, outcome }) => ({
    ids: deliveries.map(({ alertId }) => alertId),
    outcome,
  }));
  return { ...world, posted, recorded };
}

const DELIVERED: DeliveryOutcome = { outcome: "delivered", channel: "webhook" };

Deno.test("deliverAlerts() sends each alert to its audience and records it after it was accepted", async () => {
  const { posted, recorded } = await deliver([
    delivery({ alertId: 1 }),
    delivery({ alertId: 2, audience: "engineering" }),
  ]);
  deepStrictEqual(posted.map(({ url }) => url), [ADMIN, ENGINEERING]);
  deepStrictEqual(recorded, [
    { ids: [1], outcome: DELIVERED },
    { ids: [2], outcome: DELIVERED },
  ]);
});

Deno.test("deliverAlerts() does nothing without a message to send", async () => {
  const { posted, recorded, logged } = await deliver([]);
  deepStrictEqual([posted, recorded, logged], [[], [], []]);
});

Deno.test("deliverAlerts() sends one message a second", async () => {
  const { posted } = await deliver(deliveries(3));
  deepStrictEqual(
    posted.map((post) => post.at),
    [at("06:00:00"), at("06:00:01"), at("06:00:02")],
  );
});

for (const [count, messages] of [[5, 5], [6, 1]] as const) {
  Deno.test(`deliverAlerts() sends ${messages} message(s) for ${count} alerts at once`, async () => {
    const { posted, recorded } = await deliver(deliveries(count));
    strictEqual(posted.length, messages);
    deepStrictEqual(
      recorded.flatMap(({ ids }) => ids),
      deliveries(count).map((one) => one.alertId),
    );
    if (messages === 1) match(posted[0]?.text ?? "", /^6 alerts\n/);
  });
}

Deno.test("deliverAlerts() makes one digest for both audiences if they share a webhook", async () => {
  const { posted } = await deliver([
    ...deliveries(3),
    ...deliveries(3, { audience: "engineering" }),
  ], { world: { environment: { alertWebhookUrls: { admin: ADMIN, engineering: ADMIN } } } });
  strictEqual(posted.length, 1);
});

Deno.test("deliverAlerts() sends as many single messages as its limit allows", async () => {
  const environment = {
    alertWebhookUrls: { admin: ADMIN, engineering: ADMIN },
    alertDigestAt: 1,
  };
  const { posted } = await deliver(deliveries(2), { world: { environment } });
  strictEqual(posted.length, 1);
});

Deno.test("deliverAlerts() stops calling a webhook that asks for a pause, and still calls the other one", async () => {
  const { posted, recorded } = await deliver([
    delivery({ alertId: 1 }),
    delivery({ alertId: 2 }),
    delivery({ alertId: 3, audience: "engineering" }),
  ], {
    answer: (post) =>
      post === 1
        ? {
          ok: false,
          error: "the webhook answered 429",
          retryAt: at("06:00:30"),
          isAddressDown: true,
        }
        : { ok: true },
  });
  deepStrictEqual(posted.map(({ url }) => url), [ADMIN, ENGINEERING]);
  const nextAt = at("06:00:30");
  deepStrictEqual(recorded, [
    { ids: [1], outcome: { outcome: "failed", error: "the webhook answered 429", nextAt } },
    { ids: [2], outcome: { outcome: "deferred", nextAt } },
    { ids: [3], outcome: DELIVERED },
  ]);
});

Deno.test("deliverAlerts() waits longer after each refusal, and reports the last one", async () => {
  const refused = {
    ok: false,
    error: "the webhook answered 500",
    retryAt: null,
    isAddressDown: true,
  } as const;
  const third = await deliver([delivery({ attempts: 2 })], { answer: () => refused });
  deepStrictEqual(third.recorded, [{
    ids: [1],
    outcome: { outcome: "failed", error: refused.error, nextAt: at("06:04:00") },
  }]);
  strictEqual(third.logged.at(-1)?.given_up, false);
  const last = await deliver([delivery({ attempts: 49 })], { answer: () => refused });
  deepStrictEqual(
    [last.logged.at(-1)?.event, last.logged.at(-1)?.given_up],
    ["alert_delivery_failed", true],
  );
});

const REFUSED = {
  ok: false,
  error: "the webhook answered 400 invalid_payload",
  retryAt: null,
  isAddressDown: false,
} as const;

Deno.test("deliverAlerts() tries a refused message in its bare form, and goes on with the next one", async () => {
  const { posted, recorded } = await deliver(deliveries(2), {
    answer: (post) => post <= 2 ? REFUSED : { ok: true },
  });
  deepStrictEqual(posted.map(({ text }) => text.split("\n").length > 1), [true, false, true]);
  strictEqual(posted[1]?.text, "🔴 Critical: create_unknown, match 1002");
  deepStrictEqual(recorded, [
    { ids: [1], outcome: { outcome: "failed", error: REFUSED.error, nextAt: at("06:01:01") } },
    { ids: [2], outcome: DELIVERED },
  ]);
});

Deno.test("deliverAlerts() counts a bare message as told", async () => {
  const { recorded } = await deliver(deliveries(1), {
    answer: (post) => post === 1 ? REFUSED : { ok: true },
  });
  deepStrictEqual(recorded, [{ ids: [1], outcome: DELIVERED }]);
});

Deno.test("deliverAlerts() sends the alerts of a refused digest one by one, and only the refused one in its bare form", async () => {
  const { posted, recorded } = await deliver(deliveries(6), {
    // The digest, then the third of its alerts.
    answer: (post) => post === 1 || post === 4 ? REFUSED : { ok: true },
  });
  deepStrictEqual(
    posted.map(({ text }) => /^6 alerts|create_unknown, match|Trouble \d/.exec(text)?.[0]),
    [
      "6 alerts",
      "Trouble 1",
      "Trouble 2",
      "Trouble 3",
      "create_unknown, match",
      "Trouble 4",
      "Trouble 5",
      "Trouble 6",
    ],
  );
  deepStrictEqual(recorded, [1, 2, 3, 4, 5, 6].map((id) => ({ ids: [id], outcome: DELIVERED })));
});

Deno.test("deliverAlerts() leaves messages to the next run if it has no time", async () => {
  const { posted, recorded } = await deliver(deliveries(5), { postMs: 9_000 });
  deepStrictEqual(posted.map((post) => post.at), [at("06:00:00"), at("06:00:10")]);
  deepStrictEqual(
    recorded.slice(2),
    [3, 4, 5].map((id) => ({
      ids: [id],
      outcome: { outcome: "deferred", nextAt: null },
    })),
  );
});

Deno.test("deliverAlerts() has ten seconds left where the run used its time up, and none when it overran", async () => {
  const used = await deliver(deliveries(3), { deadline: at("06:00:00"), postMs: 6_000 });
  strictEqual(used.posted.length, 2);
  const overran = await deliver(deliveries(3), { deadline: at("05:59:00") });
  strictEqual(overran.posted.length, 0);
  strictEqual(overran.recorded.length, 3);
});

Deno.test("deliverAlerts() writes one log line per alert without a webhook", async () => {
  const { posted, recorded, logged } = await deliver([
    delivery({ alertId: 1 }),
    delivery({ alertId: 2, severity: "warning" }),
    delivery({ alertId: 3, kind: "resolved", resolvedAt: at("06:00:00") }),
  ], { world: { environment: { alertWebhookUrls: null } } });
  deepStrictEqual(posted, []);
  deepStrictEqual(recorded, [{
    ids: [1, 2, 3],
    outcome: { outcome: "delivered", channel: "log" },
  }]);
  deepStrictEqual(
    logged.map(({ event, level, kind }) => [event, level, kind]),
    [["alert", "error", "raised"], ["alert", "warn", "raised"], ["alert", "warn", "resolved"]],
  );
  const [first] = logged;
  deepStrictEqual([first?.rule, first?.matchId, first?.claim], ["create_unknown", 1002, undefined]);
});

for (
  const [what, world] of [
    ["cannot be claimed", { deliveries: { claim: () => Promise.reject(refusals.broken) } }],
    [
      "cannot be recorded",
      {
        deliveries: {
          claim: () => Promise.resolve(deliveries(2)),
          record: () => Promise.reject(refusals.unavailable),
        },
      },
    ],
  ] as const satisfies readonly (readonly [string, WorldOptions])[]
) {
  Deno.test(`deliverAlerts() never fails its run, when the delivery ${what}`, async () => {
    const { logged } = await deliver([], { world });
    ok(logged.some(({ event, level }) => event === "alerts_not_delivered" && level === "warn"));
  });
}
