import { ok } from "node:assert/strict";
import { report } from "../../../../local/demo/report.ts";

const FROM = new Date("2024-12-07T06:00:00Z");

Deno.test("no line of the report is longer than a terminal of 60 characters or more", () => {
  const match = {
    matchId: 1005,
    title: "Manchester United–Nottingham Forest",
    sendAt: FROM,
    status: "sent",
    pushes: 5_400,
    users: 4_206,
    usersRecorded: 4_206,
    expected: 4_000,
    expectedMin: 3_323,
    expectedMax: 4_324,
    split: { high: 5_496, medium: 5_842, low: 12, none: 314 },
  };
  const audit = {
    matches: [match],
    eventsTrue: 30_491,
    eventsRecorded: 30_491,
    lostEvents: 0,
    inventedEvents: 0,
    wrongAttributions: 0,
    pushesWithoutSchedule: 0,
    attributed: { high: 24_335, medium: 5_842, low: 0, none: 314 },
  };
  const anomaly = {
    at: FROM,
    what: "A person declares it gone too soon: Braze has two for Brentford–Newcastle",
    rules: [],
    matchIds: [],
    hours: 1,
    needsListing: false,
  };
  const how =
    "Match 1004 Crystal Palace–Manchester City: Braze holds a schedule that the suite did not make";
  const outcome = { anomaly, noticedAt: FROM, how, resolvedAt: FROM, unknowable: false };
  const judgement = {
    outcomes: [outcome],
    falseAlarms: [how],
    detected: 1,
    unknowable: 0,
    minutesToDetectMax: 75,
  };
  const why = "4,206 users got it, the first at 2024-12-07 16:30 UTC.";
  for (let width = 60; width < 200; width += 5) {
    const text = report(audit, judgement, {
      verdicts: new Map([[1005, { verdict: "went_out", why }]]),
      colours: false,
      width,
      without: ["Braze's ids", "our echo"],
    });
    for (const line of text.split("\n")) ok([...line].length <= width, `${width}: ${line}`);
  }
});
