import { deepStrictEqual } from "node:assert/strict";
import { minutes, type OpenedCreate, type Suite, withSuite } from "./fixtures.ts";
import { look, type LookChanges } from "./observing.ts";
import { schedules } from "./preflight.ts";

const doubted = ({ call }: Suite, earliest = 100, limit = 10) =>
  call<number[]>("load_doubted", { p_earliest_send_at: minutes(earliest), p_limit: limit });

/** Three matches of a campaign that was seen stopped and running, each so many times. */
async function restarted(
  suite: Suite,
  stops: number,
  starts: number,
  last: LookChanges = {},
): Promise<Map<number, OpenedCreate>> {
  const opened = await schedules(suite, { 1: 520, 2: 500, 3: 90 });
  const changes = { mode: "per_campaign", gate: "fail_closed" } as const;
  let minute = 10;
  const next = () => minutes(minute += 5);
  for (let stop = 0; stop < stops; stop++) {
    await look(suite, next(), [], { ...changes, state: "stopped" });
  }
  for (let start = 1; start <= starts; start++) {
    await look(suite, next(), [], { ...changes, ...start === starts ? last : {} });
  }
  return opened;
}

Deno.test(
  "load_doubted() returns what a restart may have dropped, the soonest first, up to the limit and not too soon",
  withSuite(async (suite) => {
    await restarted(suite, 2, 2);
    deepStrictEqual(await doubted(suite), [2, 1]);
    deepStrictEqual(await doubted(suite, 80, 2), [3, 2]);
  }),
);

for (
  const [what, stops, starts, last] of [
    ["the stop was seen once", 1, 2, {}],
    ["the start was seen once", 2, 1, {}],
    ["a message does not ask the gate", 2, 2, { gate: "none" }],
    ["a message sends without an answer", 2, 2, { gate: "fail_open" }],
    ["the messages are unknown", 2, 2, { gate: null }],
    ["the campaign is stopped again", 2, 2, { state: "stopped" }],
  ] as const
) {
  Deno.test(
    `load_doubted() returns nothing where ${what}`,
    withSuite(async (suite) => {
      await restarted(suite, stops, starts, last);
      deepStrictEqual(await doubted(suite), []);
    }),
  );
}
