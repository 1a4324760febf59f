/** The events of the three days: what happens, which faults are injected, and what is printed. */
import type { Stack } from "../stack/stack.ts";
import type { Anomaly } from "./anomalies.ts";
import { measureAudiences } from "./audiences.ts";
import { createFaultInjection, type FaultInjection } from "./fault_injection.ts";
import { wrap } from "../cli/fit_table.ts";
import { byHour } from "../clock/by_hour.ts";
import { shortTime } from "./report.ts";

/** The first run of the scheduler is at 06:04. */
export const START = new Date("2024-12-07T06:00:00Z");
/** The last push is sent at 19:00; opens and slow batches arrive for an hour after that. */
export const END = new Date("2024-12-09T20:45:00Z");

/** No text of a moment is longer. */
const TEXT_CHARACTERS = 74;

interface Moment {
  readonly at: Date;
  readonly text: string;
  readonly act?: (faults: FaultInjection) => Promise<unknown>;
  readonly anomaly?: Omit<Anomaly, "at" | "what">;
}

export interface MatchdayOutput {
  readonly say: (line: string) => void;
  /** Characters in a line. */
  readonly width: number;
  readonly onHour?: (now: Date) => void;
}

export async function matchday(
  stack: Stack,
  /** Gets a line for each moment, and each hour that passes. */
  { say, width, onHour = () => {} }: MatchdayOutput,
  /** Runs only the moments up to then. */
  until: Date = END,
): Promise<Anomaly[]> {
  await measureAudiences(stack);
  // Braze loses 2% of the events, and the default threshold is 5%.
  await stack.sql`update private.settings set missing_events_share_max = 0.01`;
  const faults = createFaultInjection(stack);
  const users = stack.sandbox.model.users.all.length.toLocaleString("en-GB");
  say(`${shortTime(START)}  ${users} users, 10 matches, nothing scheduled yet`);

  const pass = async (to: Date) => {
    for (const hour of byHour(stack.timeline.now(), to)) {
      await stack.advanceTo(hour);
      onHour(hour);
    }
  };
  const anomalies: Anomaly[] = [];
  for (const { at, text, act, anomaly } of MOMENTS.filter(({ at }) => at <= until)) {
    await pass(at);
    await act?.(faults);
    if (anomaly !== undefined) anomalies.push({ ...anomaly, at, what: text });
    const mark = anomaly === undefined ? " " : "!";
    say(momentLines(`${shortTime(at)}  ${mark} `, text, await state(stack), width));
  }
  await pass(until);
  return anomalies;
}

/** What happened, and then what stands, both within the width of the terminal. Pure. */
export function momentLines(start: string, text: string, state: string, width: number): string {
  const line = `${start}${text.padEnd(TEXT_CHARACTERS)}  ${state}`;
  if (line.length <= width) return line;
  const indent = " ".repeat(start.length);
  return [text, state].flatMap((each) => wrap(each, width - start.length))
    .map((each, index) => `${index === 0 ? start : indent}${each}`).join("\n");
}

async function state({ sql }: Stack): Promise<string> {
  const rows = await sql<{ status: string; count: number }[]>`
    select status::text, count(*)::int from public.schedule_ledger group by status order by status`;
  const counts = rows.map(({ status, count }) => `${count} ${status}`).join(", ");
  const { received } = await receivedEvents(sql);
  return `${counts || "nothing"}; ${received.toLocaleString("en-GB")} events`;
}

/** As the database counts them. */
export async function receivedEvents(
  sql: Stack["sql"],
): Promise<{ readonly received: number; readonly duplicates: number }> {
  const [row] = await sql<{ received: number; duplicates: number }[]>`
    select coalesce(sum(received), 0)::int as received, coalesce(sum(duplicates), 0)::int as duplicates
    from public.webhook_daily_counts`;
  return row!;
}

const day = (time: string) => new Date(`2024-12-${time}:00Z`);

const MOMENTS: readonly Moment[] = [
  { at: day("07T06:16"), text: "The scheduler has run for the first time" },
  {
    at: day("07T06:32"),
    text: "Braze's answer to a create for Brentford–Newcastle is lost",
    act: (faults) => faults.loseAnswerOf(1003),
    anomaly: {
      rules: ["create_unknown", "schedule_gap", "attempt_unknown"],
      matchIds: [1003],
      hours: 3,
      needsListing: false,
    },
  },
  {
    at: day("07T06:36"),
    text: "A person declares it gone too soon: Braze has two for Brentford–Newcastle",
    act: (faults) => faults.declareGone(1003),
    anomaly: {
      rules: ["count_mismatch", "unexpected_send", "double_push"],
      matchIds: [1003],
      hours: 12,
      needsListing: true,
      shownBy: cancelledDuplicate(1003),
    },
  },
  {
    at: day("07T08:11"),
    text: "A person schedules Crystal Palace–Manchester City a second time",
    act: (faults) => faults.scheduleByHand(1004),
    anomaly: {
      rules: ["unmanaged_schedule", "count_mismatch", "double_push", "unexpected_send"],
      matchIds: [1004],
      hours: 12,
      needsListing: true,
    },
  },
  {
    at: day("07T08:31"),
    text: "A person who received the alert deletes the second schedule",
    act: (faults) => faults.deleteUnmanaged(1004),
  },
  {
    at: day("07T09:00"),
    text: "A person cancels Everton–Liverpool in Braze's dashboard",
    act: (faults) => faults.cancelInDashboard(1001),
    anomaly: {
      rules: ["schedule_missing", "delete_unconfirmed", "count_mismatch", "attempt_unknown"],
      matchIds: [1001],
      hours: 2,
      // The fixture list postpones the match at 09:20, and Braze refuses the delete.
      needsListing: false,
    },
  },
  {
    at: day("07T09:20"),
    text: "The fixture list postpones Everton–Liverpool because of a storm",
    act: (faults) => faults.postpone(1001),
  },
  { at: day("07T09:31"), text: "The scheduler has cancelled it" },
  {
    at: day("07T13:55"),
    text: "The webhook receiver goes down before three pushes at 14:00",
    act: (faults) => faults.receiver("down"),
    anomaly: {
      rules: ["missing_webhooks", "stale_pending"],
      matchIds: [1002, 1003, 1004],
      hours: 4,
      needsListing: false,
    },
  },
  {
    at: day("07T15:20"),
    text: "The receiver is up again, and Braze repeats its deliveries",
    act: (faults) => faults.receiver("up"),
  },
  { at: day("07T16:40"), text: "Manchester United–Nottingham Forest was pushed" },
  {
    at: day("08T12:55"),
    text: "Braze begins to lose 2% of the events, before three pushes",
    act: (faults) => faults.loseEvents(0.02),
    anomaly: {
      rules: ["missing_webhooks"],
      matchIds: [1006, 1007, 1008],
      hours: 6,
      needsListing: false,
    },
  },
  {
    at: day("08T15:20"),
    text: "Braze loses no more events",
    act: (faults) => faults.loseEvents(0),
  },
  {
    at: day("08T15:29"),
    text: "Events carry no ids, before the push of Tottenham–Chelsea",
    act: (faults) => faults.ids("off"),
    anomaly: {
      rules: ["low_confidence_share", "unattributed_share"],
      matchIds: [1009],
      hours: 3,
      needsListing: false,
      shownBy: attributedByTime(1009),
    },
  },
  {
    at: day("08T15:40"),
    text: "Tottenham–Chelsea was pushed; events carry ids again",
    act: (faults) => faults.ids("on"),
  },
  {
    at: day("09T18:44"),
    text: "A person stops the campaign before the push of West Ham–Wolves",
    act: (faults) => faults.campaign("stopped"),
    anomaly: {
      // Once it runs again, Braze may have dropped the schedule: in doubt until the push is proved.
      rules: ["campaign_stopped", "schedule_in_doubt", "schedule_missing", "count_mismatch"],
      matchIds: [1010],
      hours: 2,
      needsListing: false,
    },
  },
  {
    at: day("09T18:52"),
    text: "A person who received the alert starts the campaign again",
    act: (faults) => faults.campaign("enabled"),
  },
  { at: day("09T19:10"), text: "West Ham–Wolves was pushed" },
  { at: END, text: "The last opens have arrived" },
];

function cancelledDuplicate(matchId: number): NonNullable<Anomaly["shownBy"]> {
  return async (sql) => {
    const [row] = await sql<{ at: Date }[]>`
      select closed_at as at from public.schedule_attempts
      where match_id = ${matchId} and reason = 'duplicate' and outcome = 'succeeded'
      order by closed_at limit 1`;
    return row === undefined
      ? null
      : { at: row.at, how: "The second schedule was found and cancelled" };
  };
}

/** It raises no alert: its events are attributed with medium confidence. */
function attributedByTime(matchId: number): NonNullable<Anomaly["shownBy"]> {
  return async (sql) => {
    const [row] = await sql<{ at: Date }[]>`
      select min(received_at) as at from public.notification_sends
      where match_id = ${matchId} and correlation_method in ('time_exact', 'elimination')
      having count(*) > 0`;
    return row === undefined
      ? null
      : { at: row.at, how: "Attributed by time only, with medium confidence" };
  };
}
