import { deepStrictEqual } from "node:assert/strict";
import { minutes, NOW, type Suite, withSuite } from "./fixtures.ts";
import { claim, deliverAll, raise, record } from "./alerts.ts";

const reasons = ({ call }: Suite, now = NOW, channel = "webhook") =>
  call<string[]>("heartbeat_silence", { p_channel: channel, p_now: now });

/** All timed functions succeeded at `at`. */
async function succeed({ sql }: Suite, at: Date, outcome = "succeeded"): Promise<void> {
  await sql`
    insert into public.job_runs (function_name, caller, outcome, called_at, started_at, finished_at)
    select function_name, 'secret_key', ${outcome}, ${at}, ${at}, ${at} from private.job_periods`;
}

const watch = ({ sql }: Suite, since = NOW) =>
  sql`update private.job_periods set watched_since = ${since}`;

Deno.test(
  "the ping is withheld as soon as a timed function has not succeeded within twice its period",
  withSuite(async (suite) => {
    await watch(suite);
    await succeed(suite, NOW);
    deepStrictEqual(await reasons(suite, minutes(10)), []);
    deepStrictEqual(await reasons(suite, minutes(11)), [
      "braze-preflight-check has not succeeded within twice its period",
      "braze-scheduler has not succeeded within twice its period",
    ]);
    // A run that ended is not a run that succeeded.
    await succeed(suite, minutes(11), "failed");
    deepStrictEqual((await reasons(suite, minutes(11))).length, 2);
    await succeed(suite, minutes(12), "partial");
    deepStrictEqual(await reasons(suite, minutes(12)), []);
    deepStrictEqual((await reasons(suite, minutes(2_900))).length, 5);
  }),
);

Deno.test(
  "a function that never ran counts from when it was watched",
  withSuite(async (suite) => {
    await watch(suite, minutes(-9));
    deepStrictEqual(await reasons(suite), []);
    deepStrictEqual((await reasons(suite, minutes(2))).length, 2);
  }),
);

Deno.test(
  "the ping is withheld while an alert reaches nobody",
  withSuite(async (suite) => {
    const at = (time: number) => succeed(suite, minutes(time)).then(() => minutes(time));
    await raise(suite);
    deepStrictEqual(await reasons(suite, await at(15)), []);
    const undelivered = ["1 alert could not be delivered"];
    deepStrictEqual(await reasons(suite, await at(16)), undelivered);
    await deliverAll(suite, minutes(16));
    deepStrictEqual(await reasons(suite, minutes(16)), []);

    await raise(suite, { severity: "critical" }, minutes(17));
    for (let attempt = 1; attempt <= 3; attempt++) {
      deepStrictEqual(await reasons(suite, minutes(17)), [], `attempt ${attempt}`);
      await record(suite, await claim(suite, minutes(17)), {
        p_outcome: "failed",
        p_error: "404",
        p_next_at: minutes(17),
      }, minutes(17));
    }
    deepStrictEqual(await reasons(suite, minutes(17)), undelivered);
  }),
);

Deno.test(
  "without a chat the log is where alerts are delivered",
  withSuite(async (suite) => {
    await succeed(suite, minutes(20));
    await raise(suite);
    const logged = await claim(suite, NOW, { p_channel: "log" });
    await record(suite, logged, { p_outcome: "delivered", p_channel: "log" });
    deepStrictEqual(await reasons(suite, minutes(20), "log"), []);
  }),
);
