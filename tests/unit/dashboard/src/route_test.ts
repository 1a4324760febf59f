import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { hashOf, readRoute, VIEWS } from "../../../../dashboard/src/route.ts";

const NOWHERE = {
  matchId: null,
  date: null,
  zone: null,
  show: "open",
  search: "",
  verdict: null,
} as const;

Deno.test("an address without a route, or with an unknown one, opens the night", () => {
  for (const hash of ["", "#", "#/", "#/nowhere", "#/match", "#/match/x", "#/match/1e3"]) {
    deepStrictEqual(readRoute(hash), { view: "tonight", ...NOWHERE }, hash);
  }
});

Deno.test("every view is read back from its address", () => {
  for (const view of VIEWS) {
    const route = {
      view,
      matchId: view === "match" ? 1003 : null,
      date: "2024-12-07",
      zone: "America/New_York",
      show: "past",
      search: "köln & co",
      verdict: "in_doubt",
    } as const;
    deepStrictEqual(readRoute(hashOf(route)), route);
  }
  strictEqual(hashOf({ view: "jobs", zone: null, date: null }), "#/jobs");
});

Deno.test("invalid days, time zones and verdicts are ignored", () => {
  for (
    const query of [
      "date=2024-02-30",
      "date=tomorrow",
      "zone=Europe/Atlantis",
      "zone=",
      "verdict=fine",
    ]
  ) {
    deepStrictEqual(readRoute(`#/tonight?${query}`), { view: "tonight", ...NOWHERE }, query);
  }
});
