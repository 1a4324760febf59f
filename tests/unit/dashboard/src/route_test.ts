import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { hashOf, readRoute, VIEWS } from "../../../../dashboard/src/route.ts";

const NOWHERE = { matchId: null, date: null, zone: null, show: "open" } as const;

Deno.test("an address without a route, or with an unknown one, opens the matchday", () => {
  for (const hash of ["", "#", "#/", "#/nowhere", "#/match", "#/match/x", "#/match/1e3"]) {
    deepStrictEqual(readRoute(hash), { view: "matchday", ...NOWHERE }, hash);
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
    } as const;
    deepStrictEqual(readRoute(hashOf(route)), route);
  }
  strictEqual(hashOf({ view: "jobs", zone: null, date: null }), "#/jobs");
});

Deno.test("invalid days and time zones are ignored", () => {
  for (const query of ["date=2024-02-30", "date=tomorrow", "zone=Europe/Atlantis", "zone="]) {
    deepStrictEqual(readRoute(`#/matchday?${query}`), { view: "matchday", ...NOWHERE }, query);
  }
});
