/**
 * The verdict of a push in every state that the suite can store: ledger row, schedule, answers of Braze, alerts, fixture
 * and time; and what a person can do there, compared with what the verbs themselves answer.
 */
import { deepStrictEqual, match as matches, ok, strictEqual } from "node:assert/strict";
import { callAs, minutes, type Suite, withSuite } from "./fixtures.ts";
import { addPush, addWorld, type PushState, SEND_AT } from "./pushes.ts";

const AHEAD = minutes(300);
/** Inside the freeze window of 15 minutes. */
const NEAR = minutes(530);
const SENDING = minutes(543);
const AFTER = minutes(560);
const DAY_AFTER = minutes(540 + 24 * 60 + 5);
/** A week later, and so is its push. */
const NEXT_WEEK = minutes(600 + 7 * 24 * 60);

type Told = readonly [at: Date, verdict: string, why: RegExp];
interface Case extends PushState {
  readonly name: string;
  readonly told: readonly Told[];
}

const cancelled = (reason: string) => ({ status: "cancelled", cancel_reason: reason });
const sent = (evidence: string) => ({
  status: "sent",
  sent_evidence: evidence,
  sent_confirmed_at: SEND_AT,
});
const DELETED = { state: "deleted", deleted_at: minutes(0), updated_at: minutes(0) };
const DELETED_LATE = { state: "deleted", deleted_at: minutes(535), updated_at: minutes(535) };
const COMPLETED = { state: "completed", first_event_at: SEND_AT };
const refused = (kind: string) => ({
  kind,
  outcome: "failed",
  opened_at: minutes(1),
  closed_at: minutes(1),
  http_status: 400,
  detail: "Braze answered 400: The audience is invalid.",
});
const unanswered = (kind: string) => ({
  kind,
  outcome: "unknown",
  opened_at: minutes(1),
  closed_at: minutes(1),
  detail: "No answer within 10 seconds",
});
const REACHED = { users: 80, push_sends: 90, first_sent_at: SEND_AT, last_sent_at: minutes(541) };

const CASES: readonly Case[] = [
  // Nothing was asked of Braze.
  {
    name: "no schedule yet",
    ledger: null,
    match: { updated_at: minutes(299) },
    told: [
      [AHEAD, "scheduled", /^Braze has no schedule of it yet\.$/],
      [minutes(320), "in_doubt", /although braze-scheduler has run since/],
      [minutes(538), "will_not_go", /^No schedule was made in time\.$/],
      [AFTER, "did_not_go", /^No schedule was ever made\.$/],
    ],
  },
  {
    name: "beyond the horizon",
    ledger: null,
    match: { kickoff_at: minutes(600 + 8 * 24 * 60) },
    told: [[AHEAD, "scheduled", /^Braze gets its schedule when it is nearer\.$/]],
  },
  {
    name: "entered after its time",
    ledger: null,
    match: { updated_at: minutes(570) },
    told: [[minutes(580), "not_wanted", /entered after the time of its push/]],
  },
  {
    name: "unknown team",
    ledger: null,
    match: { home_team: "Nobody", away_team: "Silent" },
    told: [
      [AHEAD, "will_not_go", /^The team Nobody is not in the table teams/],
      [AFTER, "did_not_go", /^The team Nobody is not in the table teams/],
    ],
  },
  {
    name: "one team known",
    match: { home_team: "Nobody" },
    told: [[AHEAD, "scheduled", /^Braze has its schedule\.$/]],
  },
  {
    name: "no audience",
    ledger: null,
    match: { home_team: "Silent", away_team: "Quiet" },
    told: [[AHEAD, "not_wanted", /fans of neither team/], [AFTER, "not_wanted", /neither team/]],
  },
  {
    name: "kick-off not confirmed",
    ledger: null,
    match: { kickoff_confirmed: false },
    told: [[AHEAD, "in_doubt", /kick-off is not confirmed/], [AFTER, "in_doubt", /not confirmed/]],
  },
  {
    name: "kick-off not confirmed any more",
    match: { kickoff_confirmed: false },
    told: [[AHEAD, "scheduled", /has its schedule\. Its kick-off is not confirmed any more/]],
  },
  ...["postponed", "cancelled"].map((status) => ({
    name: `${status} before anything was asked`,
    ledger: null,
    match: { status },
    told: [[AHEAD, "called_off", new RegExp(`^The match is ${status}\\.$`)]] as const,
  })),
  {
    name: "push off before anything was asked",
    ledger: null,
    match: { push: false },
    told: [[AHEAD, "not_wanted", /no push is wanted/]],
  },
  {
    name: "missed without a schedule",
    ledger: null,
    alert: {
      rule: "push_missed",
      fingerprint: "push_missed:ID:2024-12-07T15:00Z",
      details: { because: "no schedule was ever made" },
    },
    told: [[AFTER, "did_not_go", /^No push went out at 2024-12-07 15:00 UTC, since no schedule/]],
  },

  // Braze has a schedule, or was asked for one.
  {
    name: "live",
    schedules: [{ listed_at: minutes(295) }],
    listed: true,
    told: [
      [AHEAD, "scheduled", /^Braze has its schedule, last listed at 2024-12-07 10:55 UTC\.$/],
      [NEAR, "scheduled", /^Braze has its schedule/],
      [SENDING, "going_out", /^Its time was 2024-12-07 15:00 UTC/],
      [AFTER, "in_doubt", /nothing shows that it was sent\.$/],
      [DAY_AFTER, "in_doubt", /nothing shows that it was sent\.$/],
    ],
  },
  {
    name: "being created",
    schedules: [{ state: "creating", braze_schedule_id: null }],
    attempts: [{ outcome: null, opened_at: minutes(299) }],
    told: [
      [AHEAD, "scheduled", /is being asked for it now/],
      [minutes(310), "in_doubt", /may have one or not/],
    ],
  },
  {
    name: "create without an answer",
    schedules: [{ state: "unknown", braze_schedule_id: null }],
    attempts: [unanswered("create")],
    told: [
      [AHEAD, "in_doubt", /may have one or not \(No answer within 10 seconds\)/],
      [SENDING, "in_doubt", /never confirmed its schedule \(No answer/],
    ],
  },
  {
    name: "create refused",
    schedules: [{ state: "failed", braze_schedule_id: null }],
    attempts: [refused("create")],
    told: [
      [AHEAD, "will_not_go", /^Braze refused its schedule: .*400: The audience is invalid\.$/],
      [AFTER, "did_not_go", /^Braze refused its schedule: .*The audience is invalid\.$/],
    ],
  },
  {
    name: "deleted to be made again",
    schedules: [DELETED],
    ledger: { updated_at: minutes(299) },
    told: [
      [AHEAD, "scheduled", /no schedule of it yet/],
      [AFTER, "did_not_go", /deleted, and no other/],
    ],
  },
  {
    name: "delete under a remake without an answer",
    schedules: [{ state: "deleting" }],
    attempts: [{}, unanswered("delete")],
    told: [
      [AHEAD, "in_doubt", /to be replaced, and Braze has not confirmed the delete \(No answer/],
      [AFTER, "in_doubt", /was to be deleted, and Braze did not confirm/],
    ],
  },
  {
    name: "deleted too late to be sure, and nothing else made",
    schedules: [DELETED_LATE],
    told: [
      [NEAR, "in_doubt", /may still be in Braze/],
      [AFTER, "in_doubt", /nothing shows that it was sent/],
    ],
  },
  {
    name: "campaign stopped",
    campaign: { state: "stopped" },
    told: [
      [AHEAD, "will_not_go", /^The campaign is stopped in Braze\.$/],
      [SENDING, "in_doubt", /nothing shows that it was sent: the campaign is stopped/],
    ],
  },
  {
    name: "campaign running",
    campaign: { state: "running" },
    told: [[AHEAD, "scheduled", /has its schedule/], [SENDING, "going_out", /Its time was/]],
  },
  ...([
    ["campaign_restarted", /^The campaign was stopped and started again/],
    ["list_empty", /^Braze's list showed the campaign's schedules and shows none/],
    ["next_send_later", /^The next send that Braze lists is later/],
    ["missing_with_many", /^Braze's list lacks its schedule, and many others/],
  ] as const).map(([doubt, why]) => ({
    name: `in doubt: ${doubt}`,
    schedules: [{ doubt, doubted_at: minutes(0) }],
    told: [[AHEAD, "in_doubt", why], [SENDING, "in_doubt", /nothing shows that it was sent: /]] as [
      Told,
      Told,
    ],
  })),
  {
    name: "missing from the list once",
    schedules: [{ listed_at: minutes(290), missed_at: minutes(298) }],
    told: [[AHEAD, "in_doubt", /list lacks its schedule since 2024-12-07 10:58 UTC/]],
  },
  {
    name: "move under way",
    match: { kickoff_at: minutes(660) },
    schedules: [{ moving_to_utc: minutes(600) }],
    attempts: [{}, { kind: "update", outcome: null, opened_at: minutes(299) }],
    told: [[AHEAD, "scheduled", /is being asked for it now/]],
  },
  {
    name: "move without an answer",
    match: { kickoff_at: minutes(660) },
    schedules: [{ moving_to_utc: minutes(600) }],
    attempts: [{}, unanswered("update")],
    told: [
      [AHEAD, "in_doubt", /sent at 2024-12-07 15:00 UTC or at 2024-12-07 16:00 UTC \(No answer/],
      [SENDING, "in_doubt", /did not confirm its move/],
    ],
  },
  {
    name: "move refused",
    match: { kickoff_at: minutes(660) },
    attempts: [{}, refused("update")],
    told: [[
      AHEAD,
      "in_doubt",
      /^Braze refused to move it to 2024-12-07 16:00 UTC \(Braze answered/,
    ]],
  },
  {
    name: "moved, before the scheduler has seen it",
    match: { kickoff_at: minutes(660) },
    told: [
      [AHEAD, "scheduled", /the push moves with it to 2024-12-07 16:00 UTC/],
      [NEAR, "scheduled", /moved too late to move the push/],
    ],
  },
  {
    name: "moved to another week too late",
    match: { kickoff_at: NEXT_WEEK },
    told: [[NEAR, "in_doubt", /goes out at 2024-12-07 15:00 UTC, for the old date/]],
  },
  {
    name: "held, since its predecessor was sent",
    hold: { generation: 1 },
    ledger: { generation: 2 },
    schedules: [COMPLETED, { generation: 2 }],
    told: [
      [AHEAD, "will_not_go", /^Its schedule 1, which had been replaced, was sent to 12 users/],
      [AFTER, "in_doubt", /held\. Nothing shows what became of it/],
    ],
  },
  {
    name: "held and deleted",
    hold: { generation: 1 },
    ledger: { ...cancelled("plan"), generation: 2 },
    schedules: [COMPLETED, { ...DELETED, generation: 2 }],
    told: [[AHEAD, "will_not_go", /so the current one is held/], [AFTER, "did_not_go", /is held/]],
  },
  {
    name: "an older schedule that Braze did not delete",
    ledger: { generation: 2 },
    schedules: [{ state: "deleting" }, { generation: 2 }],
    told: [[AHEAD, "scheduled", /Its schedule 1 may be sent as well/]],
  },
  {
    name: "an older schedule that the gate shuts out",
    ledger: { generation: 2 },
    schedules: [{ state: "deleting", shut_out_at: minutes(0) }, { generation: 2 }],
    told: [[AHEAD, "scheduled", /^Braze has its schedule\.$/]],
  },
  {
    name: "refused beside an older one in Braze",
    ledger: { generation: 2 },
    schedules: [{ state: "unknown" }, { generation: 2, state: "failed", braze_schedule_id: null }],
    told: [[AHEAD, "in_doubt", /Another schedule of it may still be in Braze/]],
  },
  {
    name: "deleted in Braze by somebody",
    ledger: cancelled("dashboard"),
    schedules: [{ state: "deleted", absent_at: minutes(0), missed_at: minutes(-10) }],
    told: [
      [AHEAD, "will_not_go", /gone from Braze: somebody deleted it/],
      [AFTER, "did_not_go", /gone from Braze before its time/],
    ],
  },

  // It is not wanted any more.
  ...["postponed", "cancelled"].map((status) => ({
    name: `${status}, and its schedule not deleted yet`,
    match: { status },
    told: [
      [AHEAD, "in_doubt", new RegExp(`^The match is ${status}, but Braze may still send`)],
      [AFTER, "in_doubt", /nothing shows whether its push of 2024-12-07 15:00 UTC went out/],
      [DAY_AFTER, "in_doubt", /nothing shows whether/],
    ] as const,
  })),
  {
    name: "postponed, and its schedule deleted",
    match: { status: "postponed" },
    ledger: cancelled("plan"),
    schedules: [DELETED],
    told: [[AHEAD, "called_off", /^The match is postponed\.$/], [AFTER, "called_off", /postponed/]],
  },
  {
    name: "postponed, and the delete not confirmed",
    match: { status: "postponed" },
    ledger: cancelled("plan"),
    schedules: [{ state: "deleting" }],
    attempts: [{}, unanswered("delete")],
    told: [
      [AHEAD, "in_doubt", /its delete is not confirmed \(No answer within/],
      [AFTER, "in_doubt", /nothing shows whether/],
      [DAY_AFTER, "called_off", /^The match is postponed\.$/],
    ],
  },
  {
    name: "postponed, and deleted too late to be sure",
    match: { status: "postponed" },
    ledger: cancelled("plan"),
    schedules: [DELETED_LATE],
    told: [[minutes(537), "in_doubt", /deleted so late that some users may get it/]],
  },
  {
    name: "postponed, and listed again after its delete",
    match: { status: "postponed" },
    ledger: cancelled("plan"),
    told: [[AHEAD, "in_doubt", /its schedule is not deleted yet/]],
  },
  {
    name: "postponed behind a closed gate",
    match: { status: "postponed" },
    schedules: [{ gated: true }],
    campaign: { state: "running", gate: "fail_closed" },
    told: [[AHEAD, "called_off", /the send gate turns the push away/]],
  },
  {
    name: "postponed behind a gate that opens without an answer",
    match: { status: "postponed" },
    schedules: [{ gated: true }],
    campaign: { state: "running", gate: "fail_open" },
    told: [[AHEAD, "in_doubt", /Braze may still send/]],
  },
  {
    name: "postponed, and its removal is held",
    match: { status: "postponed" },
    held: {},
    schedules: [{ gated: true }],
    campaign: { state: "running", gate: "fail_closed" },
    told: [[AHEAD, "in_doubt", /too many were called off at once, so its removal waits/]],
  },
  {
    name: "push switched off, and its schedule deleted",
    match: { push: false },
    ledger: cancelled("plan"),
    schedules: [DELETED],
    told: [[AHEAD, "not_wanted", /no push is wanted/]],
  },
  {
    name: "finished long before its push",
    match: { status: "finished" },
    ledger: cancelled("plan"),
    schedules: [DELETED],
    told: [[AHEAD, "not_wanted", /says that the match is finished/]],
  },
  {
    name: "finished as it should be",
    changed: { at: minutes(720), status: "finished" },
    told: [[minutes(730), "in_doubt", /^Its time was .* nothing shows that it was sent\.$/]],
  },
  {
    name: "postponed after its time",
    changed: { at: minutes(550), status: "postponed" },
    told: [[
      AFTER,
      "in_doubt",
      /^Its time was .* that it was sent\. The match is postponed since then\.$/,
    ]],
  },
  {
    name: "gone from Braze, and postponed before its time",
    ledger: cancelled("dashboard"),
    schedules: [DELETED],
    changed: { at: minutes(500), status: "postponed" },
    told: [[AHEAD, "called_off", /^The match is postponed\.$/], [
      AFTER,
      "called_off",
      /^The match is postponed\.$/,
    ]],
  },
  {
    name: "gone from Braze, and postponed after its time",
    ledger: cancelled("dashboard"),
    schedules: [DELETED],
    changed: { at: minutes(550), status: "postponed" },
    told: [[
      AFTER,
      "did_not_go",
      /^Its schedule was gone from Braze before its time\. The match is postponed since then\.$/,
    ]],
  },
  {
    name: "wanted again after a cancellation",
    ledger: { ...cancelled("plan"), updated_at: minutes(299) },
    schedules: [DELETED],
    told: [[AHEAD, "scheduled", /no schedule of it yet/], [
      AFTER,
      "did_not_go",
      /no other was made/,
    ]],
  },
  {
    name: "cancelled by a person",
    ledger: cancelled("operator"),
    acts: [{ action: "cancel" }],
    schedules: [DELETED],
    told: [
      [AHEAD, "not_wanted", /^A person took the push off: They said so\.$/],
      [AFTER, "not_wanted", /^A person took the push off: They said so\.$/],
    ],
  },
  {
    name: "cancelled by a person, and the delete not confirmed",
    ledger: cancelled("operator"),
    acts: [{ action: "cancel" }],
    schedules: [{ state: "deleting" }],
    told: [[AHEAD, "in_doubt", /^A person took the push off: They said so, but Braze may still/]],
  },

  // Its time has come.
  {
    name: "everybody was aborted",
    counts: {
      aborted_users: 3_276,
      abort_reasons: { frequency_capped: 3_200, quiet_hours: 76 },
    },
    told: [
      [SENDING, "going_out", /Its time was/],
      [
        AFTER,
        "did_not_go",
        /^Nobody was pushed: Braze aborted it for 3,276 users \(frequency_capped 3,200, quiet_hours 76\)\.$/,
      ],
    ],
  },
  {
    name: "everybody was aborted, and the webhook ran",
    ledger: sent("webhook"),
    schedules: [COMPLETED],
    counts: { aborted_users: 9, webhook_sends: 9, abort_reasons: { quiet_hours: 9 } },
    told: [[AFTER, "did_not_go", /9 users \(quiet_hours\); only the webhook of the campaign ran/]],
  },
  {
    name: "missed",
    ledger: cancelled("plan"),
    schedules: [{ state: "deleting" }],
    alert: {
      rule: "push_missed",
      fingerprint: "push_missed:ID:2024-12-07T15:00Z",
      details: { because: "it was not clear whether its schedule was deleted" },
      resolved_at: minutes(580),
    },
    told: [[minutes(590), "did_not_go", /since it was not clear whether its schedule was deleted/]],
  },
  {
    name: "marked as not sent",
    ledger: cancelled("operator"),
    acts: [{ action: "mark_not_sent", acted_at: minutes(555) }],
    told: [[AFTER, "did_not_go", /^A person stated it: They said so\.$/]],
  },
  {
    name: "marked as not sent, and moved to another week",
    match: { kickoff_at: NEXT_WEEK },
    ledger: cancelled("operator"),
    acts: [{ action: "mark_not_sent", acted_at: minutes(555) }],
    told: [[AFTER, "will_not_go", /^A person stated of its earlier push/]],
  },
  {
    name: "proved",
    ledger: { ...sent("push"), actual_send_count: 80, double_push_users: 0 },
    schedules: [COMPLETED],
    counts: REACHED,
    told: [
      [SENDING, "going_out", /^80 users got it, the first at 2024-12-07 15:00 UTC so far\.$/],
      [AFTER, "went_out", /^80 users got it, the first at 2024-12-07 15:00 UTC\.$/],
    ],
  },
  {
    name: "proved by an opening alone",
    ledger: sent("push"),
    schedules: [COMPLETED],
    told: [[AFTER, "went_out", /^A push event proves it\.$/]],
  },
  {
    name: "proved by the webhook of the campaign",
    ledger: sent("webhook"),
    schedules: [COMPLETED],
    told: [[AFTER, "went_out", /^The webhook of the campaign ran; no push event shows a push\.$/]],
  },
  {
    name: "proved by Braze's statistics",
    ledger: { ...sent("statistics"), braze_reported_count: 1_234 },
    schedules: [COMPLETED],
    told: [[AFTER, "went_out", /^Braze reports 1,234 pushes of it; no event of them came\.$/]],
  },
  {
    name: "proved by Braze's statistics before its events came",
    ledger: { ...sent("statistics"), braze_reported_count: 1_234, actual_send_count: 80 },
    schedules: [COMPLETED],
    counts: REACHED,
    told: [[AFTER, "went_out", /^80 users got it/]],
  },
  {
    name: "confirmed by a person",
    ledger: sent("operator"),
    acts: [{ action: "mark_sent", acted_at: minutes(555) }],
    told: [[AFTER, "confirmed_manually", /^A person confirmed it: They said so\. No event/]],
  },
  {
    name: "sent although it was postponed",
    match: { status: "postponed" },
    ledger: { ...sent("push"), actual_send_count: 80 },
    schedules: [COMPLETED],
    counts: REACHED,
    told: [[AFTER, "went_out", /15:00 UTC, although the match was postponed\.$/]],
  },

  // It was pushed, and moved.
  {
    name: "sent, and moved by an hour",
    match: { kickoff_at: minutes(660) },
    ledger: sent("push"),
    schedules: [COMPLETED],
    told: [[AFTER, "went_out", /proves it/]],
  },
  {
    name: "sent, and moved to another week",
    match: { kickoff_at: NEXT_WEEK },
    ledger: { ...sent("push"), actual_send_count: 80 },
    schedules: [COMPLETED],
    counts: REACHED,
    alert: { rule: "sent_for_old_date", details: { would_send_at: "2024-12-14T15:00:00.000Z" } },
    told: [
      [AFTER, "will_not_go", /^Its push went out at 2024-12-07 15:00 UTC, for an earlier date\.$/],
      [minutes(560 + 7 * 24 * 60), "did_not_go", /No other was made for the new date/],
    ],
  },
  {
    name: "sent, moved to another week, and left so by a person",
    match: { kickoff_at: NEXT_WEEK },
    ledger: sent("push"),
    schedules: [COMPLETED],
    alert: {
      rule: "sent_for_old_date",
      resolved_at: minutes(570),
      details: { would_send_at: "2024-12-14T15:00:00.000Z" },
    },
    told: [[minutes(580), "not_wanted", /a person decided that it gets no second push/]],
  },
  {
    name: "sent, moved to another week and postponed",
    match: { kickoff_at: NEXT_WEEK, status: "postponed" },
    ledger: sent("push"),
    schedules: [COMPLETED],
    told: [[
      AFTER,
      "called_off",
      /^The match is postponed\. Its push went out at 2024-12-07 15:00/,
    ]],
  },
  {
    name: "pushed again, and not scheduled yet",
    match: { kickoff_at: NEXT_WEEK, updated_at: minutes(559) },
    ledger: { ...sent("push"), replaced_at: minutes(559) },
    schedules: [COMPLETED],
    told: [[AFTER, "scheduled", /^Braze has no schedule of it yet\.$/]],
  },
];

interface Verdict {
  readonly match_id: number;
  readonly verdict: string;
  readonly why: string;
  readonly send_at: string;
  readonly once: unknown;
  readonly to_everyone: { readonly answer: string; readonly by: number | null };
  readonly counts: unknown;
  readonly next: {
    readonly text: string;
    readonly at: string | null;
    readonly verbs: readonly string[];
    readonly verbs_with_risk: readonly string[];
  };
  readonly alerts: readonly { readonly rule: string }[];
}

function verdictOf({ call }: Suite, p_match_id: number, p_now: Date): Promise<Verdict> {
  return call("match_verdict", { p_match_id, p_now });
}

/** One database for all: each case is a match of its own. */
function withCases(run: (suite: Suite) => Promise<void>): () => Promise<void> {
  return withSuite(async (suite) => {
    await addWorld(suite);
    for (const [index, state] of CASES.entries()) {
      const id = idOf(index);
      const { alert } = state;
      const fingerprint = typeof alert?.fingerprint === "string"
        ? { fingerprint: alert.fingerprint.replace("ID", String(id)) }
        : {};
      await addPush(suite, id, {
        ...state,
        ...(alert === undefined ? {} : { alert: { ...alert, ...fingerprint } }),
      });
    }
    await run(suite);
  });
}

const idOf = (index: number) => 1_000 + index;

const TIMES = [...new Set(CASES.flatMap(({ told }) => told.map(([at]) => at.getTime())))]
  .map((time) => new Date(time));

/** All cases at one time, in one call, with the rights of the functions. */
async function asService<Row>({ sql }: Suite, query: string, args: unknown[]): Promise<Row[]> {
  let rows: readonly unknown[] = [];
  await sql.begin(async (tx) => {
    await tx`set local role service_role`;
    rows = [...await tx.unsafe(query, args as never[])];
  });
  return rows as Row[];
}

async function verdictsAt(suite: Suite, at: Date): Promise<ReadonlyMap<number, Verdict>> {
  const rows = await asService<{ told: Verdict }>(
    suite,
    `select judged.told from private.push_verdicts(array(select id from public.matches), '{}', $1) as judged`,
    [at],
  );
  return new Map(rows.map(({ told }) => [told.match_id, told]));
}

Deno.test(
  "match_verdict() tells each state of a push, and why",
  withCases(async (suite) => {
    const wrong: string[] = [];
    for (const time of TIMES) {
      const verdicts = await verdictsAt(suite, time);
      for (const [index, { name, told }] of CASES.entries()) {
        const judged = verdicts.get(idOf(index));
        ok(judged !== undefined, name);
        ok(judged.next.text.endsWith("."), `${name}: what happens next is a sentence`);
        for (const [at, verdict, why] of told) {
          if (at.getTime() !== time.getTime()) continue;
          if (judged.verdict !== verdict || !why.test(judged.why)) {
            wrong.push(
              `${name} at ${at.toISOString()}: ${judged.verdict}: ${judged.why} (not ${verdict}: ${why})`,
            );
          }
        }
      }
    }
    deepStrictEqual(wrong, []);
  }),
);

const SAME = "'Trying', 'secret_key', gen_random_uuid(), true";
/** As the page names it: what a person did last, and did not take back. */
const LAST = `coalesce((
  select max(done.id) from public.operator_actions as done
  where done.match_id = matches.id and done.action not in ('undo', 'resolve', 'keep_schedule', 'delete_schedule')
    and not exists (select 1 from public.operator_actions as undo where undo.undoes = done.id)
), 0)`;
/** The verbs as the edge functions call them, dry. $2: whether a second push is accepted. */
const VERBS: Readonly<Record<string, string>> = {
  cancel: `public.cancel_push(id, ${SAME}, $1)`,
  release: `public.release_hold(id, ${SAME}, $1, 900, 3600)`,
  confirm_removals: `public.confirm_removals(id, ${SAME}, $1)`,
  mark_sent: `public.mark_sent(id, ${SAME}, $1)`,
  mark_not_sent: `public.mark_not_sent(id, ${SAME}, $1)`,
  undo: `public.undo(id, ${LAST}, ${SAME}, $1)`,
  reschedule: `public.reschedule(id, ${SAME}, $1, $2, 900, 3600)`,
  push_again: `public.push_again(id, ${SAME}, $1, $2, 900, 3600)`,
  declare_gone: `public.declare_gone(id, ${SAME}, 900, $2, $1)`,
};

async function acceptedAt(suite: Suite, at: Date, accept: boolean) {
  const each = Object.entries(VERBS).map(([verb, call]) =>
    `select id::int, '${verb}' as verb from public.matches where (${call} ->> 'done')::boolean`
  ).join(" union all ");
  const rows = await asService<{ id: number; verb: string }>(
    suite,
    `with asked as (select $1::timestamptz, $2::boolean) ${each} order by 1, 2`,
    [at, accept],
  );
  return (of: number) => rows.flatMap(({ id, verb }) => id === of ? [verb] : []);
}

Deno.test(
  "the verbs of a verdict are those that the verbs themselves accept, with or without the risk of a second push",
  withCases(async (suite) => {
    const seen = new Set<string>();
    for (const at of TIMES) {
      const verdicts = await verdictsAt(suite, at);
      const plainly = await acceptedAt(suite, at, false);
      const riskily = await acceptedAt(suite, at, true);
      for (const [index, { name }] of CASES.entries()) {
        const id = idOf(index);
        const { verbs, verbs_with_risk } = verdicts.get(id)!.next;
        const where = `${name} at ${at.toISOString()}`;
        deepStrictEqual([...verbs].sort(), plainly(id), where);
        const risky = riskily(id).filter((verb) => !plainly(id).includes(verb));
        deepStrictEqual([...verbs_with_risk].sort(), risky, where);
        for (const verb of plainly(id)) seen.add(verb);
      }
    }
    deepStrictEqual([...seen].sort(), Object.keys(VERBS).sort(), "each verb is allowed somewhere");
  }),
);

Deno.test(
  "a verdict says whether each user got it once, and how many got it of those expected",
  withSuite(async (suite) => {
    await addWorld(suite);
    const judge = async (id: number, ledger: Record<string, unknown>, users: number) => {
      await addPush(suite, id, {
        ledger: { ...sent("push"), actual_send_count: users, ...ledger },
        schedules: [COMPLETED],
        counts: {
          ...REACHED,
          users,
          bounced_users: 3,
          aborted_users: 2,
          opened_users: 7,
          abort_reasons: { quiet_hours: 2 },
        },
      });
      const { once, to_everyone, counts } = await verdictOf(suite, id, AFTER);
      return { once, to_everyone, counts };
    };
    const counts = {
      sent: 80,
      bounced: 3,
      aborted: 2,
      opened: 7,
      abort_reasons: { quiet_hours: 2 },
    };
    const bounds = { expected_min: 60, expected_max: 100 };
    deepStrictEqual(await judge(1, { double_push_users: 0 }, 80), {
      once: { answer: "yes", users: 0 },
      to_everyone: { answer: "within", by: null, reached: 80, ...bounds },
      counts,
    });
    deepStrictEqual((await judge(2, { double_push_users: 4 }, 80)).once, {
      answer: "no",
      users: 4,
    });
    deepStrictEqual((await judge(3, {}, 80)).once, { answer: "unknown", users: null });
    const reach = async (id: number, users: number, ledger = {}) => {
      const { answer, by } = (await judge(id, ledger, users)).to_everyone;
      return [answer, by];
    };
    deepStrictEqual(await reach(4, 47), ["short", 13]);
    deepStrictEqual(await reach(5, 130), ["more", 30]);
    const nothing = {
      expected_send_count: null,
      expected_send_count_min: null,
      expected_send_count_max: null,
    };
    deepStrictEqual(await reach(6, 80, nothing), ["not_measured", null]);
    deepStrictEqual(await reach(7, 0, { sent_evidence: "statistics" }), ["not_measured", null]);
    await addPush(suite, 8, { ledger: cancelled("operator"), acts: [{ action: "mark_not_sent" }] });
    const { to_everyone } = await verdictOf(suite, 8, AFTER);
    deepStrictEqual([to_everyone.answer, to_everyone.by], ["short", 60]);
  }),
);

Deno.test(
  "day_verdicts() has the matches of a day by kick-off, and a match that was pushed and moved on both of its days",
  withSuite(async (suite) => {
    await addWorld(suite);
    const day = (from: Date, now: Date) =>
      suite.call<Verdict[]>("day_verdicts", {
        p_from: from,
        p_until: new Date(from.getTime() + 86_400_000),
        p_now: now,
      });
    await addPush(suite, 3, {});
    await addPush(suite, 2, { match: { kickoff_at: minutes(500) } });
    await addPush(suite, 1, {});
    await addPush(suite, 4, {
      match: { kickoff_at: NEXT_WEEK },
      ledger: { ...sent("push"), actual_send_count: 80 },
      schedules: [COMPLETED],
      counts: REACHED,
    });
    await addPush(suite, 5, {
      match: { kickoff_at: minutes(600 + 11 * 60) },
      ledger: sent("push"),
      schedules: [COMPLETED],
    });
    const saturday = new Date("2024-12-07T00:00:00Z");
    const told = async (from: Date) =>
      (await day(from, AFTER)).map((
        { match_id, verdict, send_at },
      ) => [match_id, verdict, send_at]);
    deepStrictEqual(await told(saturday), [
      [2, "in_doubt", "2024-12-07T15:00:00+00:00"],
      [1, "in_doubt", "2024-12-07T15:00:00+00:00"],
      [3, "in_doubt", "2024-12-07T15:00:00+00:00"],
      [4, "went_out", "2024-12-07T15:00:00+00:00"],
    ]);
    // Moved by less than 12 hours: the same push.
    deepStrictEqual(await told(new Date("2024-12-08T00:00:00Z")), [
      [5, "went_out", "2024-12-07T15:00:00+00:00"],
    ]);
    deepStrictEqual(await told(new Date("2024-12-14T00:00:00Z")), [
      [4, "will_not_go", "2024-12-14T15:00:00+00:00"],
    ]);
    const [, , , moved] = await day(saturday, AFTER);
    matches(
      moved?.why ?? "",
      /^80 users got it, .*\. That was for its earlier date; the match is played at 2024-12-14/,
    );
    deepStrictEqual(moved?.next.verbs, [], "an earlier push is history");
  }),
);

Deno.test(
  "without a run of the scheduler a match that has no schedule is in doubt, and its own settings decide the times",
  withSuite(async (suite) => {
    await addPush(suite, 1, { ledger: null });
    await suite.sql`
      insert into public.teams (name, braze_attribute_value) values ('Home', 'home'), ('Away', 'away')`;
    matches((await verdictOf(suite, 1, AHEAD)).why, /braze-scheduler has not succeeded yet/);
    await suite.sql`
      insert into public.job_runs (function_name, caller, outcome, called_at, finished_at, summary)
      values ('braze-scheduler', 'secret_key', 'succeeded', ${minutes(200)}, ${minutes(200)},
        ${
      suite.sql.json({
        timing: {
          send_lead_seconds: 1_800,
          freeze_seconds: 60,
          create_lead_seconds: 60,
          horizon_seconds: 86_400,
        },
      })
    })`;
    const { verdict, why, send_at } = await verdictOf(suite, 1, AHEAD);
    deepStrictEqual([verdict, send_at], ["in_doubt", "2024-12-07T15:30:00+00:00"]);
    matches(why, /has not succeeded since 2024-12-07 09:20 UTC/);
    strictEqual((await verdictOf(suite, 1, minutes(568))).verdict, "in_doubt");
    strictEqual((await verdictOf(suite, 1, minutes(569))).verdict, "will_not_go");
  }),
);

Deno.test(
  "a verdict can be read where nothing can be written, and by an operator as by the functions",
  withSuite(async (suite) => {
    await addWorld(suite);
    await addPush(suite, 1, {
      ledger: cancelled("operator"),
      acts: [{ action: "cancel" }],
      schedules: [{ state: "deleting" }],
      hold: {},
      held: {},
      match: { status: "postponed" },
      alert: { rule: "push_held" },
    });
    const args = { p_match_id: 1, p_now: AHEAD };
    const expected = await suite.call<Verdict>("match_verdict", args);
    deepStrictEqual(expected.alerts.map(({ rule }) => rule), ["push_held"]);
    await suite.sql.begin(async (tx) => {
      await tx`set transaction read only`;
      const [row] = await tx`select public.match_verdict(1, ${AHEAD}) as told`;
      deepStrictEqual(row?.told, expected);
    });
    await suite.sql.begin(async (tx) => {
      await tx`select pg_catalog.set_config('request.jwt.claims', '{"app_metadata": {"role": "operator"}}', true)`;
      await tx`set local role authenticated`;
      const [row] = await tx`select public.match_verdict(1, ${AHEAD}) as told`;
      deepStrictEqual(row?.told, expected);
    });
    strictEqual(await callAs(suite.sql, "authenticated", "public.match_verdict", args), null);
    strictEqual(await suite.call("match_verdict", { ...args, p_match_id: 2 }), null);
  }),
);
