/** What happens on the three days, what goes wrong on them, and the text of each moment. */
import type { Stack } from "../stack/stack.ts";
import type { Anomaly } from "./anomalies.ts";
import type { Counter } from "./counter.ts";
import { measureAudiences } from "./audiences.ts";
import { createFaultInjection, type FaultInjection } from "./fault_injection.ts";
import { shortTime } from "./report.ts";

/** The first run of the scheduler is at 06:15. */
export const START = new Date("2024-12-07T06:00:00Z");
/** The last push goes out at 19:00; opens and slow batches come for an hour after. */
const END = new Date("2024-12-09T20:45:00Z");

interface Moment {
  readonly at: Date;
  readonly tell: string;
  readonly act?: (faults: FaultInjection) => Promise<unknown>;
  readonly anomaly?: Omit<Anomaly, "at" | "what">;
}

export async function matchday(
  stack: Stack,
  counter: Counter,
  say: (line: string) => void,
  /** Stops the demo early, at this moment. */
  until: Date = END,
): Promise<Anomaly[]> {
  await measureAudiences(stack);
  // Braze loses 2% here, which needs a stricter threshold than the default of 5%.
  await stack.sql`update private.settings set missing_events_share_max = 0.01`;
  const faults = createFaultInjection(stack);
  const users = stack.sandbox.model.users.all.length.toLocaleString("en-GB");
  say(`${shortTime(START)}  ${users} users, 10 matches, nothing scheduled yet`);

  const anomalies: Anomaly[] = [];
  for (const { at, tell, act, anomaly } of MOMENTS.filter(({ at }) => at <= until)) {
    await stack.advanceTo(at);
    await act?.(faults);
    if (anomaly !== undefined) anomalies.push({ ...anomaly, at, what: tell });
    say(
      `${shortTime(at)}  ${anomaly === undefined ? " " : "!"} ${tell.padEnd(70)} ${await state(
        stack,
        counter,
      )}`,
    );
  }
  await stack.advanceTo(until);
  return anomalies;
}

async function state({ sql }: Stack, counter: Counter): Promise<string> {
  const rows = await sql<{ status: string; count: number }[]>`
    select status::text, count(*)::int from public.schedule_ledger group by status order by status`;
  const counts = rows.map(({ status, count }) => `${count} ${status}`).join(", ");
  return `${counts || "nothing"}; ${counter.received.toLocaleString("en-GB")} events`;
}

const day = (time: string) => new Date(`2024-12-${time}:00Z`);

const MOMENTS: readonly Moment[] = [
  { at: day("07T06:16"), tell: "The scheduler has run for the first time" },
  {
    at: day("07T06:30"),
    tell: "The answer to a create is lost, of Brentford–Newcastle",
    act: (faults) => faults.loseAnswerOf(1003),
    anomaly: {
      rules: ["create_unknown", "schedule_gap", "attempt_unknown"],
      matchIds: [1003],
      hours: 3,
      needsListing: false,
    },
  },
  {
    at: day("07T07:00"),
    tell: "Somebody releases it too soon: now Braze has two of Brentford–Newcastle",
    act: (faults) => faults.release(1003),
    anomaly: {
      rules: ["count_mismatch", "unexpected_send", "double_push"],
      matchIds: [1003],
      hours: 12,
      needsListing: true,
      shownBy: cancelledDuplicate(1003),
    },
  },
  {
    at: day("07T08:21"),
    tell: "A second schedule of Crystal Palace–Manchester City, made in the dashboard",
    act: (faults) => faults.scheduleByHand(1004),
    anomaly: {
      rules: ["count_mismatch", "double_push", "unexpected_send"],
      matchIds: [1004],
      hours: 12,
      needsListing: true,
      shownBy: cancelledDuplicate(1004),
    },
  },
  {
    at: day("07T09:00"),
    tell: "Somebody cancels Everton–Liverpool in the dashboard",
    act: (faults) => faults.cancelInDashboard(1001),
    anomaly: {
      rules: ["schedule_missing", "delete_unconfirmed", "count_mismatch", "attempt_unknown"],
      matchIds: [1001],
      hours: 2,
      // The fixture list shows it at 09:20, and then Braze rejects the delete.
      needsListing: false,
    },
  },
  {
    at: day("07T09:20"),
    tell: "The fixture list says so too: postponed, for the storm",
    act: (faults) => faults.postpone(1001),
  },
  { at: day("07T09:31"), tell: "The scheduler has cancelled it" },
  {
    at: day("07T13:55"),
    tell: "The webhook receiver goes down, before three pushes at 14:00 sharp",
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
    tell: "The receiver is up again, and Braze delivers every event again",
    act: (faults) => faults.receiver("up"),
  },
  { at: day("07T16:40"), tell: "Manchester United–Nottingham Forest was pushed" },
  {
    at: day("08T12:55"),
    tell: "From here on Braze loses 2% of the events of three pushes",
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
    tell: "Nothing is lost any more",
    act: (faults) => faults.loseEvents(0),
  },
  {
    at: day("08T15:29"),
    tell: "The events of Tottenham–Chelsea will carry no ids",
    act: (faults) => faults.ids("off"),
    anomaly: {
      rules: ["low_confidence_share"],
      matchIds: [1009],
      hours: 3,
      needsListing: false,
      shownBy: tiedByTime(1009),
    },
  },
  {
    at: day("08T15:40"),
    tell: "Tottenham–Chelsea was pushed; ids are back",
    act: (faults) => faults.ids("on"),
  },
  {
    at: day("09T18:44"),
    tell: "Somebody stops the campaign, before West Ham–Wolves",
    act: (faults) => faults.campaign("stopped"),
    anomaly: {
      rules: ["campaign_stopped", "schedule_missing", "count_mismatch"],
      matchIds: [1010],
      hours: 2,
      needsListing: false,
    },
  },
  {
    at: day("09T18:52"),
    tell: "The person on call starts it again after the alert",
    act: (faults) => faults.campaign("enabled"),
  },
  { at: day("09T19:10"), tell: "West Ham–Wolves was pushed" },
  { at: END, tell: "The last opens have come in" },
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

/** Not an alert but an attribution of its own kind: the split of confidences shows it. */
function tiedByTime(matchId: number): NonNullable<Anomaly["shownBy"]> {
  return async (sql) => {
    const [row] = await sql<{ at: Date }[]>`
      select min(received_at) as at from public.notification_sends
      where match_id = ${matchId} and correlation_method in ('time_exact', 'elimination')
      having count(*) > 0`;
    return row === undefined
      ? null
      : { at: row.at, how: "Tied by their time alone, at medium confidence" };
  };
}
