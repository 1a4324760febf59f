import { deepStrictEqual, ok } from "node:assert/strict";
import { SEED } from "../../../../local/stack/project.ts";
import { moveRound } from "../../../../local/stack/round_from_now.ts";

const seed = await Deno.readTextFile(SEED);
const timesOf = (sql: string) =>
  [...sql.matchAll(/'(\d{4}-[^']*Z)'/g)].map(([, text]) => new Date(text!).getTime());

Deno.test("the round of the seed is moved as a whole, its first push 20 to 25 minutes from now", () => {
  for (let minute = 0; minute < 24 * 60; minute += 7) {
    const now = new Date(Date.UTC(2026, 10, 30, 0, minute, 30));
    const moved = timesOf(moveRound(seed, now, 1));
    const first = Math.min(...moved);
    const push = (first - now.getTime()) / 60_000 - 60;
    ok(push >= 20 && push <= 35, `${push}`);
    const offsets = (times: number[]) => times.map((time) => time - Math.min(...times));
    deepStrictEqual(offsets(moved), offsets(timesOf(seed)));
    for (const time of moved) {
      ok(!new Date(time).toISOString().includes("T00:00"), "00:00 would be an unknown time");
    }
  }
});

Deno.test("a later round has ids of its own", () => {
  const idsOf = (sql: string) => [...sql.matchAll(/\((\d{4}), /g)].map(([, id]) => Number(id));
  const now = new Date("2026-11-30T12:00:00Z");
  deepStrictEqual(idsOf(moveRound(seed, now, 1)), idsOf(seed));
  deepStrictEqual(idsOf(moveRound(seed, now, 7)), idsOf(seed).map((id) => id + 6_000));
});
