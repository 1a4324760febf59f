/** For each trouble of a match the page, the status and the chat say the same right thing. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { addDays } from "date-fns";
import type { SwitchesPatch } from "../../local/braze_sandbox/switches.ts";
import type { Verdict, VerdictName } from "../../dashboard/src/rows.ts";
import { VERDICTS, wordingOfVerdict } from "../../dashboard/src/verdict.ts";
import type { Stack } from "../../local/stack/stack.ts";
import { describe } from "../../local/status/describe.ts";
import { readStatus } from "../../local/status/read_status.ts";
import { call, liveSchedules, schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";
import { inDashboard, reach, watch } from "../support/watchers.ts";

const DAY = "2024-12-07";
const ID = 1002;
const CREATE = "/campaigns/trigger/schedule/create";
const DELETE = "/campaigns/trigger/schedule/delete";
const PREFLIGHT = "braze-preflight-check";

type Faults = NonNullable<SwitchesPatch["faults"]>;
const faults = ({ sandbox }: Stack, ...rules: Faults[number][]) =>
  void sandbox.model.switchboard.set({ faults: rules });

interface Trouble {
  readonly switches?: SwitchesPatch;
  readonly make: (stack: Stack) => Promise<unknown>;
  readonly verdict: VerdictName;
  readonly why: RegExp;
  /** The rule whose message the chat got last. Null: there is nothing to tell. */
  readonly told: string | null;
  /** The alert concerns more than this match, so its message has no verdict. */
  readonly isOverAll?: true;
  /** The day of the match, where it was moved. */
  readonly day?: string;
}

async function look(stack: Stack, ...times: string[]): Promise<void> {
  for (const time of times) {
    await reach(stack, time);
    await watch(stack, PREFLIGHT);
  }
}

/** What the feed says from now on. */
const feed = ({ sql, timeline }: Stack, changes: Readonly<Record<string, unknown>>) =>
  sql`update public.matches set ${
    sql({ ...changes, updated_at: timeline.now() })
  } where id = ${ID}`;

/** It goes out, and is counted. */
async function sendAndCount(stack: Stack): Promise<void> {
  await reach(stack, "14:40");
  await watch(stack, "braze-reconcile", { checks: ["counts", "quality"] });
}

const TROUBLES: Readonly<Record<string, Trouble>> = {
  "nothing is wrong": {
    make: schedule,
    verdict: "scheduled",
    why: /^Braze has its schedule/,
    told: null,
  },
  "Braze refused the create": {
    make: async (stack) => {
      faults(stack, { endpoint: CREATE, kind: "status", status: 400 });
      await schedule(stack);
    },
    verdict: "will_not_go",
    why: /^Braze refused its schedule: .*400/,
    told: "create_failed",
  },
  "the create got no answer": {
    make: async (stack) => {
      faults(stack, { endpoint: CREATE, kind: "timeout_before_effect" });
      await schedule(stack);
    },
    verdict: "in_doubt",
    why: /^Braze did not confirm its schedule/,
    told: "create_unknown",
  },
  "the campaign was stopped": {
    make: async (stack) => {
      await schedule(stack);
      await reach(stack, "13:00");
      await inDashboard(stack, "campaign", { state: "stopped" });
    },
    verdict: "will_not_go",
    why: /^The campaign is stopped in Braze/,
    told: "campaign_stopped",
  },
  "its schedule was deleted in the dashboard": {
    switches: { listingMode: "per_schedule" },
    make: async (stack) => {
      await schedule(stack);
      await watch(stack, PREFLIGHT);
      await inDashboard(stack, "dashboard/cancel", { match_id: ID });
      for (const time of ["06:15", "06:20", "06:25"]) {
        await reach(stack, time);
        await watch(stack, PREFLIGHT);
      }
      await watch(stack, "braze-reconcile", { checks: ["verify"] });
    },
    verdict: "will_not_go",
    why: /^Its schedule is gone from Braze/,
    told: "schedule_missing",
  },
  "it was called off, and Braze refuses the delete": {
    make: async (stack) => {
      await schedule(stack);
      faults(stack, { endpoint: DELETE, kind: "status", status: 400 });
      await stack.sql`update public.matches set status = 'postponed' where id = ${ID}`;
      await schedule(stack);
      await schedule(stack);
    },
    verdict: "in_doubt",
    why: /^The match is postponed, but Braze may still send its push/,
    told: "delete_unconfirmed",
  },
  "it was called off in time": {
    make: async (stack) => {
      await schedule(stack);
      await stack.sql`update public.matches set status = 'postponed' where id = ${ID}`;
      await schedule(stack);
    },
    verdict: "called_off",
    why: /^The match is postponed/,
    told: null,
  },
  "somebody scheduled it a second time": {
    switches: { listingMode: "per_schedule" },
    make: async (stack) => {
      await schedule(stack);
      const [own] = liveSchedules(stack, ID);
      await inDashboard(stack, "dashboard/create", {
        send_at: own!.sendAt.toISOString(),
        trigger_properties: { match_id: String(ID) },
      });
    },
    verdict: "scheduled",
    why: /^Braze has its schedule/,
    told: "unmanaged_schedule",
  },
  "no event shows that it went out": {
    switches: { currents: { enabled: false }, listingMode: "omit" },
    make: async (stack) => {
      await schedule(stack);
      await inDashboard(stack, "campaign", { state: "stopped" });
      await reach(stack, "14:30");
      await inDashboard(stack, "campaign", { state: "enabled" });
      await watch(stack, PREFLIGHT);
      await watch(stack, "braze-reconcile", { checks: ["stale"] });
    },
    verdict: "in_doubt",
    why: /nothing shows that it was sent/,
    told: "stale_pending",
  },
  "a person says that it was sent": {
    switches: { currents: { enabled: false } },
    make: async (stack) => {
      await schedule(stack);
      await reach(stack, "14:20");
      const said = await call(stack, "braze-scheduler", {
        mark_sent: [{ match_id: ID, reason: "Seen on a phone" }],
      });
      strictEqual(said.body.verbs[0].done, true, JSON.stringify(said.body));
    },
    verdict: "confirmed_manually",
    why: /^A person confirmed it: Seen on a phone/,
    told: null,
  },
  "nothing was wrong, and it went out": {
    make: async (stack) => {
      await schedule(stack);
      await reach(stack, "14:30");
      await watch(stack, "braze-reconcile", { checks: ["counts"] });
    },
    verdict: "went_out",
    why: /^[\d,]+ users got it, the first at 2024-12-07 14:00 UTC/,
    told: null,
  },
  "Braze aborted it for everybody": {
    switches: { abortProbability: 1 },
    make: async (stack) => {
      await schedule(stack);
      await reach(stack, "14:40");
      await watch(stack, "braze-reconcile", { checks: ["counts", "quality"] });
    },
    verdict: "did_not_go",
    why: /^Nobody was pushed: Braze aborted it for \d+ users/,
    told: "push_aborted",
  },
  "the key may not create schedules": {
    make: async (stack) => {
      faults(stack, { endpoint: CREATE, kind: "status", status: 401 });
      await schedule(stack);
    },
    verdict: "will_not_go",
    why: /^Braze refused its schedule: .*401/,
    told: "braze_refused",
    isOverAll: true,
  },
  "the scheduler never ran": {
    make: (stack) => reach(stack, "06:30"),
    verdict: "in_doubt",
    why: /braze-scheduler has not succeeded yet/,
    told: null,
  },
  "its teams are not known": {
    make: async (stack) => {
      await stack.sql`delete from public.teams where name in ('Arsenal', 'Chelsea')`;
      await schedule(stack);
    },
    verdict: "will_not_go",
    why: /^The team (Arsenal|Chelsea) is not in the table teams/,
    told: "unknown_team",
    isOverAll: true,
  },
  "its teams were not known until its time had passed": {
    make: async (stack) => {
      await stack.sql`delete from public.teams where name in ('Arsenal', 'Chelsea')`;
      await schedule(stack);
      await reach(stack, "14:10");
    },
    verdict: "did_not_go",
    why: /^No push went out at 2024-12-07 14:00 UTC, since no schedule was ever made/,
    told: "push_missed",
  },
  "its kick-off is not confirmed": {
    make: async (stack) => {
      await feed(stack, { kickoff_confirmed: false });
      await schedule(stack);
    },
    verdict: "in_doubt",
    why: /^Its kick-off is not confirmed/,
    told: "kickoff_unconfirmed",
  },
  "the campaign was stopped and started": {
    make: async (stack) => {
      await schedule(stack);
      await look(stack, "07:00");
      await inDashboard(stack, "campaign", { state: "stopped" });
      await look(stack, "07:05", "07:10");
      await inDashboard(stack, "campaign", { state: "enabled" });
      await reach(stack, "07:15");
    },
    verdict: "in_doubt",
    why: /^The campaign was stopped/,
    told: "schedule_in_doubt",
  },
  "too many were called off at once": {
    make: async (stack) => {
      await schedule(stack);
      await stack.sql`update public.matches set status = 'postponed'`;
      await schedule(stack);
    },
    verdict: "in_doubt",
    why: /too many were called off at once/,
    told: "removals_held",
    isOverAll: true,
  },
  "it was moved in the last minutes": {
    make: async (stack) => {
      await schedule(stack);
      await reach(stack, "13:47");
      await feed(stack, { kickoff_at: "2024-12-07T16:00:00Z" });
      await schedule(stack);
    },
    verdict: "scheduled",
    why: /Its kick-off moved too late to move the push/,
    told: "change_inside_freeze",
  },
  "it was moved in the last minutes, and the old push went out": {
    make: async (stack) => {
      await schedule(stack);
      await reach(stack, "13:47");
      await feed(stack, { kickoff_at: "2024-12-07T16:00:00Z" });
      await schedule(stack);
      await sendAndCount(stack);
    },
    verdict: "went_out",
    why: /^[\d,]+ users got it/,
    told: "push_outdated",
  },
  "it was called off in the last minutes, and its push went out": {
    make: async (stack) => {
      await schedule(stack);
      await reach(stack, "13:59");
      await feed(stack, { status: "postponed" });
      await sendAndCount(stack);
    },
    verdict: "went_out",
    why: /^[\d,]+ users got it.*, although the match was postponed/,
    told: "push_unwanted",
  },
  "it is played again on the next day": {
    make: async (stack) => {
      await schedule(stack);
      await sendAndCount(stack);
      await feed(stack, { kickoff_at: "2024-12-08T20:00:00Z" });
      await schedule(stack);
    },
    day: "2024-12-08",
    verdict: "will_not_go",
    why: /^Its push went out at 2024-12-07 14:00 UTC, for an earlier date/,
    told: "sent_for_old_date",
  },
  "its push bounced": {
    switches: { bounceProbability: 1 },
    make: async (stack) => {
      await stack.sql`update private.settings set numbers_judged_min = 1`;
      await schedule(stack);
      await sendAndCount(stack);
    },
    verdict: "went_out",
    why: /^[\d,]+ users got it/,
    told: "push_bounced",
  },
};

const nextDay = (day: string) => addDays(new Date(day), 1).toISOString().slice(0, 10);
const words = (verdict: string) => verdict.replaceAll("_", " ");

for (const [what, trouble] of Object.entries(TROUBLES)) {
  Deno.test(`page, status and chat say the same: ${what}`, () =>
    withSuite({
      fixtures: THREE_AT_ONCE,
      // A digest tells of no verdict.
      env: { ALERT_DIGEST_AT: "20" },
      sandbox: {
        users: { count: 60 },
        switches: { bounceProbability: 0, abortProbability: 0, ...trouble.switches },
      },
    }, async (stack) => {
      await trouble.make(stack);
      await watch(stack, PREFLIGHT);
      const now = stack.timeline.now();
      const { day = DAY, isOverAll = false } = trouble;

      // The page shows what this call returns, with the label of the verdict.
      const page = await fetch(`${stack.ready.api_url}/rest/v1/rpc/day_verdicts`, {
        method: "POST",
        headers: {
          apikey: stack.ready.publishable_key,
          authorization: `Bearer ${await stack.operatorToken()}`,
          "content-type": "application/json",
        },
        body: JSON.stringify({ p_from: day, p_until: nextDay(day), p_now: now }),
      });
      const verdicts: Verdict[] = await page.json();
      const shown = verdicts.find(({ match_id }) => match_id === ID);
      deepStrictEqual(
        [shown?.match_id, shown?.verdict],
        [ID, trouble.verdict],
        shown?.why ?? "none",
      );
      match(shown!.why, trouble.why);
      strictEqual(wordingOfVerdict(shown!).label, VERDICTS[trouble.verdict].label);

      const env: Readonly<Record<string, string>> = {
        SUPABASE_URL: stack.ready.api_url,
        SUPABASE_SECRET_KEYS: JSON.stringify({ default: stack.ready.secret_key }),
      };
      const status = await readStatus(
        {
          env: (name) => env[name],
          suiteNow: () => Promise.resolve(now),
          cronSince: () => Promise.resolve(now),
        },
        day,
        now,
      );
      const text = describe(status, { date: day, now, colours: false, width: Infinity });
      const row = text.split("\n").find((line) => line.includes(String(ID))) ?? "";
      ok(row.includes(` ${words(trouble.verdict)} `), row);
      ok(row.includes(shown!.why), row);

      const [last] = await stack.sql<{ rule: string }[]>`
        select rule from public.alerts
        where (match_id = ${ID} or (${isOverAll} and match_id is null)) and resolved_at is null
          and rule = ${trouble.told}`;
      strictEqual(last?.rule ?? null, trouble.told);
      if (trouble.told === null) return;
      const messages = stack.alerts.messages.filter(({ text }) =>
        (isOverAll || text.includes(`Match ${ID} `)) && text.includes(`\n${trouble.told} · `)
      );
      ok(messages.length > 0, stack.alerts.messages.map(({ text }) => text).join("\n"));
      if (isOverAll) return;
      const said = messages.at(-1)!.text;
      ok(said.includes(`${words(trouble.verdict)}: ${shown!.why}`), said);
    }));
}
