/**
 * Every rule of the scheduler, end to end: it is raised once, counted up when seen again, and resolved when its cause
 * is gone. It sends one notice when it opens and one when it resolves.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { RULES } from "../../supabase/functions/braze-scheduler/plan_alerts.ts";
import type { Stack } from "../../local/stack/stack.ts";
import { call, postEvents, schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";

type Rule = typeof RULES[number];
type Faults = NonNullable<Parameters<Stack["sandbox"]["model"]["switchboard"]["set"]>[0]["faults"]>;

const CREATE = "/campaigns/trigger/schedule/create";
const UPDATE = "/campaigns/trigger/schedule/update";
const DELETE = "/campaigns/trigger/schedule/delete";
const [, MATCH] = THREE_AT_ONCE;
const ID = MATCH!.id;

const faults = ({ sandbox }: Stack, ...rules: Faults[number][]) =>
  void sandbox.model.switchboard.set({ faults: rules });
/** Not a refusal: a delete that Braze refuses as unknown counts as done. */
const UNANSWERED_DELETE: Faults[number] = { endpoint: DELETE, kind: "timeout_before_effect" };
const refuse = (endpoint: string): Faults[number] => ({ endpoint, kind: "status", status: 400 });

const until = (stack: Stack, time: string) => stack.advanceTo(new Date(`2024-12-07T${time}:00Z`));
const later = (stack: Stack, minutes = 5) =>
  stack.advanceTo(new Date(stack.timeline.now().getTime() + minutes * 60_000));

const kickOff = ({ sql }: Stack, time: string) =>
  sql`update public.matches set kickoff_at = ${`2024-12-07T${time}:00Z`} where id = ${ID}`;
const status = ({ sql }: Stack, word: string) =>
  sql`update public.matches set status = ${word} where id = ${ID}`;
const awayTeam = async ({ sql }: Stack, name: string) => {
  await sql`
    insert into public.teams (name, braze_attribute_value) values (${name}, ${name})
    on conflict do nothing`;
  await sql`update public.matches set away_team = ${name} where id = ${ID}`;
};
const properties = ({ sql }: Stack, bytes: number) =>
  sql`
    update public.matches set trigger_properties = jsonb_build_object('a', repeat('x', ${bytes}))
    where id = ${ID}`;

interface Scenario {
  /** Causes the problem; the next run notices it. */
  readonly trouble: (stack: Stack) => Promise<unknown>;
  /** Removes the cause. */
  readonly cure: (stack: Stack) => Promise<unknown>;
  /** It ends because its time passes. */
  readonly isOver?: true;
  /** How many runs after the cure notice it, if more than one. */
  readonly runsAfterCure?: number;
}

const scenarios: Record<Rule, Scenario> = {
  unknown_team: {
    trouble: ({ sql }) => sql`delete from public.teams where name = ${MATCH!.home}`,
    cure: ({ sql }) =>
      sql`insert into public.teams (name, braze_attribute_value) values (${MATCH!.home}, 'x')`,
  },
  create_unknown: {
    trouble: (stack) => {
      faults(stack, { endpoint: CREATE, kind: "timeout_after_effect" });
      return Promise.resolve();
    },
    // Its events prove it.
    cure: (stack) => until(stack, "14:20"),
  },
  moved_while_unconfirmed: {
    trouble: async (stack) => {
      faults(stack, { endpoint: CREATE, kind: "timeout_before_effect", times: 1 });
      await schedule(stack);
      await until(stack, "14:30");
      await kickOff(stack, "20:00");
    },
    cure: (stack) => kickOff(stack, "15:00"),
  },
  create_failed: {
    trouble: (stack) => Promise.resolve(faults(stack, refuse(CREATE))),
    cure: (stack) => Promise.resolve(faults(stack)),
  },
  move_failed: {
    trouble: async (stack) => {
      await schedule(stack);
      // A refusal of the time itself becomes a new schedule.
      faults(stack, { endpoint: UPDATE, kind: "status", status: 403 });
      await kickOff(stack, "17:30");
    },
    cure: (stack) => Promise.resolve(faults(stack)),
  },
  delete_unconfirmed: {
    trouble: async (stack) => {
      await schedule(stack);
      faults(stack, UNANSWERED_DELETE);
      await awayTeam(stack, "Liverpool");
    },
    cure: (stack) => Promise.resolve(faults(stack)),
  },
  schedule_id_unknown: {
    trouble: async (stack) => {
      await schedule(stack);
      await stack.sql`
        update public.braze_schedules as schedule set braze_schedule_id = null
        from public.schedule_ledger as ledger
        where ledger.id = schedule.ledger_id and ledger.match_id = ${ID}`;
      await kickOff(stack, "17:30");
    },
    cure: (stack) => kickOff(stack, "15:00"),
  },
  create_inside_freeze: {
    trouble: async (stack) => {
      // A match of which Braze was never asked would still get its push.
      await schedule(stack);
      await status(stack, "cancelled");
      await schedule(stack);
      await until(stack, "13:47");
      await status(stack, "scheduled");
    },
    // The hour of its push has passed.
    cure: (stack) => until(stack, "14:01"),
    isOver: true,
  },
  change_inside_freeze: {
    trouble: async (stack) => {
      await schedule(stack);
      await until(stack, "13:47");
      await kickOff(stack, "16:00");
    },
    cure: (stack) => kickOff(stack, "15:00"),
  },
  brought_forward_inside_freeze: {
    trouble: async (stack) => {
      await schedule(stack);
      await until(stack, "13:00");
      await kickOff(stack, "14:05");
    },
    cure: (stack) => kickOff(stack, "15:00"),
  },
  brought_forward_too_late: {
    trouble: async (stack) => {
      await schedule(stack);
      await until(stack, "13:00");
      faults(stack, UNANSWERED_DELETE);
      await kickOff(stack, "13:30");
    },
    cure: (stack) => Promise.resolve(faults(stack)),
    // The run that cancels it still reports why.
    runsAfterCure: 2,
  },
  cancel_inside_freeze: {
    trouble: async (stack) => {
      await schedule(stack);
      await until(stack, "13:46");
      faults(stack, UNANSWERED_DELETE);
      await status(stack, "cancelled");
    },
    cure: (stack) => Promise.resolve(faults(stack)),
    runsAfterCure: 2,
  },
  kickoff_unconfirmed: {
    trouble: ({ sql }) => sql`update public.matches set kickoff_confirmed = false`,
    cure: ({ sql }) => sql`update public.matches set kickoff_confirmed = true`,
  },
  kickoff_at_midnight: {
    trouble: ({ sql }) => sql`update public.matches set kickoff_at = '2024-12-08T00:00:00Z'`,
    cure: (stack) => kickOff(stack, "15:00"),
  },
  properties_too_large: {
    trouble: (stack) => properties(stack, 50_000),
    cure: (stack) => properties(stack, 10),
  },
  match_id_reused: {
    trouble: async (stack) => {
      await schedule(stack);
      await until(stack, "14:20");
      await awayTeam(stack, "Liverpool");
    },
    cure: (stack) => awayTeam(stack, MATCH!.away),
  },
  sent_then_moved: {
    trouble: async (stack) => {
      await schedule(stack);
      await until(stack, "14:20");
      await kickOff(stack, "20:00");
    },
    cure: (stack) => kickOff(stack, "15:00"),
  },
};

/** The state of each alert of a rule. */
async function standing({ sql }: Stack, rule: string) {
  const rows = await sql<{ occurrences: number; is_open: boolean }[]>`
    select occurrences, resolved_at is null as is_open from public.alerts where rule = ${rule} order by id`;
  return rows.map(({ occurrences, is_open }) => `${is_open ? "open" : "over"} ${occurrences}`);
}

/** The notices sent for a rule. */
const noticesOf = ({ alerts }: Stack, rule: string) =>
  alerts.messages.filter(({ text }) => text.includes(`\n${rule} · `))
    .map(({ text }) => /^\S+ ([^:]+):/.exec(text)?.[1]);

for (const rule of RULES) {
  Deno.test(`${rule} is raised once, counted up when seen again, and resolved when its cause is gone`, () =>
    withSuite({
      sandbox: { users: { count: 60 } },
      fixtures: [MATCH!],
      env: { RUN_DEADLINE_SECONDS: "140" },
    }, async (stack) => {
      const { trouble, cure, runsAfterCure = 1, isOver = false } = scenarios[rule];
      await trouble(stack);
      await schedule(stack);
      deepStrictEqual(await standing(stack, rule), ["open 1"]);
      await later(stack);
      await schedule(stack);
      deepStrictEqual(await standing(stack, rule), ["open 2"]);

      await cure(stack);
      for (let run = 0; run < runsAfterCure; run++) await schedule(stack);
      const [after, ...more] = await standing(stack, rule);
      deepStrictEqual(more, []);
      match(after ?? "", /^over/);
      await schedule(stack);
      deepStrictEqual(await standing(stack, rule), [after]);
      strictEqual(noticesOf(stack, rule).length, 2, JSON.stringify(stack.alerts.messages));
      ok(["Critical", "Warning"].includes(noticesOf(stack, rule)[0] ?? ""));
      strictEqual(noticesOf(stack, rule)[1], isOver ? "Over, not resolved" : "Resolved");
    }));
}

Deno.test("unexpected_send is raised once, reported by the next run of any function, and stays open until a person closes it", () =>
  withSuite({ sandbox: { users: { count: 60 } }, fixtures: THREE_AT_ONCE }, async (stack) => {
    await schedule(stack);
    // Recorded as deleted, but sent anyway, as a delete just before the send can be.
    await stack.sql`
      update public.braze_schedules as schedule set state = 'deleted'
      from public.schedule_ledger as ledger where ledger.id = schedule.ledger_id and ledger.match_id = ${ID}`;
    await stack.sql`
      update public.schedule_ledger set status = 'cancelled', cancel_reason = 'operator' where match_id = ${ID}`;
    await until(stack, "14:20");
    deepStrictEqual(await standing(stack, "unexpected_send"), ["open 1"]);
    deepStrictEqual(noticesOf(stack, "unexpected_send"), []);
    await schedule(stack);
    deepStrictEqual(noticesOf(stack, "unexpected_send"), ["Critical"]);

    // Braze delivers the event again, which adds nothing.
    const [known] = await stack.sql`
      select raw_payload from public.notification_sends where match_id = ${ID} limit 1`;
    strictEqual((await postEvents(stack, { events: [known?.raw_payload] })).body.duplicates, 1);
    await stack.advanceTo(new Date("2024-12-08T15:00:00Z"));
    deepStrictEqual(await standing(stack, "unexpected_send"), ["open 1"]);
    await stack.sql`
      update public.alerts set resolved_at = ${stack.timeline.now()} where rule = 'unexpected_send'`;
    await schedule(stack);
    deepStrictEqual(await standing(stack, "unexpected_send"), ["over 1"]);
    deepStrictEqual(noticesOf(stack, "unexpected_send"), ["Critical", "Resolved"]);
  }));

Deno.test("a refused schedule ends as a harm that stays, and is not told as resolved when the match begins", () =>
  withSuite({ sandbox: { users: { count: 60 } }, fixtures: [MATCH!] }, async (stack) => {
    // The database's own clock wrote when the match was added.
    await stack.sql`update public.match_changes set changed_at = ${stack.timeline.now()}`;
    faults(stack, refuse(CREATE));
    await schedule(stack);
    await until(stack, "14:05");
    await call(stack, "braze-preflight-check");
    await until(stack, "15:05");
    await schedule(stack);
    deepStrictEqual(noticesOf(stack, "create_failed"), ["Critical", "Over, not resolved"]);
    deepStrictEqual(noticesOf(stack, "push_missed"), ["Critical"]);
    deepStrictEqual(await standing(stack, "push_missed"), ["open 1"]);
    for (const { text } of stack.alerts.messages) {
      match(text, /\nThe match now: (?:will not go|did not go): /);
      match(text, /Arsenal–Chelsea/);
    }
  }));

Deno.test("a run that works on some matches leaves the alerts of the others open", () =>
  withSuite({ sandbox: { users: { count: 60 } }, fixtures: THREE_AT_ONCE }, async (stack) => {
    faults(stack, refuse(CREATE));
    await schedule(stack);
    faults(stack);
    await call(stack, "braze-scheduler", { match_ids: [1001] });
    deepStrictEqual(await standing(stack, "create_failed"), ["over 1", "open 1", "open 1"]);
  }));
