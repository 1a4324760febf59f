/**
 * 25,000 webhook messages, one for each request, and a day's worth of Currents batches, with the receiver killed,
 * Postgres crashed and PostgREST killed in the middle of both: events answered with 2xx are stored, others are sent
 * again, and none is stored twice.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { createWriter } from "../../local/cli/writer.ts";
import { type Burst, type BurstOptions, runBurst } from "./burst.ts";

const out = createWriter(Deno.stdout);
/** Some users follow neither team. */
const USERS = Number(Deno.env.get("SOAK_USERS") ?? 26_500);

async function run(name: string, options: BurstOptions): Promise<Burst> {
  const started = performance.now();
  const burst = await runBurst(options);
  const seconds = Math.round((performance.now() - started) / 1_000);
  const { sent, stored, requests, kills, minutes, storedUnanswered } = burst;
  out.line(
    `${name} (${seconds} s): ${sent} events sent, ${stored} stored, ${kills} kills, ${minutes} minutes of Braze's, ` +
      `${storedUnanswered} stored without an answer; answers ${JSON.stringify(requests)}`,
  );
  return burst;
}

function verify(burst: Burst, options: BurstOptions): void {
  deepStrictEqual(burst.problems, []);
  strictEqual(burst.stored, burst.sent);
  strictEqual(burst.kills, options.kills.length);
  // Otherwise no part was killed while it worked.
  ok((burst.requests["unreachable"] ?? 0) > 0 && (burst.requests["503"] ?? 0) > 0);
  ok(burst.storedUnanswered >= 0);
}

Deno.test("25,000 single messages are stored once each while every part is killed", async () => {
  const options: BurstOptions = {
    users: USERS,
    secondsMax: 600,
    switches: {
      currents: { enabled: false },
      webhook: { enabled: true, duplicateProbability: 0.03 },
      openProbability: 0,
      bounceProbability: 0,
    },
    kills: [
      { at: 0.15, parts: ["receiver"] },
      { at: 0.35, parts: ["Postgres"] },
      { at: 0.55, parts: ["PostgREST"] },
      { at: 0.75, parts: ["Postgres", "receiver"] },
    ],
  };
  const burst = await run("Single messages", options);
  verify(burst, options);
});

Deno.test("Currents batches are stored, each event once, while every part is killed", async () => {
  const options: BurstOptions = {
    users: USERS,
    secondsMax: 600,
    switches: {
      currents: { duplicateProbability: 0.05, delaySecondsMax: 120 },
      openDelaySecondsMax: 300,
    },
    kills: [
      { at: 0.1, parts: ["Postgres"] },
      { at: 0.3, parts: ["receiver"] },
      { at: 0.5, parts: ["PostgREST"] },
      { at: 0.7, parts: ["receiver", "Postgres", "PostgREST"] },
    ],
  };
  verify(await run("Batches", options), options);
});
