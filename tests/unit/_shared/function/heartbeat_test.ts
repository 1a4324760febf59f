import { deepStrictEqual, ok } from "node:assert/strict";
import { createPingHeartbeat } from "../../../../supabase/functions/_shared/function/heartbeat.ts";
import type { Answer } from "../../../../supabase/functions/_shared/http/fetch_within.ts";
import { refusals } from "../../../support/fake_store.ts";
import { fakeWorld } from "../../../support/fake_world.ts";

const URL = "https://ping.example/0b9f6f6e";
const answer = (status: number): Answer => ({ status, headers: new Headers(), body: "OK" });

async function ping(
  options: {
    readonly url?: string | null;
    readonly reasons?: () => Promise<string[]>;
    readonly answer?: Answer | "timed_out" | "connection_failed";
  } = {},
) {
  const pinged: string[] = [];
  const world = fakeWorld({
    environment: { heartbeatUrl: options.url === undefined ? URL : options.url },
    deliveries: { silenceReasons: options.reasons ?? (() => Promise.resolve([])) },
    fetchWithin: (url) => {
      pinged.push(url);
      return Promise.resolve(options.answer ?? answer(200));
    },
  });
  await createPingHeartbeat(world.dependencies)(world.dependencies.log);
  return { pinged, logged: world.logged };
}

Deno.test("pingHeartbeat() calls the address while all is well, and says nothing", async () => {
  deepStrictEqual(await ping(), { pinged: [URL], logged: [] });
});

Deno.test("pingHeartbeat() calls nothing without an address", async () => {
  deepStrictEqual(await ping({ url: null }), { pinged: [], logged: [] });
});

Deno.test("pingHeartbeat() withholds the ping for a reason, and logs it", async () => {
  const reasons = ["braze-scheduler has not succeeded within twice its period"];
  const { pinged, logged } = await ping({ reasons: () => Promise.resolve(reasons) });
  deepStrictEqual(pinged, []);
  deepStrictEqual(logged.map(({ event, reasons }) => [event, reasons]), [[
    "heartbeat_withheld",
    reasons,
  ]]);
});

Deno.test("pingHeartbeat() withholds the ping when the database does not answer", async () => {
  const { pinged, logged } = await ping({ reasons: () => Promise.reject(refusals.unavailable) });
  deepStrictEqual([pinged, logged.map(({ event }) => event)], [[], ["heartbeat_not_sent"]]);
});

for (const refused of [answer(404), "timed_out", "connection_failed"] as const) {
  Deno.test(`pingHeartbeat() reports ${JSON.stringify(refused)} without the address`, async () => {
    const { logged } = await ping({ answer: refused });
    deepStrictEqual(logged.map(({ event }) => event), ["heartbeat_not_taken"]);
    ok(!JSON.stringify(logged).includes("ping.example"));
  });
}
