import { match, ok, strictEqual } from "node:assert/strict";
import { describe, isCalm } from "../../../../local/status/describe.ts";
import type { Jobs, Status, Verdict } from "../../../../local/status/read_status.ts";

const NOW = new Date("2024-12-07T14:20:00Z");

function verdict(changes: Partial<Verdict>): Verdict {
  return {
    match_id: 1001,
    home_team: "Wolverhampton Wanderers",
    away_team: "Brighton & Hove Albion",
    kickoff_at: new Date("2024-12-07T16:00:00Z"),
    send_at: new Date("2024-12-07T15:00:00Z"),
    verdict: "scheduled",
    why: "Braze has its schedule, last listed at 2024-12-07 14:15 UTC.",
    once: { answer: "unknown", users: null },
    to_everyone: { reached: 0, expected_min: 1_200, expected_max: 1_430 },
    next: { at: new Date("2024-12-07T15:00:00Z") },
    ...changes,
  };
}

const JOBS: Jobs = {
  cron_silent_since: null,
  functions: [{
    function_name: "braze-scheduler",
    period_minutes: 5,
    last_success_at: new Date("2024-12-07T14:19:10Z"),
    is_late: false,
  }],
};

const WENT_OUT = verdict({
  match_id: 1002,
  verdict: "went_out",
  why: "1,398 users got it, the first at 2024-12-07 14:00 UTC.",
  to_everyone: { reached: 1_398, expected_min: 1_200, expected_max: 1_430 },
  once: { answer: "no", users: 12 },
  next: { at: null },
});
const REFUSED = verdict({
  match_id: 1003,
  verdict: "will_not_go",
  why: "Braze refused its schedule: Braze answered 400: The audience is invalid.",
  to_everyone: { reached: 0, expected_min: null, expected_max: null },
});
const STATUS: Status = { matches: [verdict({}), WENT_OUT, REFUSED], alerts: [], jobs: JOBS };

function text(status: Status, width: number): string {
  return describe(status, { date: "2024-12-07", now: NOW, colours: false, width });
}

Deno.test("the status begins with the sentence of the day, the worst first", () => {
  match(text(STATUS, 80), /^2024-12-07: 3 matches: 1 will not go · 1 scheduled · 1 went out\n/);
  match(text({ ...STATUS, matches: [] }, 80), /^2024-12-07: no match\n/);
});

Deno.test("at 80 columns a row has id, verdict, received of expected, and why", () => {
  const shown = text(STATUS, 80);
  match(shown, /^ +id +verdict +received\/expected +why$/m);
  match(shown, /^1002 +went out +1,398\/1,200–1,430 +1,398 users got it/m);
  match(shown, /^1003 +will not go +0\/\? +Braze refused its schedule/m);
  ok(!shown.includes("Wolverhampton"));
  for (const line of shown.split("\n")) ok([...line].length <= 80, line);
});

Deno.test("a wide terminal shows teams and times too", () => {
  match(
    text(STATUS, 200),
    /^1001 +Wolverhampton Wanderers – Brighton & Hove Albion +16:00 +15:00 +scheduled/m,
  );
  match(text(STATUS, Infinity), /14:00 UTC\. 12 users got it more than once\.$/m);
});

Deno.test("the status says when the next push goes out", () => {
  match(text(STATUS, 80), /^It is 14:20 UTC; the next push goes out in 40 min \(match 1001\)$/m);
  match(text({ ...STATUS, matches: [REFUSED] }, 80), /nothing more is to be sent of these/);
});

Deno.test("the status says that cron is dead, or which function does not succeed, and is not calm then", () => {
  match(text(STATUS, 80), /^All timed functions have succeeded in time$/m);
  ok(isCalm(STATUS));
  const since = new Date("2024-12-07T10:02:00Z");
  const dead = { ...STATUS, jobs: { ...JOBS, cron_silent_since: since } };
  match(text(dead, 80), /^cron has not run since 10:02 UTC$/m);
  ok(!isCalm(dead));
  const late = (last_success_at: Date | null): Status => ({
    ...STATUS,
    jobs: { ...JOBS, functions: [{ ...JOBS.functions[0]!, last_success_at, is_late: true }] },
  });
  match(
    text(late(new Date("2024-12-06T10:02:00Z")), 80),
    /^braze-scheduler has not succeeded since 2024-12-06 10:02 UTC \(it should/m,
  );
  match(text(late(null), 80), /^braze-scheduler has not succeeded yet /m);
  ok(!isCalm(late(null)));
});

Deno.test("external text cannot steer the terminal", () => {
  const shown = text({
    ...STATUS,
    matches: [verdict({ home_team: "\x1b[2JArsenal", why: "\x1b[2JBraze." })],
    alerts: [{
      severity: "critical",
      rule: "double_push",
      title: "Bad \x1b[2J news",
      match_id: 1002,
      first_seen_at: NOW,
    }],
  }, Infinity);
  strictEqual(shown.includes("\x1b"), false);
  match(shown, /critical double_push \[1002\]: Bad {2}\[2J news \(since 2024-12-07 14:20\)/);
});
