import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { plan } from "../../supabase/functions/braze-scheduler/plan.ts";
import type { PlannedMatch } from "../../supabase/functions/braze-scheduler/step.ts";
import type {
  Fixture,
  LedgerRow,
  PlannedSchedule,
  Team,
} from "../../supabase/functions/_shared/store/planning.ts";
import { CAMPAIGN, ledgerIdOf } from "../support/facts.ts";
import { match, NOW, settings, team, wanted } from "../support/matches.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const FREEZE = 15 * MINUTE;

// Around now, and on every boundary of the plan.
const sendAt = fc.oneof(
  fc.constantFrom(-25 * HOUR, -24 * HOUR, -HOUR, 0, FREEZE, HOUR, settings.horizonMs),
  fc.integer({ min: -30 * 60, max: 9 * 24 * 60 }).map((minutes) => minutes * MINUTE),
  fc.integer({ min: -1, max: 20 * 60 }).map((seconds) => seconds * 1_000),
).map((offset) => new Date(NOW.getTime() + offset));
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 2 });

const schedule = fc.record({
  state: fc.constantFrom(
    "creating" as const,
    "live" as const,
    "live" as const,
    "unknown" as const,
    "failed" as const,
    "deleting" as const,
    "deleting" as const,
    "deleted" as const,
    "completed" as const,
  ),
  brazeScheduleId: maybe(fc.constantFrom("schedule-a", "schedule-b")),
  campaignId: fc.constantFrom(CAMPAIGN, CAMPAIGN, "another-campaign"),
  gated: fc.boolean(),
  settled: fc.constantFrom(false, false, true),
  wasCreated: fc.boolean(),
  sendAt,
  movingTo: maybe(sendAt),
  // Mostly long ago; at times in the very minutes before its send.
  changedAt: fc.constantFrom(new Date(0), NOW),
  deleteFailed: fc.constantFrom(true, true, false),
}).map((one) => ({ ...one, deleteFailed: one.deleteFailed && one.state === "deleting" }));

function ledgerOf(matchId: number): fc.Arbitrary<LedgerRow> {
  return fc.record({
    status: fc.constantFrom(
      "pending" as const,
      "pending" as const,
      "sent" as const,
      "cancelled" as const,
    ),
    cancelReason: fc.constantFrom("plan" as const, "dashboard" as const, "operator" as const),
    asWanted: fc.boolean(),
    schedules: fc.array(schedule, { minLength: 1, maxLength: 3 }),
  }).map(({ status, cancelReason, asWanted, schedules }) => {
    const numbered: PlannedSchedule[] = schedules.map((one, index) => ({
      ...one,
      generation: index + 1,
    }));
    const current = numbered.at(-1);
    return {
      ledgerId: ledgerIdOf(matchId),
      status,
      cancelReason: status === "cancelled" ? cancelReason : null,
      campaignId: CAMPAIGN,
      generation: numbered.length,
      signature: asWanted ? wanted(match({ matchId })).signature : "another",
      sendAt: current?.sendAt ?? NOW,
      madeFor: null,
      closedMoves: [],
      isHeld: false,
      schedules: numbered,
    };
  });
}

function fixtureOf(matchId: number): fc.Arbitrary<Fixture> {
  return fc.record({
    sendAt,
    status: fc.constantFrom("scheduled" as const, "scheduled" as const, "postponed" as const),
    ledger: maybe(ledgerOf(matchId)),
  }).map(({ sendAt, status, ledger }) =>
    match({
      matchId,
      kickoffAt: new Date(sendAt.getTime() + settings.sendLeadMs),
      status,
      ledger,
    })
  );
}

const fixtures = fc.tuple(fixtureOf(1), fixtureOf(2), fixtureOf(3), fixtureOf(4));
const teams: fc.Arbitrary<Team[]> = fc.tuple(fc.boolean(), fc.boolean()).map(([home, away]) => [
  team("Arsenal", { notify: home }),
  team("Chelsea", { notify: away }),
]);

function forEveryPlan(check: (planned: PlannedMatch) => void): void {
  fc.assert(
    fc.property(fixtures, teams, (fixtures, teams) => {
      plan(fixtures, teams, settings, NOW).forEach(check);
    }),
    { numRuns: 3_000 },
  );
}

function timesOf({ sendAt, movingTo }: PlannedSchedule): Date[] {
  return movingTo === null ? [sendAt] : [sendAt, movingTo];
}

/** By the journal: not refused, not deleted in time, not proved as sent, and not a day past. */
function mayBeLive(schedule: PlannedSchedule): boolean {
  const isDeletedLate = schedule.state === "deleted" && !schedule.settled &&
    schedule.sendAt.getTime() - schedule.changedAt.getTime() < FREEZE;
  return (["creating", "live", "unknown", "deleting"].includes(schedule.state) || isDeletedLate) &&
    timesOf(schedule).some((time) => time.getTime() + 24 * HOUR > NOW.getTime());
}

Deno.test("plan() creates nothing while a schedule of the match may be live", () => {
  let created = 0;
  forEveryPlan(({ fixture, step }) => {
    const schedules = fixture.ledger?.schedules ?? [];
    if (step.action === "create") {
      if (schedules.length > 0) created++;
      strictEqual(schedules.some(mayBeLive), false);
    }
    if (step.action === "recreate") {
      const { generation } = step.target;
      strictEqual(schedules.some((one) => one.generation !== generation && mayBeLive(one)), false);
    }
  });
  ok(created > 20, "the plans must create again");
});

Deno.test("plan() creates and moves nothing inside the freeze or into it, but for the first create of a match", () => {
  const frozenUntil = NOW.getTime() + FREEZE;
  const tooLateUntil = NOW.getTime() + settings.createLeadMs + 20_000;
  forEveryPlan(({ fixture, step }) => {
    if (!("want" in step)) return;
    if (step.action === "create" && step.isFirst) {
      const asked = fixture.ledger?.schedules ?? [];
      ok(asked.every(({ state }) => state === "failed"));
      ok(step.want.sendAt.getTime() > tooLateUntil);
      return;
    }
    ok(step.want.sendAt.getTime() >= frozenUntil);
    ok(step.soonest.getTime() >= frozenUntil);
    if (step.action === "create" || step.action === "supersede") return;
    const current = fixture.ledger?.schedules.find((one) =>
      one.generation === step.target.generation
    );
    for (const time of current === undefined ? [] : timesOf(current)) {
      ok(time.getTime() >= frozenUntil);
    }
  });
});

Deno.test("plan() raises an alert for every match that is frozen or unknown", () => {
  const loud = ["create_unknown", "delete_unconfirmed", "schedule_id_unknown", "sent_then_moved"];
  forEveryPlan(({ step, alerts }) => {
    const isLoud = step.action === "frozen" ||
      (step.action === "skip" && loud.includes(step.reason));
    if (isLoud) ok(alerts.some(({ matchId }) => matchId !== null));
  });
});

Deno.test("plan() changes neither a sent match nor one that a person cancelled", () => {
  forEveryPlan(({ fixture: { ledger }, step }) => {
    if (ledger?.status === "sent" || (ledger?.cancelReason ?? "plan") !== "plan") {
      // What an earlier schedule left behind is deleted all the same, what a person cancelled here, and what nobody wants.
      if (step.action === "delete") {
        ok(
          step.target.generation < ledger!.generation || ledger!.cancelReason === "operator" ||
            (ledger!.status === "cancelled" && step.reason === "called_off"),
        );
      } else strictEqual(step.action, "skip");
    }
  });
});

Deno.test("plan() keeps a schedule if and only if it is as wanted", () => {
  let kept = 0;
  forEveryPlan(({ fixture, step }) => {
    if (step.action !== "reactivate") return;
    kept++;
    const current = fixture.ledger?.schedules.at(-1);
    strictEqual(current?.deleteFailed, true);
    strictEqual(fixture.status, "scheduled");
    strictEqual(fixture.ledger?.status, "pending");
    strictEqual(fixture.ledger?.signature, wanted(match({ matchId: fixture.matchId })).signature);
  });
  ok(kept > 0, "the plans must keep something");
});

Deno.test("plan() cancels only schedules that are not wanted or are due too late", () => {
  forEveryPlan(({ fixture, step }) => {
    if (step.action !== "cancel") return;
    strictEqual(fixture.ledger?.status, "pending");
    if (step.reason === "too_late") ok(step.sendAt >= fixture.kickoffAt || mayComeLate(fixture));
  });
});

/** Whether a schedule of the match may go out once the match has begun. */
function mayComeLate({ ledger, kickoffAt }: Fixture): boolean {
  return (ledger?.schedules ?? []).some((one) => timesOf(one).some((time) => time >= kickoffAt));
}

Deno.test("plan() plans the same for each match, for any order of the matches", () => {
  fc.assert(fc.property(
    fixtures.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length }))
    ),
    teams,
    ([fixtures, shuffled], teams) => {
      const planned = plan(fixtures, teams, settings, NOW);
      deepStrictEqual(plan(shuffled, teams.toReversed(), settings, NOW), planned);
      deepStrictEqual(planned.length, fixtures.length);
      const alone = planned.map(({ fixture }) => plan([fixture], teams, settings, NOW)[0]);
      deepStrictEqual(alone, planned);
      const kickoffs = planned.map(({ fixture }) => fixture.kickoffAt.getTime());
      deepStrictEqual(kickoffs, kickoffs.toSorted((a, b) => a - b));
    },
  ));
});
