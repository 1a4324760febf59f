/**
 * The runbook's tables, row by row: make the trouble in the sandbox, read the row, do what it says, and see it mended. Rows
 * whose remedy is no verb are mended in the tests of their rule, which are named here.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { SwitchesPatch } from "../../local/braze_sandbox/switches.ts";
import type { Stack } from "../../local/stack/stack.ts";
import { readText } from "../support/sources.ts";
import {
  call,
  ledgerOf,
  liveSchedules,
  openAlerts,
  postEvents,
  schedule,
  THREE_AT_ONCE,
  withSuite,
} from "../support/suite.ts";
import { duplicateByHand } from "../support/reconciling.ts";
import { inDashboard, openAlertsOf, reach, watch } from "../support/watchers.ts";

const CREATE = "/campaigns/trigger/schedule/create";
const UPDATE = "/campaigns/trigger/schedule/update";
const DELETE = "/campaigns/trigger/schedule/delete";
const ID = 1002;
const SEND = "users.messages.pushnotification.Send";
const RUNBOOK = await readText("docs/runbook.md");

/** The action of each rule, as the tables give it. */
const actions = new Map(
  [...RUNBOOK.matchAll(/^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \| .* \| (.*) \|$/gm)].flatMap(
    ([, rules = "", action = ""]) =>
      [...rules.matchAll(/`([a-z_]+)`/g)].map(([, rule = ""]) => [rule, action] as const),
  ).filter(([rule]) => !isVerb(rule)),
);

function isVerb(word: string): boolean {
  return [
    "cancel",
    "reschedule",
    "declare_gone",
    "release",
    "push_again",
    "mark_sent",
    "mark_not_sent",
    "undo",
    "confirm_removals",
    "adopt_schedule",
    "keep_schedule",
    "delete_schedule",
    "resolve",
  ].includes(word);
}

interface Walk {
  /** Behind a gate or without one, what Braze does, what Currents does. */
  readonly switches?: SwitchesPatch;
  readonly fixtures?: typeof THREE_AT_ONCE;
  readonly trouble: (stack: Stack) => Promise<unknown>;
  /** The verbs that the row names, in the order in which they are used. */
  readonly verbs: readonly string[];
  readonly remedy: (stack: Stack, act: Act) => Promise<unknown>;
  /** Beside this, the alert is over. */
  readonly mended?: (stack: Stack) => Promise<unknown>;
}

type Act = (verb: string, more?: object) => Promise<void>;

type Faults = NonNullable<SwitchesPatch["faults"]>;
const faults = ({ sandbox }: Stack, ...rules: Faults[number][]) =>
  void sandbox.model.switchboard.set({ faults: rules });
const PER_SCHEDULE = { listingMode: "per_schedule" } as const;
const SILENT = { currents: { enabled: false } } as const;

async function kickOff({ sql }: Stack, at: string): Promise<void> {
  await sql`update public.matches set kickoff_at = ${at} where id = ${ID}`;
}
async function reword({ sql }: Stack): Promise<void> {
  await sql`update public.matches set trigger_properties = '{"title":"Derby"}' where id = ${ID}`;
}
async function look(stack: Stack, ...times: string[]): Promise<void> {
  for (const time of times) {
    await reach(stack, time);
    await watch(stack, "braze-preflight-check");
  }
}
const generations = (stack: Stack, id = ID) =>
  liveSchedules(stack, id).map(({ triggerProperties }) => triggerProperties.generation);

/** One schedule of the match is in Braze, of this generation. */
const holds = (...expected: number[]) => async (stack: Stack): Promise<void> => {
  await Promise.resolve();
  deepStrictEqual(generations(stack), expected);
};
/** Nobody got the push. */
async function pushesNobody(stack: Stack): Promise<void> {
  await reach(stack, "15:30");
  deepStrictEqual(
    stack.sandbox.model.groundTruth.entries.filter((entry) =>
      entry.type === SEND && entry.triggerProperties.match_id === String(ID)
    ),
    [],
  );
}

async function sendThenMove(stack: Stack, kickoffAt: string): Promise<void> {
  await schedule(stack);
  await reach(stack, "14:20");
  strictEqual((await ledgerOf(stack, ID)).status, "sent");
  await kickOff(stack, kickoffAt);
  await schedule(stack);
}

/** A harm that its own tests make in the sandbox. */
const harm = (rule: string): Walk => ({
  trouble: ({ sql, timeline }) => {
    const told = [{
      fingerprint: `${rule}:${ID}`,
      rule,
      severity: "critical",
      audience: "admin",
      title: "It ended badly",
      details: {},
      match_id: ID,
    }];
    return sql`select public.raise_alerts(${sql.json(told)}, ${timeline.now()})`;
  },
  verbs: ["resolve"],
  remedy: (_stack, act) => act("resolve", { fingerprint: `${rule}:${ID}` }),
});

const walks: Readonly<Record<string, Walk>> = {
  create_unknown: {
    trouble: async (stack) => {
      faults(stack, { endpoint: CREATE, kind: "timeout_before_effect" });
      await schedule(stack);
      faults(stack);
    },
    verbs: ["declare_gone"],
    remedy: (_stack, act) => act("declare_gone"),
    mended: holds(2),
  },
  move_failed: {
    trouble: async (stack) => {
      await schedule(stack);
      faults(stack, { endpoint: UPDATE, kind: "status", status: 403 });
      await kickOff(stack, "2024-12-07T17:30:00Z");
      await schedule(stack);
    },
    verbs: ["cancel", "reschedule"],
    remedy: async (_stack, act) => {
      await act("cancel");
      await act("reschedule");
    },
    mended: async (stack) => {
      await Promise.resolve();
      const [live] = liveSchedules(stack, ID);
      strictEqual(live?.sendAt.toISOString(), "2024-12-07T16:30:00.000Z");
    },
  },
  delete_unconfirmed: {
    trouble: async (stack) => {
      await schedule(stack);
      faults(stack, { endpoint: DELETE, kind: "status", status: 400 });
      await stack.sql`update public.matches set status = 'postponed' where id = ${ID}`;
      await schedule(stack);
      await schedule(stack);
    },
    verbs: ["declare_gone"],
    remedy: async (stack, act) => {
      await inDashboard(stack, "dashboard/cancel", { match_id: ID });
      await act("declare_gone");
    },
    mended: pushesNobody,
  },
  schedule_id_unknown: {
    trouble: async (stack) => {
      await schedule(stack);
      await stack.sql`update public.braze_schedules set braze_schedule_id = null`;
      await kickOff(stack, "2024-12-07T17:30:00Z");
      await schedule(stack);
    },
    verbs: ["declare_gone"],
    remedy: async (stack, act) => {
      await inDashboard(stack, "dashboard/cancel", { match_id: ID });
      await act("declare_gone", { accept_double_push: true });
    },
    mended: holds(2),
  },
  attempt_unknown: {
    switches: { listingMode: "omit" },
    trouble: async (stack) => {
      await schedule(stack);
      faults(stack, { endpoint: DELETE, kind: "timeout_after_effect" });
      await stack.sql`
        insert into public.teams (name, braze_attribute_value) values ('Liverpool', 'Liverpool')`;
      await stack.sql`update public.matches set away_team = 'Liverpool' where id = ${ID}`;
      await schedule(stack);
      faults(stack);
      for (const time of ["06:10", "06:20"]) {
        await look(stack, time);
        await watch(stack, "braze-reconcile", { checks: ["unknown_attempts"] });
      }
    },
    verbs: ["declare_gone"],
    remedy: async (stack, act) => {
      await act("declare_gone");
      await look(stack, "06:30");
      await watch(stack, "braze-reconcile", { checks: ["unknown_attempts"] });
    },
    mended: holds(2),
  },
  schedule_missing: {
    fixtures: THREE_AT_ONCE,
    switches: PER_SCHEDULE,
    trouble: async (stack) => {
      await schedule(stack);
      await look(stack, "06:10");
      await inDashboard(stack, "dashboard/cancel", { match_id: ID });
      await look(stack, "06:15", "06:20", "06:25");
      await watch(stack, "braze-reconcile", { checks: ["verify"] });
    },
    verbs: ["reschedule"],
    remedy: async (stack, act) => {
      await act("reschedule");
      await look(stack, "06:30", "06:35");
      await watch(stack, "braze-reconcile", { checks: ["verify"] });
    },
    mended: holds(2),
  },
  unmanaged_schedule: {
    switches: PER_SCHEDULE,
    trouble: async (stack) => {
      await schedule(stack);
      await reach(stack, "06:05");
      await duplicateByHand(stack, ID);
      await look(stack, "06:10", "06:15");
    },
    verbs: ["delete_schedule"],
    remedy: async (stack, act) => {
      const second = liveSchedules(stack, ID).find(({ origin }) => origin !== "api");
      await act("delete_schedule", { schedule_id: second?.id });
      await look(stack, "06:20");
    },
    mended: holds(1),
  },
  schedule_id_missing: {
    trouble: async (stack) => {
      await reach(stack, "13:00");
      faults(stack, { endpoint: CREATE, kind: "timeout_before_effect" });
      await schedule(stack);
      faults(stack);
      await look(stack, "13:50");
    },
    verbs: ["mark_sent"],
    remedy: async (stack, act) => {
      await reach(stack, "14:05");
      await act("mark_sent");
      await look(stack, "14:10");
    },
    mended: async (stack) => strictEqual((await ledgerOf(stack, ID)).sent_evidence, "operator"),
  },
  schedule_in_doubt: {
    trouble: async (stack) => {
      await schedule(stack);
      await look(stack, "07:00");
      await inDashboard(stack, "campaign", { state: "stopped" });
      await look(stack, "07:05", "07:10");
      await inDashboard(stack, "campaign", { state: "enabled" });
      await look(stack, "07:15");
    },
    verbs: ["declare_gone"],
    remedy: async (stack, act) => {
      await act("declare_gone", { accept_double_push: true });
      await look(stack, "07:20", "07:30");
    },
    mended: holds(2),
  },
  campaign_stopped: {
    trouble: async (stack) => {
      await schedule(stack);
      await look(stack, "13:00");
      await inDashboard(stack, "campaign", { state: "stopped" });
      await look(stack, "13:05");
    },
    verbs: ["cancel"],
    remedy: async (stack, act) => {
      await act("cancel");
      await inDashboard(stack, "campaign", { state: "enabled" });
      await look(stack, "13:10");
    },
    mended: pushesNobody,
  },
  changed_before_send: {
    trouble: async (stack) => {
      await schedule(stack);
      await reach(stack, "13:47");
      await reword(stack);
      await look(stack, "13:50");
    },
    verbs: ["cancel"],
    remedy: async (stack, act) => {
      await act("cancel");
      await look(stack, "13:55", "14:05");
    },
    mended: pushesNobody,
  },
  change_inside_freeze: {
    trouble: async (stack) => {
      await schedule(stack);
      await reach(stack, "13:47");
      await kickOff(stack, "2024-12-07T16:00:00Z");
      await schedule(stack);
    },
    verbs: ["cancel"],
    remedy: (_stack, act) => act("cancel"),
    mended: pushesNobody,
  },
  brought_forward_inside_freeze: {
    trouble: async (stack) => {
      await schedule(stack);
      await reach(stack, "13:00");
      await kickOff(stack, "2024-12-07T14:05:00Z");
      await schedule(stack);
    },
    verbs: ["cancel"],
    remedy: (_stack, act) => act("cancel"),
    mended: pushesNobody,
  },
  cancel_inside_freeze: {
    trouble: async (stack) => {
      await schedule(stack);
      await reach(stack, "13:46");
      faults(stack, { endpoint: DELETE, kind: "timeout_before_effect" });
      await stack.sql`update public.matches set status = 'cancelled' where id = ${ID}`;
      await schedule(stack);
    },
    verbs: [],
    remedy: (stack) => inDashboard(stack, "campaign", { state: "stopped" }),
    mended: pushesNobody,
  },
  moved_while_unconfirmed: {
    switches: SILENT,
    trouble: async (stack) => {
      faults(stack, { endpoint: CREATE, kind: "timeout_before_effect", times: 1 });
      await schedule(stack);
      await reach(stack, "14:30");
      await kickOff(stack, "2024-12-07T20:00:00Z");
      await schedule(stack);
    },
    verbs: ["mark_not_sent", "reschedule"],
    remedy: async (stack, act) => {
      await act("mark_not_sent");
      const { body } = await call(stack, "braze-scheduler", {
        reschedule: [{ match_id: ID, reason: "Users must know" }],
      });
      match(body.verbs[0].refused, /accept_double_push overrides this/);
      await act("reschedule", { accept_double_push: true });
    },
    mended: holds(2),
  },
  sent_then_moved: {
    trouble: (stack) => sendThenMove(stack, "2024-12-07T20:00:00Z"),
    verbs: ["push_again"],
    remedy: async (stack, act) => {
      const { body } = await call(stack, "braze-scheduler", {
        push_again: [{ match_id: ID, reason: "Users must know" }],
      });
      match(body.verbs[0].refused, /moved by less than 12 hours/);
      await act("push_again", { accept_double_push: true });
    },
    mended: holds(1),
  },
  sent_for_old_date: {
    trouble: (stack) => sendThenMove(stack, "2024-12-08T20:00:00Z"),
    verbs: ["push_again"],
    remedy: (_stack, act) => act("push_again"),
    mended: async (stack) => {
      strictEqual(liveSchedules(stack, ID)[0]?.sendId, "match-1002-2");
      await stack.advanceTo(new Date("2024-12-08T19:20:00Z"));
      await watch(stack, "braze-reconcile");
      const rows = await stack.sql`
        select intent, status::text, sent_evidence, send_id, actual_send_count > 0 as is_counted,
          replaced_at is null as is_current
        from public.schedule_ledger where match_id = ${ID} order by intent`;
      const sent = { status: "sent", sent_evidence: "push", is_counted: true };
      deepStrictEqual(rows.map((row) => ({ ...row })), [
        { ...sent, intent: 1, send_id: "match-1002", is_current: false },
        { ...sent, intent: 2, send_id: "match-1002-2", is_current: true },
      ]);
      deepStrictEqual(await openAlerts(stack, ID), []);
    },
  },
  match_id_reused: {
    trouble: async (stack) => {
      await schedule(stack);
      await reach(stack, "14:20");
      await stack.sql`
        insert into public.teams (name, braze_attribute_value) values ('Liverpool', 'Liverpool')`;
      await stack.sql`update public.matches set away_team = 'Liverpool' where id = ${ID}`;
      await kickOff(stack, "2024-12-09T20:00:00Z");
      await schedule(stack);
    },
    verbs: ["push_again"],
    remedy: (_stack, act) => act("push_again"),
    mended: holds(1),
  },
  stale_pending: {
    trouble: async (stack) => {
      await schedule(stack);
      await inDashboard(stack, "campaign", { state: "stopped" });
      await reach(stack, "15:00");
      await watch(stack, "braze-reconcile", { checks: ["stale"] });
    },
    verbs: ["mark_not_sent"],
    remedy: (_stack, act) => act("mark_not_sent"),
    mended: async (stack) => {
      await watch(stack, "braze-reconcile", { checks: ["stale"] });
      deepStrictEqual(await openAlertsOf(stack, "stale_pending"), []);
      strictEqual((await ledgerOf(stack, ID)).cancel_reason, "operator");
    },
  },
  push_held: {
    trouble: async (stack) => {
      await schedule(stack);
      await reach(stack, "13:10");
      const { id } = await ledgerOf(stack, ID);
      await stack.sql`
        insert into private.schedule_holds (ledger_id, generation, users, held_at)
        values (${id}, 1, 20, ${stack.timeline.now()})`;
      await harm("push_held").trouble(stack);
      await schedule(stack);
      deepStrictEqual(liveSchedules(stack, ID), []);
    },
    verbs: ["release"],
    remedy: (_stack, act) => act("release"),
    mended: holds(2),
  },
  double_push: harm("double_push"),
  push_missed: harm("push_missed"),
  push_unwanted: harm("push_unwanted"),
  push_outdated: harm("push_outdated"),
  unexpected_send: harm("unexpected_send"),
  sent_early: harm("sent_early"),
  sent_late: harm("sent_late"),
  push_short: harm("push_short"),
  push_bounced: harm("push_bounced"),
  push_aborted: harm("push_aborted"),
  push_late: harm("push_late"),
  push_surplus: harm("push_surplus"),
};

/** Rules whose row names no verb for one match: where their remedy is done, and seen to help. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  create_failed: "end_to_end/alert_rules_test.ts",
  create_inside_freeze: "end_to_end/alert_rules_test.ts",
  brought_forward_too_late: "end_to_end/alert_rules_test.ts",
  unknown_team: "end_to_end/alert_rules_test.ts",
  kickoff_unconfirmed: "end_to_end/alert_rules_test.ts",
  kickoff_at_midnight: "end_to_end/alert_rules_test.ts",
  properties_too_large: "end_to_end/alert_rules_test.ts",
  teams_empty: "end_to_end/fixtures_test.ts",
  same_fixture_twice: "end_to_end/fixtures_test.ts",
  removals_held: "end_to_end/fixtures_test.ts",
  remakes_held: "end_to_end/fixtures_test.ts",
  listing_empty: "database/record_observation_test.ts",
  absence_limit_reached: "end_to_end/observe_test.ts",
  unmanaged_send_expected: "database/record_observation_test.ts",
  schedule_gap: "end_to_end/reconcile_verify_test.ts",
  missing_webhooks: "end_to_end/event_quality_test.ts",
  contradicting_evidence: "end_to_end/runbook_test.ts",
  low_confidence_share: "database/judge_event_quality_test.ts",
  unattributed_share: "end_to_end/event_quality_test.ts",
  count_mismatch: "end_to_end/count_audit_test.ts",
  cancellation_limit_reached: "end_to_end/reconcile_unmanaged_test.ts",
  many_duplicates: "end_to_end/reconcile_unmanaged_test.ts",
  duplicates_three_days: "end_to_end/reconcile_unmanaged_test.ts",
  braze_refused: "end_to_end/observe_test.ts",
  braze_unavailable: "end_to_end/observe_test.ts",
  function_stalled: "end_to_end/health_test.ts",
  pg_net_failures: "end_to_end/health_test.ts",
  partitions_low: "database/heartbeat_test.ts",
  rejects_backlog: "database/heartbeat_test.ts",
};

Deno.test("each row of the runbook is walked", async () => {
  deepStrictEqual(
    [...actions.keys()].sort(),
    [...Object.keys(walks), ...Object.keys(ELSEWHERE)].sort(),
  );
  for (const [rule, path] of Object.entries(ELSEWHERE)) {
    ok((await readText(`tests/${path}`)).includes(rule), `${path} has ${rule}`);
  }
});

for (const [rule, walk] of Object.entries(walks)) {
  Deno.test(`the runbook's remedy for ${rule} is ${walk.verbs.join(", ") || "no verb"}, and mends it`, () =>
    withSuite({
      fixtures: walk.fixtures ?? THREE_AT_ONCE.slice(1, 2),
      env: { RUN_DEADLINE_SECONDS: "140" },
      sandbox: {
        users: { count: 60 },
        switches: { openProbability: 0, bounceProbability: 0, ...walk.switches },
      },
    }, async (stack) => {
      await walk.trouble(stack);
      ok((await openAlerts(stack, ID)).includes(rule), (await openAlerts(stack, ID)).join());

      const used: string[] = [];
      await walk.remedy(stack, async (verb, more = {}) => {
        ok(actions.get(rule)?.includes(`\`${verb}\``), `the row names ${verb}`);
        used.push(verb);
        const reason = `As the runbook says of ${rule}`;
        const isOfMatch = !("fingerprint" in more || "schedule_id" in more);
        const entry = { ...(isOfMatch ? { match_id: ID } : {}), reason, ...more };
        const { status, body } = await call(stack, "braze-scheduler", { [verb]: [entry] });
        strictEqual(status, 200, JSON.stringify(body));
        const [acted] = body.verbs;
        deepStrictEqual([acted.verb, acted.done, acted.refused], [verb, true, null]);
        ok(acted.next, "what happens next");
      });
      deepStrictEqual(used, walk.verbs);
      // Without a verb it is over when its time has passed.
      if (used.length > 0) ok(!(await openAlerts(stack, ID)).includes(rule), "the alert is over");
      await walk.mended?.(stack);

      const told = await stack.sql<{ what: string; reason: string }[]>`
        select entry ->> 'what' as what, entry -> 'details' ->> 'reason' as reason
        from jsonb_array_elements(public.match_timeline(${ID})) as entry
        where entry ->> 'kind' = 'person' and entry -> 'details' ->> 'reason' like 'As the runbook%'`;
      deepStrictEqual(told.map(({ what }) => what), used);
    }));
}

Deno.test("a harm about a match that is not played again stays closed, and a further move is asked about again", () =>
  withSuite(
    { fixtures: THREE_AT_ONCE.slice(1, 2), sandbox: { users: { count: 60 } } },
    async (stack) => {
      await sendThenMove(stack, "2024-12-08T20:00:00Z");
      const entry = { fingerprint: `sent_for_old_date:${ID}`, reason: "Another competition" };
      await watch(stack, "braze-reconcile", { resolve: [entry] });
      await schedule(stack);
      deepStrictEqual(await openAlerts(stack, ID), []);
      await kickOff(stack, "2024-12-09T20:00:00Z");
      await schedule(stack);
      deepStrictEqual(await openAlerts(stack, ID), ["sent_for_old_date"]);
    },
  ));

Deno.test("contradicting_evidence is told, and over a day after the templates are right", () =>
  withSuite({ fixtures: THREE_AT_ONCE, sandbox: { users: { count: 60 } } }, async (stack) => {
    await schedule(stack);
    await reach(stack, "14:20");
    const [known] = await stack.sql<{ raw_payload: Record<string, unknown> }[]>`
      select raw_payload from public.notification_sends where match_id = ${ID} and send_id is not null limit 1`;
    const text = JSON.stringify({ ...known?.raw_payload, id: crypto.randomUUID() });
    const event = JSON.parse(text.replace('"match-1002"', '"match-1001"'));
    await postEvents(stack, { events: [event] });
    await watch(stack, "braze-reconcile", { checks: ["quality"] });
    strictEqual((await openAlertsOf(stack, "contradicting_evidence")).length, 1);
    await stack.advanceTo(new Date("2024-12-08T15:00:00Z"));
    await watch(stack, "braze-reconcile", { checks: ["quality"] });
    deepStrictEqual(await openAlertsOf(stack, "contradicting_evidence"), []);
  }));

Deno.test("undo takes back a cancel that has caused no call; after the delete, reschedule makes another schedule", () =>
  withSuite({ fixtures: THREE_AT_ONCE.slice(1, 2) }, async (stack) => {
    await schedule(stack);
    const entry = { match_id: ID, reason: "By mistake" };
    const told = async (name: string, verb: string) => {
      const last = await stack.sql`select max(id)::int as action_id from public.operator_actions`;
      const more = verb === "undo" ? last[0] : {};
      return (await watch(stack, name, { [verb]: [{ ...entry, ...more }] })).verbs[0].refused;
    };
    await reach(stack, "06:05");
    strictEqual(await told("braze-reconcile", "cancel"), null);
    deepStrictEqual(generations(stack), [1], "braze-reconcile calls nothing");
    strictEqual(await told("braze-scheduler", "undo"), null);
    deepStrictEqual(generations(stack), [1]);
    strictEqual((await ledgerOf(stack, ID)).status, "pending");

    strictEqual(await told("braze-scheduler", "cancel"), null);
    deepStrictEqual(generations(stack), []);
    strictEqual(
      await told("braze-reconcile", "undo"),
      "it has caused a call to Braze: use reschedule",
    );
    strictEqual(
      await told("braze-scheduler", "cancel"),
      "its push is cancelled already (operator)",
    );
    strictEqual(await told("braze-scheduler", "reschedule"), null);
    deepStrictEqual(generations(stack), [2]);
  }));

Deno.test("a verb takes many matches for one reason, and changes nothing in a dry run", () =>
  withSuite({ fixtures: THREE_AT_ONCE }, async (stack) => {
    await schedule(stack);
    const cancel = { match_ids: [1001, 1003, 1003, 7], reason: "The round is off" };
    const answers = async (dry_run: boolean) =>
      (await watch(stack, "braze-scheduler", { cancel, dry_run })).verbs.map(
        ({ match_id, refused }: Record<string, unknown>) => [match_id, refused],
      );
    const expected = [
      [1001, null],
      [1003, null],
      [7, "no push of it is scheduled: set matches.push to false"],
    ];
    deepStrictEqual(await answers(true), expected);
    deepStrictEqual(generations(stack, 1001), [1]);
    deepStrictEqual(await answers(false), expected);
    deepStrictEqual([1001, 1002, 1003].map((id) => generations(stack, id).length), [0, 1, 0]);
    const rows = await stack
      .sql`select action, match_id::int from public.operator_actions order by id`;
    deepStrictEqual(rows.map(({ action, match_id }) => [action, match_id]), [
      ["cancel", 1001],
      ["cancel", 1003],
    ]);
    const { body } = await call(stack, "braze-scheduler", {
      cancel: { match_ids: [], reason: "x" },
    });
    strictEqual(body.code, "invalid_body");
  }));
