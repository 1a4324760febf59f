import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { UserBase } from "../../../../local/braze_sandbox/users.ts";
import { count, TEAMS } from "./support.ts";

const users = new UserBase({ count: 2_000, seed: 7, teams: TEAMS });

Deno.test("users follow distinct teams, and each attribute may be absent", () => {
  for (const { attributes } of users.all) {
    const teams = Object.values(attributes);
    strictEqual(new Set(teams).size, teams.length);
  }
  for (const name of ["Team 1", "Team 2", "Team 3"]) {
    const having = count(users.all, ({ attributes }) => name in attributes);
    ok(having > 0 && having < users.all.length, `${name}: ${having}`);
  }
});

Deno.test("users follow a team as often as its weight says", () => {
  const share = (team: string) =>
    count(users.all, ({ attributes }) => attributes["Team 1"] === team) / users.all.length;
  ok(share("Liverpool") > share("Everton") && share("Everton") > share("Fulham"));
});

Deno.test("users have one to three devices, and unsubscribed ones are not push-enabled", () => {
  deepStrictEqual(new Set(users.all.map(({ devices }) => devices.length)), new Set([1, 2, 3]));
  ok(users.all.every((user) => user.pushStatus !== "unsubscribed" || !user.pushEnabled));
  ok(users.all.some((user) => user.pushStatus !== "unsubscribed" && !user.pushEnabled));
});

Deno.test("users are the same for the same seed and are found by either id", () => {
  const again = new UserBase({ count: 2_000, seed: 7, teams: TEAMS });
  deepStrictEqual(again.all, users.all);
  const user = users.all[5]!;
  strictEqual(users.find(user.externalId), user);
  strictEqual(users.find(user.brazeId), user);
  strictEqual(users.find("nobody"), undefined);
});
