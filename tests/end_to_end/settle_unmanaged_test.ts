/** What a person decides about schedules in Braze that are not the suite's: adopt, keep, or delete. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Acted } from "../../supabase/functions/_shared/function/verbs.ts";
import type { Stack } from "../../local/stack/stack.ts";
import {
  call,
  ledgerOf,
  liveSchedules,
  openAlerts,
  schedule,
  THREE_AT_ONCE,
  withSuite,
} from "../support/suite.ts";
import {
  CREATE,
  DELETE,
  duplicateByHand,
  inDashboard,
  later,
  reconcile,
  set,
  statesOf,
  withListing,
} from "../support/reconciling.ts";

const PER_SCHEDULE = { sandbox: withListing("per_schedule"), fixtures: THREE_AT_ONCE } as const;
const WHY = { reason: "Agreed with the editors" };

async function look(stack: Stack): Promise<void> {
  await call(stack, "braze-preflight-check");
}

async function decide(stack: Stack, body: Record<string, unknown>): Promise<readonly Acted[]> {
  return (await reconcile(stack, body)).verbs;
}

/** The schedules and matches of what was done. */
function doneOf(acted: readonly Acted[]) {
  return acted.filter(({ done }) => done).map(({ schedule_id, match_id }) => ({
    schedule_id,
    match_id,
  }));
}

async function isTold({ sql }: Stack, scheduleId: string): Promise<boolean> {
  const rows = await sql`
    select 1 from public.alerts
    where fingerprint = ${`unmanaged_schedule:${scheduleId}`} and resolved_at is null`;
  return rows.length === 1;
}

async function actions({ sql }: Stack) {
  const rows = await sql`
    select action, match_id::int, generation, reason, details ->> 'schedule_id' as schedule_id
    from public.operator_actions order by id`;
  return rows.map((row) => ({ ...row }));
}

function refusalOf(acted: readonly Acted[]): string {
  strictEqual(acted.length, 1, JSON.stringify(acted));
  strictEqual(acted[0]!.done, false);
  return acted[0]!.refused ?? "";
}

Deno.test("an adopted schedule is the match's own: not made again, moved with the kick-off, and its push is proved", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    const found = await duplicateByHand(stack, 1001);
    await look(stack);
    const order = { adopt_schedule: [{ schedule_id: found, ...WHY }] };
    const dry = await decide(stack, { ...order, dry_run: true });
    deepStrictEqual(doneOf(dry), [{ schedule_id: found, match_id: 1001 }]);
    deepStrictEqual(await actions(stack), []);
    strictEqual((await stack.sql`select 1 from public.schedule_ledger`).length, 0);

    deepStrictEqual(doneOf(await decide(stack, order)), [
      { schedule_id: found, match_id: 1001 },
    ]);
    deepStrictEqual(await actions(stack), [{
      action: "adopt_schedule",
      match_id: 1001,
      generation: 1,
      reason: WHY.reason,
      schedule_id: found,
    }]);
    ok(await isTold(stack, found));
    await look(stack);
    ok(!await isTold(stack, found));

    deepStrictEqual((await schedule(stack)).done, { created: 2 });
    deepStrictEqual(liveSchedules(stack, 1001).map(({ id }) => id), [found]);
    await later(stack, 10);
    await stack
      .sql`update public.matches set kickoff_at = kickoff_at + interval '1 hour' where id = 1001`;
    deepStrictEqual((await schedule(stack)).done, { moved: 1 });
    strictEqual(
      stack.sandbox.model.schedules.find(found)?.sendAt.toISOString(),
      "2024-12-07T15:00:00.000Z",
    );
    await stack.advanceTo(new Date("2024-12-07T15:20:00Z"));
    strictEqual((await ledgerOf(stack, 1001)).status, "sent");
    deepStrictEqual(await openAlerts(stack, 1001), []);
  }));

Deno.test("an adopted schedule is deleted when its match is called off, and made again when its text changes", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    const [off, changed] = [
      await duplicateByHand(stack, 1001),
      await duplicateByHand(stack, 1002),
    ];
    await look(stack);
    await decide(stack, {
      adopt_schedule: [off, changed].map((schedule_id) => ({ schedule_id, ...WHY })),
    });
    await schedule(stack);
    await later(stack, 10);
    await stack.sql`update public.matches set status = 'postponed' where id = 1001`;
    await stack.sql`update public.matches set away_team = 'Liverpool' where id = 1002`;
    deepStrictEqual((await schedule(stack)).done, { cancelled: 1, recreated: 1 });
    deepStrictEqual([off, changed].map((id) => statesOf(stack)[id!]), ["deleted", "deleted"]);
    strictEqual(liveSchedules(stack, 1002).length, 1);
  }));

Deno.test("a schedule that was kept and then adopted is told again if it survives its delete", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    const found = await duplicateByHand(stack, 1001);
    await look(stack);
    const about = { schedule_id: found, ...WHY };
    await decide(stack, { keep_schedule: [{ ...about, accept_double_push: true }] });
    const [adopted] = await decide(stack, { adopt_schedule: [about] });
    match(adopted?.next ?? "", /text and audience stay/);
    await later(stack, 10);
    await stack.sql`update public.matches set status = 'postponed' where id = 1001`;
    await schedule(stack);
    Object.assign(stack.sandbox.model.schedules.find(found)!, {
      state: "scheduled",
      endedAt: null,
    });
    await later(stack, 10);
    await look(stack);
    ok(await isTold(stack, found));
  }));

Deno.test("a schedule that names no match is adopted for the match that the person names", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    const { schedule_id } = await inDashboard(stack, "dashboard/create", {
      send_at: "2024-12-07T13:00:00Z",
    });
    await look(stack);
    match(
      refusalOf(await decide(stack, { adopt_schedule: [{ schedule_id, ...WHY }] })),
      /names no match/,
    );
    const order = { adopt_schedule: [{ schedule_id, match_id: 1003, ...WHY }] };
    strictEqual(doneOf(await decide(stack, order)).length, 1);
    match(refusalOf(await decide(stack, order)), /is schedule 1 of match 1003 already/);
    // It takes the time that the match wants.
    deepStrictEqual((await schedule(stack)).done, { created: 2, moved: 1 });
  }));

Deno.test("a schedule is adopted for a match that is to be pushed again", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    await stack.advanceTo(new Date("2024-12-07T15:20:00Z"));
    strictEqual((await ledgerOf(stack, 1001)).status, "sent");
    // The scheduler has not run since.
    await stack.sql`
      update public.matches set kickoff_at = '2024-12-10T15:00:00Z' where id = 1001`;
    const [again] = await decide(stack, { push_again: [{ match_id: 1001, ...WHY }] });
    strictEqual(again?.refused, null);
    const { schedule_id } = await inDashboard(stack, "dashboard/create", {
      send_at: "2024-12-10T14:00:00Z",
    });
    await look(stack);
    const order = { adopt_schedule: [{ schedule_id, match_id: 1001, ...WHY }] };
    deepStrictEqual(doneOf(await decide(stack, order)), [{ schedule_id, match_id: 1001 }]);
    const rows = await stack.sql`
      select intent, status::text from public.schedule_ledger where match_id = 1001 order by 1`;
    deepStrictEqual(rows.map((row) => ({ ...row })), [
      { intent: 1, status: "sent" },
      { intent: 2, status: "pending" },
    ]);
  }));

Deno.test("an adoption is refused beside the suite's own schedule, and where no push is wanted or the gate would stop it", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    await schedule(stack);
    const second = await duplicateByHand(stack, 1001);
    const other = await duplicateByHand(stack, 9_999);
    await look(stack);
    const adopt = async (schedule_id: string, more = {}) =>
      refusalOf(await decide(stack, { adopt_schedule: [{ schedule_id, ...WHY, ...more }] }));
    match(await adopt(second), /the suite has or may have a schedule of the match itself/);
    match(await adopt(second, { match_id: 1002 }), /its properties name match 1001/);
    match(await adopt(other), /match 9999 is not in matches/);
    match(await adopt("never-seen", { match_id: 1001 }), /the last list of Braze does not show it/);
    await stack.sql`update public.matches set push = false where id = 1001`;
    match(await adopt(second), /gets no push as it is \(push_off\)/);
    deepStrictEqual(await actions(stack), []);
  }));

Deno.test("behind the send gate nothing is adopted, since its push would be turned away", () =>
  withSuite({
    ...PER_SCHEDULE,
    env: { SEND_GATE: "fail_closed", SEND_GATE_SECRETS: "a-secret-of-at-least-32-characters" },
  }, async (stack) => {
    const found = await duplicateByHand(stack, 1001);
    await look(stack);
    match(
      refusalOf(await decide(stack, { adopt_schedule: [{ schedule_id: found, ...WHY }] })),
      /the send gate lets only pushes pass/,
    );
  }));

Deno.test("a kept schedule is told no more; beside a push of the suite it is kept only if the person accepts two", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    const own = await duplicateByHand(stack, 1001);
    const other = await duplicateByHand(stack, 9_999);
    await look(stack);
    const keep = (schedule_id: string, more = {}) =>
      decide(stack, { keep_schedule: [{ schedule_id, ...WHY, ...more }] });
    match(refusalOf(await keep(own)), /match 1001 has or gets a push by the suite as well/);
    deepStrictEqual(doneOf(await keep(other)), [{ schedule_id: other, match_id: null }]);
    match(refusalOf(await keep(other)), /kept already/);
    match(refusalOf(await keep("never-seen")), /does not show it/);
    // Without a push by the suite there is only this one.
    await stack.sql`update public.matches set push = false where id = 1001`;
    strictEqual(doneOf(await keep(own)).length, 1);
    await look(stack);
    for (const id of [own, other]) ok(!await isTold(stack, id));
    const { orphans, duplicates } = (await reconcile(stack)).checks;
    deepStrictEqual(
      [orphans.counts.found, duplicates.counts.found, orphans.counts.kept],
      [0, 0, 2],
    );
    for (const id of [own, other]) strictEqual(statesOf(stack)[id], "scheduled");
    deepStrictEqual(
      (await actions(stack)).map(({ action, match_id }) => [action, match_id]),
      [["keep_schedule", null], ["keep_schedule", 1001]],
    );

    const beside = await duplicateByHand(stack, 1002);
    await look(stack);
    strictEqual(doneOf(await keep(beside, { accept_double_push: true })).length, 1);

    // The suite makes a push of both: nobody has accepted two of the first.
    await stack.sql`update public.matches set push = true where id = 1001`;
    await schedule(stack);
    await look(stack);
    await later(stack, 10);
    await look(stack);
    deepStrictEqual([await isTold(stack, own), await isTold(stack, beside)], [true, false]);
    strictEqual(doneOf(await keep(own, { accept_double_push: true })).length, 1);
    await look(stack);
    ok(!await isTold(stack, own));
  }));

Deno.test("a person takes a match over: the suite schedules it, then the other schedule is deleted in Braze", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    const found = await duplicateByHand(stack, 1001);
    await look(stack);
    const order = { delete_schedule: [{ schedule_id: found, ...WHY }] };
    match(refusalOf(await decide(stack, order)), /match 1001 would have no push/);
    await schedule(stack);
    await later(stack, 10);
    await look(stack);
    const dry = await decide(stack, { ...order, dry_run: true });
    deepStrictEqual(doneOf(dry), [{ schedule_id: found, match_id: 1001 }]);
    strictEqual(
      dry[0]?.next,
      "nothing is changed yet; once it is done: Braze is asked to delete it",
    );
    strictEqual(statesOf(stack)[found], "scheduled");

    const done = await decide(stack, order);
    deepStrictEqual(doneOf(done), [{ schedule_id: found, match_id: 1001 }]);
    strictEqual(done[0]?.next, "Braze has confirmed the delete");
    strictEqual(statesOf(stack)[found], "deleted");
    strictEqual(liveSchedules(stack, 1001).length, 1);
    const [attempt] = await stack.sql`
      select reason, outcome from public.schedule_attempts where kind = 'delete'`;
    deepStrictEqual({ ...attempt }, { reason: "operator", outcome: "succeeded" });
    deepStrictEqual((await actions(stack)).map(({ action }) => action), ["delete_schedule"]);
    const [{ timeline }] = await stack.sql<[{ timeline: { what: string }[] }]>`
      select public.match_timeline(1001) as timeline`;
    ok(timeline.some(({ what }) => what === "delete_schedule"));
    await look(stack);
    ok(!await isTold(stack, found));
  }));

Deno.test("the suite's own schedule is not deleted as another's, and neither is what no list shows", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    set(stack, { faults: [{ endpoint: CREATE, kind: "timeout_after_effect", times: 1 }] });
    await schedule(stack);
    set(stack, { faults: [] });
    await look(stack);
    for (const id of [1001, 1002]) {
      const [own] = liveSchedules(stack, id);
      const order = {
        delete_schedule: [{ schedule_id: own!.id, accept_no_push: true, ...WHY }],
      };
      match(refusalOf(await decide(stack, order)), new RegExp(`own schedule of match ${id}`));
      strictEqual(statesOf(stack)[own!.id], "scheduled");
    }
    const unseen = await duplicateByHand(stack, 9_999);
    const order = { delete_schedule: [{ schedule_id: unseen, ...WHY }] };
    match(refusalOf(await decide(stack, order)), /does not show it/);
  }));

Deno.test("a delete that Braze refuses is answered as refused, stays told, and can be repeated", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    const found = await duplicateByHand(stack, 1001);
    await look(stack);
    const order = { delete_schedule: [{ schedule_id: found, accept_no_push: true, ...WHY }] };
    set(stack, { faults: [{ endpoint: DELETE, kind: "status", status: 403, times: 1 }] });
    match(refusalOf(await decide(stack, order)), /Braze refused/);
    set(stack, { faults: [] });
    await later(stack, 10);
    await look(stack);
    ok(await isTold(stack, found));
    strictEqual(doneOf(await decide(stack, order)).length, 1);
    strictEqual(statesOf(stack)[found], "deleted");
  }));

Deno.test("an adopted schedule whose delete Braze refuses stays unconfirmed, and is not taken for a lost create", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    const found = await duplicateByHand(stack, 1001);
    await look(stack);
    await decide(stack, { adopt_schedule: [{ schedule_id: found, ...WHY }] });
    await schedule(stack);
    await later(stack, 10);
    await look(stack);
    await stack.sql`
      update public.matches set trigger_properties = '{"round": "Final"}' where id = 1001`;
    set(stack, { faults: [{ endpoint: DELETE, kind: "status", status: 404, times: 1 }] });
    await schedule(stack);
    set(stack, { faults: [] });
    await schedule(stack);
    deepStrictEqual(await openAlerts(stack, 1001), ["delete_unconfirmed"]);
  }));

Deno.test("a decision without a reason is refused", () =>
  withSuite(PER_SCHEDULE, async (stack) => {
    for (const action of ["adopt_schedule", "keep_schedule", "delete_schedule"]) {
      const { status } = await call(stack, "braze-reconcile", {
        [action]: [{ schedule_id: "one", reason: "  " }],
      });
      strictEqual(status, 400);
    }
  }));
