/** The deployed `index.ts` of every function, on the wall clock, as a hosted project runs it. */
import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import { signGateToken } from "../../supabase/functions/_shared/auth/gate_token.ts";
import { withStack } from "../support/database.ts";

const sandbox = { users: { count: 100 } };

async function until<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 0; attempt < 400; attempt++) {
    const found = await read();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("Cannot wait any longer: it must happen within 10 s, got nothing");
}

Deno.test("every function boots from its index.ts, accepts its callers and refuses an unknown one", () =>
  withStack({ sandbox }, async ({ ready, keys, functions }) => {
    const nobodys = {
      ledgerId: crypto.randomUUID(),
      generation: 1,
      attemptId: crypto.randomUUID(),
    };
    const token = await signGateToken(nobodys, keys.sendGateSecret);
    notStrictEqual(functions.names.length, 0);
    for (const name of functions.names) {
      const ask = async (query: string, init: RequestInit) => {
        const response = await fetch(`${ready.functions_url}/${name}${query}`, init);
        strictEqual(response.headers.get("sb-error-code"), null, name);
        await response.body?.cancel();
        return response.status;
      };
      if (name === "braze-send-gate") {
        strictEqual(await ask("", {}), 401);
        strictEqual(await ask(`?token=${token}`, {}), 200);
        continue;
      }
      const call = (headers: HeadersInit, body: string) =>
        ask("", {
          method: "POST",
          headers: { "content-type": "application/json", ...headers },
          body,
        });
      strictEqual(await call({}, "{}"), 401, name);
      const body = name === "braze-webhook" ? '{"events": []}' : '{"dry_run": true}';
      strictEqual(await call({ apikey: ready.secret_key }, body), 200, name);
    }
  }));

Deno.test("on the wall clock SQL calls a function, which answers at once and ends its run later", () =>
  withStack({ sandbox }, async ({ sql }) => {
    await sql`select private.invoke_function('braze-scheduler', now())`;
    const run = await until(async () =>
      (await sql`select outcome, caller from public.job_runs where outcome not in ('called', 'running')`)[
        0
      ]
    );
    deepStrictEqual({ ...run }, { outcome: "succeeded", caller: "cron" });
    const response = await until(async () =>
      (await sql`select status_code from net._http_response`)[0]
    );
    strictEqual(response.status_code, 202);
  }));

Deno.test("on the wall clock the stub of pg_cron runs jobs by the second and notices new ones", () =>
  withStack({ sandbox }, async ({ sql }) => {
    await sql`select cron.schedule('quick', '1 seconds', 'select 42')`;
    const run = await until(async () =>
      (await sql`
        select status, return_message, end_time >= start_time as ordered from cron.job_run_details
        where command = 'select 42' and status <> 'running'`)[0]
    );
    deepStrictEqual({ ...run }, { status: "succeeded", return_message: "1 row", ordered: true });
    await sql`select cron.unschedule('quick')`;
  }));

Deno.test("on the wall clock the time cannot be moved", () =>
  withStack({ sandbox }, async ({ ready }) => {
    const response = await fetch(`${ready.control_url}/clock`, {
      method: "POST",
      body: '{"advance_seconds": 60}',
    });
    strictEqual(response.status, 409);
    await response.body?.cancel();
  }));
