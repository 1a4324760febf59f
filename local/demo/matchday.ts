/** What happens on the three days, and what a spectator is told while it does. */
import type { Stack } from "../stack.ts";
import type { Counter } from "./counter.ts";
import { type Incident, shortTime } from "./report.ts";

/** The fixtures are known a day before; the first run of the scheduler is at 08:15. */
export const START = new Date("2024-12-06T08:00:00Z");
const POSTPONED_MATCH = 1001;
const CANCELLED_IN_DASHBOARD_AT = new Date("2024-12-07T09:00:00Z");
const POSTPONED_AT = new Date("2024-12-07T09:20:00Z");
/** The last push goes out at 19:00; opens and slow batches come for hours after. */
const END = new Date("2024-12-09T23:00:00Z");

interface Moment {
  readonly at: Date;
  readonly tell: string;
  readonly act?: () => Promise<void>;
}

export async function matchday(
  stack: Stack,
  counter: Counter,
  say: (line: string) => void,
): Promise<Incident[]> {
  await measureAudiences(stack);
  const users = stack.sandbox.model.users.all.length;
  say(
    `${shortTime(START)}  ${
      users.toLocaleString("en-GB")
    } users, 10 matches, nothing scheduled yet`,
  );

  for (const moment of moments(stack)) {
    await stack.advanceTo(moment.at);
    await moment.act?.();
    const [{ pending, sent, cancelled } = { pending: 0, sent: 0, cancelled: 0 }] = await stack.sql<
      { pending: number; sent: number; cancelled: number }[]
    >`
      select
        count(*) filter (where status = 'pending')::int as pending,
        count(*) filter (where status = 'sent')::int as sent,
        count(*) filter (where status = 'cancelled')::int as cancelled
      from public.schedule_ledger`;
    say(
      `${shortTime(moment.at)}  ${moment.tell.padEnd(58)} ` +
        `${pending} pending, ${sent} sent, ${cancelled} cancelled; ` +
        `${counter.received.toLocaleString("en-GB")} events received`,
    );
  }
  return [await whatBecameOfThePostponed(stack), ...await raisedAlerts(stack)];
}

function moments(stack: Stack): Moment[] {
  return [
    { at: new Date("2024-12-06T08:16:00Z"), tell: "The scheduler has run for the first time" },
    {
      at: CANCELLED_IN_DASHBOARD_AT,
      tell: "Somebody cancels Everton–Liverpool in Braze's dashboard",
      act: () => cancelInDashboard(stack),
    },
    {
      at: POSTPONED_AT,
      tell: "The fixture list says so too: postponed, for the storm",
      act: () => postpone(stack),
    },
    { at: new Date("2024-12-07T09:31:00Z"), tell: "The scheduler has taken it back" },
    { at: new Date("2024-12-07T14:10:00Z"), tell: "Three matches were pushed at 14:00 sharp" },
    {
      at: new Date("2024-12-07T16:40:00Z"),
      tell: "Manchester United–Nottingham Forest was pushed",
    },
    { at: new Date("2024-12-08T13:10:00Z"), tell: "Sunday: three more at 13:00 sharp" },
    { at: new Date("2024-12-08T15:40:00Z"), tell: "Tottenham–Chelsea was pushed" },
    { at: new Date("2024-12-09T19:10:00Z"), tell: "Monday: West Ham–Wolves was pushed" },
    { at: END, tell: "The last opens have come in" },
  ];
}

/** From Braze's segments, as a project would keep them up to date. */
async function measureAudiences({ sql, sandbox, timeline, ready }: Stack): Promise<void> {
  const teams = await sql<{ name: string; value: string }[]>`
    select name, braze_attribute_value as value from public.teams`;
  for (const { name, value } of teams) {
    const segment = sandbox.model.segmentOf(value);
    if (segment === undefined) {
      throw new Error(`Cannot measure "${name}": Braze has no such segment`);
    }
    const response = await fetch(
      `${ready.braze_url}/segments/data_series?segment_id=${segment.id}&length=1`,
      { headers: { authorization: `Bearer ${ready.braze_api_key}` } },
    );
    const { data: [today] } = await response.json();
    await sql`
      update public.teams
      set braze_segment_id = ${segment.id}, audience_size = ${today.size},
        audience_measured_at = ${timeline.now()}
      where name = ${name}`;
  }
}

async function cancelInDashboard({ ready }: Stack): Promise<void> {
  const response = await fetch(`${ready.braze_url}/_sandbox/dashboard/cancel`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ match_id: String(POSTPONED_MATCH) }),
  });
  const answer = await response.text();
  if (!response.ok) {
    throw new Error(`Cannot cancel in the dashboard: got ${response.status} ${answer}`);
  }
}

async function postpone({ sql, timeline }: Stack): Promise<void> {
  await sql`
    update public.matches set status = 'postponed', updated_at = ${timeline.now()}
    where id = ${POSTPONED_MATCH}`;
}

async function whatBecameOfThePostponed({ sql }: Stack): Promise<Incident> {
  const [row] = await sql<{ status: string; notes: string | null; updated_at: Date }[]>`
    select status::text, notes, updated_at from public.schedule_ledger where match_id = ${POSTPONED_MATCH}`;
  return {
    at: CANCELLED_IN_DASHBOARD_AT,
    what:
      "Everton–Liverpool cancelled in the dashboard at 09:00, postponed in the fixture list at 09:20",
    then: row === undefined
      ? "Never scheduled"
      : `Ledger ${row.status} at ${shortTime(row.updated_at)}: ${row.notes ?? "no note"}`,
  };
}

async function raisedAlerts({ sql }: Stack): Promise<Incident[]> {
  const alerts = await sql<{ title: string; first_seen_at: Date; resolved_at: Date | null }[]>`
    select title, first_seen_at, resolved_at from public.alerts order by first_seen_at, id`;
  return alerts.map(({ title, first_seen_at, resolved_at }) => ({
    at: first_seen_at,
    what: title,
    then: resolved_at === null ? "Alert raised, still open" : `Resolved ${shortTime(resolved_at)}`,
  }));
}
