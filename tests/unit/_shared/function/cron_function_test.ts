import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { z } from "zod";
import type { ErrorCode } from "../../../../supabase/functions/_shared/http/errors.ts";
import {
  createCronFunction,
  isPastDeadline,
  type Run,
  type RunResult,
} from "../../../../supabase/functions/_shared/function/cron_function.ts";
import { at } from "../../../support/facts.ts";
import { refusals, RUN_ID } from "../../../support/fake_store.ts";
import {
  cron,
  fakeWorld,
  post,
  RUN_DEADLINE_MS,
  type WorldOptions,
} from "../../../support/fake_world.ts";

const Options = z.strictObject({
  dry_run: z.boolean().default(false),
  limit: z.int().optional(),
});
type Options = z.infer<typeof Options>;

const well: RunResult = { outcome: "succeeded", summary: { matches: 3 } };

function setup(
  world: WorldOptions = {},
  work: (options: Options, run: Run) => Promise<RunResult> = () => Promise.resolve(well),
) {
  const made = fakeWorld(world);
  const runs: { readonly options: Options; readonly run: Run }[] = [];
  const handle = createCronFunction(made.dependencies, {
    options: Options,
    isDryRun: (options) => options.dry_run,
    run(options, run) {
      runs.push({ options, run });
      return work(options, run);
    },
  });
  return { ...made, handle, runs };
}

const cronBody = { function: "braze-scheduler", scheduled_at: "2024-12-07T06:00:00+00:00" };
const fails = () => Promise.reject(new Error("Cannot go on"));

Deno.test("a timed function answers a person after the work, with its result", async () => {
  const { handle, calls, said } = setup();
  const { status, body } = await post(handle);
  strictEqual(status, 200);
  deepStrictEqual(body, { run_id: RUN_ID, outcome: "succeeded", dry_run: false, matches: 3 });
  deepStrictEqual(calls, ["runs.claim", "runs.finish"]);
  deepStrictEqual(said("runs.finish"), [
    { runId: RUN_ID, ...well, now: at("06:00:00") },
  ]);
});

Deno.test("a timed function answers pg_cron at once, and continues under waitUntil", async () => {
  const done = Promise.withResolvers<RunResult>();
  const { handle, calls, background } = setup({ caller: cron }, () => done.promise);
  const { status, body } = await post(handle, cronBody);
  strictEqual(status, 202);
  deepStrictEqual(body, { run_id: RUN_ID, outcome: "claimed" });
  deepStrictEqual(calls, ["runs.claim"]);
  strictEqual(background.length, 1);

  done.resolve(well);
  await Promise.all(background);
  deepStrictEqual(calls, ["runs.claim", "runs.finish"]);
});

Deno.test("a timed function runs with the defaults for pg_cron, and accepts no options from it", async () => {
  const { handle, runs, background } = setup({ caller: cron });
  await post(handle, cronBody);
  await Promise.all(background);
  deepStrictEqual(runs.map(({ options }) => options), [{ dry_run: false }]);
  strictEqual((await post(handle, { ...cronBody, dry_run: true })).status, 400);
});

for (
  const [code, status] of [
    ["no_credential", 401],
    ["bad_credential", 401],
    ["bad_timestamp", 401],
    ["not_allowed", 403],
    ["wrong_function", 403],
  ] as const satisfies readonly (readonly [ErrorCode, number])[]
) {
  Deno.test(`a timed function refuses ${code} with ${status}, and claims no run`, async () => {
    const { handle, calls } = setup({ identification: { ok: false, code } });
    const answered = await post(handle);
    strictEqual(answered.status, status);
    strictEqual(answered.body.code, code);
    deepStrictEqual(calls, []);
  });
}

Deno.test("a timed function refuses GET, and returns the allowed method", async () => {
  const { handle, calls } = setup();
  const { status, headers } = await post(handle, "", { method: "GET" });
  strictEqual(status, 405);
  strictEqual(headers.get("allow"), "POST, OPTIONS");
  deepStrictEqual(calls, []);
});

for (
  const [what, body, message] of [
    ["is not JSON", "{", "Cannot read options: the body must be JSON"],
    ["has an unknown name", { dryrun: true }, /^Cannot read options: body: .*"dryrun"/],
    [
      "repeats a key with two values",
      '{"dry_run":true,"dry_run":false}',
      /Object must not hold a name twice$/,
    ],
    ["holds NUL", '{"limit":"\\u0000"}', "Cannot read options: Text must not hold NUL"],
    ["holds half a character", '{"\\ud800":1}', /must not hold a lone surrogate$/],
    [
      "is nested out of all bounds",
      "[".repeat(30_000) + "]".repeat(30_000),
      /deeper than 64 levels$/,
    ],
    ["holds a number beyond all", '{"limit":1e400}', /of a size that a double can hold$/],
    [
      "holds a number past exact counting",
      '{"limit":9007199254740993}',
      /^Cannot read options: limit/,
    ],
    ["begins with what only looks blank", "\u00a0{}", "Cannot read options: the body must be JSON"],
    ["has an endless name", `{"${"x".repeat(60_000)}":1}`, /^.{1,600}$/],
    ["has a wrong value", { limit: "3" }, /^Cannot read options: limit: /],
    ["is not an object", [], /^Cannot read options: body: /],
  ] as const
) {
  Deno.test(`a timed function refuses a body that ${what}, with the reason`, async () => {
    const { handle, calls } = setup();
    const answered = await post(handle, body);
    strictEqual(answered.status, 400);
    strictEqual(answered.body.code, "invalid_body");
    if (typeof message === "string") strictEqual(answered.body.message, message);
    else match(String(answered.body.message), message);
    deepStrictEqual(calls, []);
  });
}

Deno.test("a timed function refuses a body that is too large, after it authenticated the caller", async () => {
  strictEqual((await post(setup().handle, "x".repeat(65_537))).status, 413);
  const { handle } = setup({ identification: { ok: false, code: "no_credential" } });
  strictEqual((await post(handle, "x".repeat(65_537))).status, 401);
});

Deno.test("a timed function does not read the body of an unauthorised caller", async () => {
  const { handle } = setup({ identification: { ok: false, code: "bad_credential" } });
  let chunks = 0;
  const body = new ReadableStream({ pull: () => void chunks++ }, { highWaterMark: 0 });
  strictEqual((await post(handle, "", { body })).status, 401);
  strictEqual(chunks, 0);
});

Deno.test("a timed function passes the run its options, its lease and its deadline", async () => {
  const { handle, runs, said } = setup();
  await post(handle, { dry_run: true, limit: 3 });
  const [{ options, run } = { options: {}, run: undefined }] = runs;
  deepStrictEqual(options, { dry_run: true, limit: 3 });
  strictEqual(run?.dryRun, true);
  deepStrictEqual(run?.deadline, at("06:01:00"));
  // Longer than the deadline, since an attempt that began in time may still wait for its answer.
  deepStrictEqual(run?.lease, { runId: RUN_ID, leaseSeconds: RUN_DEADLINE_MS / 1_000 + 120 });
  deepStrictEqual(said("runs.claim"), [{
    functionName: "braze-scheduler",
    caller: { kind: "secret_key" },
    dryRun: true,
    leaseSeconds: 180,
    now: at("06:00:00"),
  }]);
});

for (
  const [what, caller, reason, status, body] of [
    [
      "a scheduled time that ran",
      cron,
      "already_claimed",
      200,
      { run_id: RUN_ID, outcome: "skipped", reason: "already_claimed" },
    ],
    [
      "pg_cron while another run works",
      cron,
      "overlap",
      200,
      { run_id: RUN_ID, outcome: "skipped", reason: "overlap" },
    ],
    [
      "a person while another run works",
      { kind: "secret_key" },
      "overlap",
      409,
      {
        code: "run_in_progress",
        message: "Another run of this function holds the lease",
        run_id: RUN_ID,
      },
    ],
    [
      "a call that the database never made",
      cron,
      "unknown_invocation",
      403,
      { code: "not_allowed", message: "This caller may not call this function", run_id: null },
    ],
  ] as const
) {
  Deno.test(`a timed function answers ${status} to ${what}, and does nothing`, async () => {
    const world = { caller, claim: { claimed: false, reason, runId: RUN_ID } };
    const { handle, runs, calls } = setup(world);
    const answered = await post(handle, caller.kind === "cron" ? cronBody : "");
    strictEqual(answered.status, status);
    deepStrictEqual(answered.body, body);
    deepStrictEqual(runs, []);
    deepStrictEqual(calls, ["runs.claim"]);
  });
}

Deno.test("a timed function records a run that threw as failed, and answers 500", async () => {
  const { handle, said, logged } = setup({}, fails);
  const { status, body } = await post(handle);
  strictEqual(status, 500);
  deepStrictEqual(body, {
    code: "internal",
    message: "Internal error: see the function's log",
    run_id: RUN_ID,
  });
  deepStrictEqual(said("runs.finish"), [{
    runId: RUN_ID,
    outcome: "failed",
    summary: {},
    error: "Cannot go on",
    now: at("06:00:00"),
  }]);
  const last = logged.at(-1);
  deepStrictEqual([last?.level, last?.event, last?.run_id], ["error", "run_ended", RUN_ID]);
});

Deno.test("a timed function records a run of pg_cron that threw, and handles the error", async () => {
  const { handle, said, background } = setup({ caller: cron }, fails);
  strictEqual((await post(handle, cronBody)).status, 202);
  await Promise.all(background);
  strictEqual(said("runs.finish").length, 1);
});

Deno.test("a timed function answers 503 when the database becomes unavailable during the run", async () => {
  const { handle } = setup({}, () => Promise.reject(refusals.unavailable));
  const { status, body, headers } = await post(handle);
  strictEqual(status, 503);
  strictEqual(body.code, "database_unavailable");
  ok(headers.has("retry-after"));
});

for (
  const [what, error, status, code] of [
    ["is away", refusals.unavailable, 503, "database_unavailable"],
    ["is broken", refusals.broken, 500, "internal"],
  ] as const
) {
  Deno.test(`a timed function answers ${status} when the database ${what} at the claim`, async () => {
    const { handle, runs } = setup({ runs: { claim: () => Promise.reject(error) } });
    const answered = await post(handle);
    strictEqual(answered.status, status);
    deepStrictEqual([answered.body.code, answered.body.run_id], [code, null]);
    deepStrictEqual(runs, []);
  });
}

Deno.test("a timed function answers its result when only its end cannot be recorded", async () => {
  const finish = () => Promise.reject(refusals.unavailable);
  const { handle, logged } = setup({ runs: { finish } });
  const { status, body } = await post(handle);
  strictEqual(status, 200);
  strictEqual(body.outcome, "succeeded");
  ok(logged.some(({ event }) => event === "run_end_not_recorded"));
});

Deno.test("a timed function lets the operators' dashboard read its refusals too", async () => {
  const { handle } = setup({ identification: { ok: false, code: "bad_credential" } });
  const { headers } = await post(handle, "", { headers: { origin: "https://dashboard.test" } });
  strictEqual(headers.get("access-control-allow-origin"), "https://dashboard.test");
});

for (
  const [now, past] of [["06:00:58.999", false], ["06:00:59", true], ["06:02:00", true]] as const
) {
  Deno.test(`isPastDeadline() returns ${past} at ${now} for a run until 06:01:00`, async () => {
    const { handle, runs } = setup();
    await post(handle);
    strictEqual(runs[0] && isPastDeadline(runs[0].run, at(now)), past);
  });
}
