import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  daysOf,
  lengthOf,
  usualSpan,
} from "../../../supabase/functions/webhook-health-rollup/days.ts";
import { latestSize } from "../../../supabase/functions/_shared/function/measure_audiences.ts";
import { DatabaseError } from "../../../supabase/functions/_shared/store/rpc.ts";
import { createHandler } from "../../../supabase/functions/webhook-health-rollup/handler.ts";
import { failed, succeeded } from "../../support/fake_braze.ts";
import {
  type Answered,
  fakeWorld,
  post,
  RUN_DEADLINE_MS,
  type World,
  type WorldOptions,
} from "../../support/fake_world.ts";

const NOW = new Date("2024-12-07T03:00:00Z");

Deno.test("usualSpan() is yesterday and the two days before", () => {
  deepStrictEqual(usualSpan(null, NOW), { from: "2024-12-04", to: "2024-12-06" });
  for (const lastDate of ["2024-12-05", "2024-12-06", "2024-12-07"]) {
    deepStrictEqual(usualSpan(lastDate, NOW), { from: "2024-12-04", to: "2024-12-06" }, lastDate);
  }
});

Deno.test("usualSpan() adds the days of missed runs, and repeats the last day", () => {
  deepStrictEqual(usualSpan("2024-12-04", NOW), { from: "2024-12-03", to: "2024-12-06" });
  deepStrictEqual(usualSpan("2024-11-20", NOW), { from: "2024-11-19", to: "2024-12-06" });
  strictEqual(lengthOf(usualSpan("2020-01-01", NOW)), 400);
});

Deno.test("usualSpan() uses UTC at the start and end of the day", () => {
  strictEqual(usualSpan(null, new Date("2024-12-07T00:00:00Z")).to, "2024-12-06");
  strictEqual(usualSpan(null, new Date("2024-12-07T23:59:59.999Z")).to, "2024-12-06");
});

Deno.test("daysOf() contains both ends, leap days too, and no future day", () => {
  deepStrictEqual(daysOf({ from: "2024-02-28", to: "2024-03-01" }, NOW), [
    "2024-02-28",
    "2024-02-29",
    "2024-03-01",
  ]);
  deepStrictEqual(daysOf({ from: "2024-12-06", to: "2024-12-31" }, NOW), [
    "2024-12-06",
    "2024-12-07",
  ]);
  deepStrictEqual(daysOf({ from: "2024-12-08", to: "2024-12-09" }, NOW), []);
});

Deno.test("latestSize() returns the size of the last day that has one, in any order", () => {
  const day = (name: string, size: number | null) => ({ day: name, size });
  strictEqual(latestSize([day("2024-12-06", 5), day("2024-12-07", 7)]), 7);
  strictEqual(latestSize([day("2024-12-07", 7), day("2024-12-06", 5)]), 7);
  strictEqual(latestSize([day("2024-12-06", 5), day("2024-12-07", null)]), 5);
  strictEqual(latestSize([day("2024-12-06", 0)]), 0);
  for (const size of [null, -1, 1.5, Number.NaN]) strictEqual(latestSize([day("d", size)]), null);
  strictEqual(latestSize([]), null);
});

interface Ran extends World {
  readonly answer: Answered;
}

async function run(body: unknown = "", options: WorldOptions = {}): Promise<Ran> {
  const world = fakeWorld({
    functionName: "webhook-health-rollup",
    now: NOW.toISOString(),
    ...options,
  });
  const answer = await post(createHandler(world.dependencies), body);
  return { ...world, answer };
}

const teams = ["Arsenal", "Chelsea", "Everton"].map((name) => ({ name, segmentId: `of ${name}` }));
const health = { teamsToMeasure: () => Promise.resolve(teams) };

Deno.test("webhook-health-rollup processes the default days in order, then measures audiences", async () => {
  const { answer, calls, said } = await run("", {
    health,
    braze: { segment: (id) => succeeded([{ day: "2024-12-07", size: id.length }]) },
  });
  const days = ["2024-12-04", "2024-12-05", "2024-12-06"];
  deepStrictEqual(said("health.rollUp"), days);
  // What got events since is counted before each day, and nothing else.
  deepStrictEqual(said("counts.mark"), days.map(() => null));
  deepStrictEqual(said("health.storeAudienceSizes"), [[
    { name: "Arsenal", size: 10 },
    { name: "Chelsea", size: 10 },
    { name: "Everton", size: 10 },
  ]]);
  strictEqual(calls.indexOf("braze.segment") > calls.lastIndexOf("health.rollUp"), true);
  const { run_id: _, ...rest } = answer.body;
  deepStrictEqual(rest, {
    outcome: "succeeded",
    dry_run: false,
    from: "2024-12-04",
    to: "2024-12-06",
    days_done: 3,
    days_left: 0,
    days_failed: [],
    next_from: null,
    counted: { matches: 0, failed: 0, double_pushes: 0 },
    audiences: { measured: 3, failed: 0, left: 0 },
  });
});

Deno.test("webhook-health-rollup started by hand processes the given days, and does not measure the audience of today", async () => {
  const one = await run({ date: "2024-11-30" }, { health });
  deepStrictEqual([one.said("health.rollUp"), one.said("braze.segment")], [["2024-11-30"], []]);
  const some = await run({ from: "2024-11-30", to: "2024-12-01" }, { health });
  deepStrictEqual(some.said("health.rollUp"), ["2024-11-30", "2024-12-01"]);
  deepStrictEqual(some.said("counts.mark"), [
    { from: new Date("2024-11-30T00:00:00Z"), until: new Date("2024-12-01T00:00:00Z") },
    { from: new Date("2024-12-01T00:00:00Z"), until: new Date("2024-12-02T00:00:00Z") },
  ]);
  strictEqual(some.answer.body.days_done, 2);
});

Deno.test("webhook-health-rollup stops at its deadline, returns the next day, and continues there", async () => {
  const body = { from: "2024-01-01", to: "2024-12-01" };
  let done = 0;
  const stop = (call: string, { clock }: World) => {
    if (call === "health.rollUp" && ++done === 100) clock.advance(RUN_DEADLINE_MS);
  };
  const { answer, said } = await run(body, { during: stop });
  deepStrictEqual(
    [answer.status, answer.body.outcome, answer.body.days_done, answer.body.days_left],
    [200, "partial", 100, 236],
  );
  strictEqual(said("health.rollUp").at(-1), "2024-04-09");
  strictEqual(answer.body.next_from, "2024-04-10");

  const rest = await run({ ...body, from: answer.body.next_from });
  deepStrictEqual(
    [rest.said("health.rollUp")[0], rest.answer.body.days_done, rest.answer.body.outcome],
    ["2024-04-10", 236, "succeeded"],
  );
});

Deno.test("webhook-health-rollup returns the numbers in a dry run and changes nothing", async () => {
  const { answer, calls } = await run({ date: "2024-12-01", dry_run: true }, { health });
  deepStrictEqual(answer.body.metrics, [{ date: "2024-12-01" }]);
  deepStrictEqual(calls.filter((call) => !call.startsWith("runs.")), ["health.measure"]);
  const usual = await run({ dry_run: true }, { health });
  deepStrictEqual(usual.said("health.measure").length, 3);
  deepStrictEqual(usual.said("braze.segment"), []);
});

Deno.test("webhook-health-rollup refuses an invalid body and does nothing", async () => {
  const wrong = [
    { date: "2024-13-01" },
    { date: "yesterday" },
    { date: "0000-01-01" },
    { date: "1999-12-31" },
    { from: "2099-12-31", to: "2100-01-01" },
    { date: "2024-12-01", from: "2024-12-01", to: "2024-12-02" },
    { from: "2024-12-01" },
    { to: "2024-12-01" },
    { from: "2024-12-02", to: "2024-12-01" },
    { from: "2023-01-01", to: "2024-02-05" },
    { days: 3 },
  ];
  for (const body of wrong) {
    const { answer, calls } = await run(body);
    deepStrictEqual([answer.status, answer.body.code], [400, "invalid_body"], JSON.stringify(body));
    deepStrictEqual(calls, []);
  }
  strictEqual((await run({ from: "2023-01-01", to: "2024-02-04" })).answer.body.days_done, 400);
});

Deno.test("a team without a size from Braze keeps its old size, is logged, and delays no other", async () => {
  const { answer, said, logs } = await run("", {
    health,
    braze: {
      segment: (id) =>
        id === "of Arsenal"
          ? failed("rejected", 400)
          : id === "of Chelsea"
          ? succeeded([{ day: "2024-12-07", size: null }])
          : succeeded([{ day: "2024-12-07", size: 7 }]),
    },
  });
  deepStrictEqual(said("health.storeAudienceSizes"), [[{ name: "Everton", size: 7 }]]);
  deepStrictEqual(logs.map(({ action, details }) => [action, details.team]), [
    ["audience_not_measured", "Arsenal"],
    ["audience_not_measured", "Chelsea"],
  ]);
  deepStrictEqual([answer.body.outcome, answer.body.audiences], [
    "succeeded",
    { measured: 1, failed: 2, left: 0 },
  ]);
});

Deno.test("audiences left out by the deadline make the run partial, and measured ones are kept", async () => {
  const { answer, said } = await run("", {
    health,
    braze: { segment: () => succeeded([{ day: "2024-12-07", size: 7 }]) },
    during: (call, { clock }) => {
      if (call === "braze.segment") clock.advance(RUN_DEADLINE_MS);
    },
  });
  deepStrictEqual(said("health.storeAudienceSizes"), [[{ name: "Arsenal", size: 7 }]]);
  deepStrictEqual([answer.body.outcome, answer.body.days_done, answer.body.audiences], [
    "partial",
    3,
    { measured: 1, failed: 0, left: 2 },
  ]);
});

/** As if the query had run into the time limit of the database. */
const TIMED_OUT = new DatabaseError("query", 500, "57014", null, "statement timeout");

Deno.test("a day that fails does not stop the next, and the run says which one failed", async () => {
  const { answer, said } = await run("", {
    health: {
      rollUp: (date) =>
        date === "2024-12-05" ? Promise.reject(TIMED_OUT) : Promise.resolve({ date }),
    },
  });
  deepStrictEqual(said("health.lastDate").length, 1);
  const { outcome, days_done, days_left, days_failed } = answer.body;
  deepStrictEqual([outcome, days_done, days_left], ["failed", 2, 0]);
  deepStrictEqual(days_failed, [{ date: "2024-12-05", error: TIMED_OUT.message }]);
});

Deno.test("a match that cannot be counted does not stop the others, and its day is rolled up", async () => {
  const counted: string[] = [];
  const { answer, said } = await run({ date: "2024-12-05" }, {
    counts: {
      mark: () => Promise.resolve({ isComplete: true, ledgerIds: ["a", "b", "c"] }),
      recount: (ledgerId) => {
        if (ledgerId === "b") return Promise.reject(TIMED_OUT);
        counted.push(ledgerId);
        return Promise.resolve({ users: 1, doublePushUsers: ledgerId === "c" ? 1 : 0 });
      },
    },
  });
  deepStrictEqual(counted, ["a", "c"]);
  deepStrictEqual(said("health.rollUp"), ["2024-12-05"]);
  deepStrictEqual([answer.body.outcome, answer.body.counted], ["failed", {
    matches: 2,
    failed: 1,
    double_pushes: 1,
  }]);
});

Deno.test("arrivals of an outage are looked through hour by hour before anything is counted", async () => {
  let looks = 0;
  const counted: string[] = [];
  await run({ date: "2024-12-05" }, {
    counts: {
      mark: () => Promise.resolve({ isComplete: ++looks === 3, ledgerIds: ["a"] }),
      recount: (ledgerId) => {
        counted.push(`${looks} ${ledgerId}`);
        return Promise.resolve({ users: 1, doublePushUsers: 0 });
      },
    },
  });
  deepStrictEqual(counted, ["3 a"]);
});
