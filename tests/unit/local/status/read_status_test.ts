import { deepStrictEqual, ok } from "node:assert/strict";
import { readStatus } from "../../../../local/status/read_status.ts";

const NOW = new Date("2024-12-07T14:20:00Z");
const VARIABLES: Readonly<Record<string, string>> = {
  SUPABASE_URL: "https://project.test",
  SUPABASE_SECRET_KEYS: '{"default":"sb_secret_test"}',
};

Deno.test("readStatus() sends GET only, which a read replica can answer", async () => {
  const calls: string[] = [];
  const real = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    const { method, url } = new Request(input, init);
    calls.push(`${method} ${url}`);
    const jobs = { cron_silent_since: null, functions: [] };
    return Promise.resolve(Response.json(url.includes("job_states") ? jobs : []));
  };
  try {
    await readStatus(
      {
        env: (name) => VARIABLES[name],
        suiteNow: () => Promise.resolve(NOW),
        cronSince: () => Promise.resolve(NOW),
      },
      "2024-12-07",
      NOW,
    );
  } finally {
    globalThis.fetch = real;
  }
  ok(calls.every((call) => call.startsWith("GET https://project.test/rest/v1/")), calls.join("\n"));
  const asked = new URL(calls.find((call) => call.includes("day_verdicts"))!.slice("GET ".length));
  deepStrictEqual(Object.fromEntries(asked.searchParams), {
    p_from: "2024-12-07T00:00:00.000Z",
    p_until: "2024-12-08T00:00:00.000Z",
    p_now: NOW.toISOString(),
  });
});
