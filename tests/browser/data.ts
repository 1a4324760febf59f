/** Compares each view with separate SQL, which calls none of the dashboard's functions. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Page } from "playwright-core";
import { open, rowsOf } from "./browser.ts";
import type { World } from "./world.ts";

export type Check = (page: Page, world: World) => Promise<void>;

const number = (value: number | null) => value === null ? "–" : value.toLocaleString("en-GB");

export const matchday: Check = async (page, { stack: { sql }, pages }) => {
  await open(page, pages.operator, "matchday");
  const rows = await rowsOf(page, "Matches of the day, by the time of their push");
  const expected = await sql<Record<string, string | number | null>[]>`
    select m.home_team || ' – ' || m.away_team as title, l.status::text, l.expected_send_count_min as min,
      l.expected_send_count_max as max, l.actual_send_count as users, l.braze_reported_count as reported,
      l.preflight_result as preflight,
      (select count(*)::int from public.notification_sends e where e.match_id = m.id
        and e.channel = 'push' and e.event_type = 'send' and e.confidence in ('high', 'medium')) as sends,
      (select count(*)::int from public.notification_sends e where e.match_id = m.id) as events,
      (select count(*)::int from public.alerts a where a.match_id = m.id and a.resolved_at is null) as alerts
    from public.matches m join public.schedule_ledger l on l.match_id = m.id
    where m.kickoff_at::date = '2024-12-07' order by l.send_at_utc, m.id`;
  strictEqual(expected.length, 5);
  deepStrictEqual(
    rows.map((row) => ({
      title: row.Match?.replace(" postponed", ""),
      expected: row["Expected users"],
      received: row.Received,
      reported: row["Sends that Braze reports"]?.replace(/ [\d,]+ without event$/, ""),
      isSent: row.Status === "✓ Sent",
      hasBar: row.Confidence !== "–",
      alerts: row.Alerts === "none" ? 0 : row.Alerts?.split(/[✕!◷]/).length ?? 0,
    })),
    expected.map(({ title, min, max, users, sends, events, reported, status, alerts }) => ({
      title,
      expected: `${number(min as number)}–${number(max as number)}`,
      received: sends === 0 ? "–" : `${number(users as number)} ${number(sends as number)} sends`,
      reported: number(reported as number | null),
      isSent: status === "sent",
      hasBar: (events as number) > 0,
      alerts: (alerts as number) === 0 ? 0 : (alerts as number) + 1,
    })),
  );
  const [campaign] = await sql<{ at: string }[]>`
    select to_char(preflight_at, 'HH24:MI') as at from public.schedule_ledger
    where match_id = 1005 and preflight_result = 'campaign_stopped'`;
  ok(campaign !== undefined, "the last check noticed the stopped campaign");
  const countdown = await page.locator(".countdown").innerText();
  match(countdown, /^[89]:\d\d\s+until Manchester United – Nottingham Forest, at 16:30/);
  match(countdown, /Campaign stopped/);
  const row = page.getByRole("row", { name: /Manchester United – Nottingham Forest/ });
  match(await row.innerText(), /campaign stopped/);
};

export const oneMatch: Check = async (page, { stack: { sql }, pages }) => {
  await open(page, pages.operator, "match/1003");
  const [expected] = await sql<
    { events: number; attempts: number; lines: number; sends: number }[]
  >`
    select (select count(*)::int from public.notification_sends where match_id = 1003) as events,
      (select count(*)::int from public.notification_sends
        where match_id = 1003 and event_type = 'send') as sends,
      (select count(*)::int from public.schedule_attempts where match_id = 1003) as attempts,
      jsonb_array_length(public.match_timeline(1003)) as lines`;
  ok(expected !== undefined && expected.events > 100 && expected.attempts > 3);
  const attempts = await rowsOf(page, "Calls that changed Braze for this match, oldest first");
  strictEqual(attempts.length, expected.attempts);
  ok(attempts.some(({ Outcome }) => Outcome?.startsWith("! Unknown")), "the lost answer is shown");
  const chart = await page.locator("figure svg title").first().textContent();
  match(chart ?? "", new RegExp(`Events a minute. ${number(expected.events)} events`));
  const columns = await page.locator("figure rect.one title").allTextContents();
  const sends = columns.map((text) => Number(/: ([\d,]+) sends/.exec(text)?.[1]?.replace(",", "")));
  strictEqual(sends.reduce((sum, each) => sum + each, 0), expected.sends);
  const all = page.getByRole("button", { name: "Show all" });
  if (await all.isVisible()) await all.click();
  strictEqual(await page.locator(".timeline li").count(), expected.lines);
};

const VERDICTS: Readonly<Record<string, string>> = {
  in_sync: "✓ In sync",
  mismatch: "✕ Mismatch",
  unknown: "! Not known",
};

export const counts: Check = async (page, { stack: { sql }, pages }) => {
  await open(page, pages.operator, "counts");
  const rows = await rowsOf(page, "Audits, newest first");
  const audits = await sql<
    { ledger: number; braze: number | null; delta: number | null; status: string }[]
  >`
    select ledger_pending as ledger, braze_actual as braze, delta, status
    from public.count_audit_logs order by checked_at desc`;
  ok(audits.some(({ status }) => status === "mismatch"), "one of them is a mismatch");
  deepStrictEqual(
    rows.map((row) => [row.Ledger, row.Braze, row.Delta, row.Verdict]),
    audits.map(({ ledger, braze, delta, status }) => [
      `${ledger}`,
      number(braze),
      delta === null ? "–" : delta > 0 ? `+${delta}` : delta < 0 ? `−${-delta}` : "0",
      VERDICTS[status],
    ]),
  );
};

export const health: Check = async (page, { stack: { sql }, pages }) => {
  await open(page, pages.operator, "health");
  const [row] = await rowsOf(page, "Days, newest first");
  const [day] = await sql<Record<string, number>[]>`
    select total_schedules_sent as total, webhooks_received as received, push_sends::int as sends,
      duplicates::int, rejects::int, unattributed::int, braze_reported_sends::int as reported
    from public.webhook_health_metrics`;
  ok(row !== undefined && day !== undefined && day.total! > 0 && day.duplicates! > 0);
  const text = (name: string) => number(day[name] ?? null);
  match(row["With events"] ?? "", new RegExp(`${day.received} of ${day.total}$`));
  deepStrictEqual(
    [row["Push sends"], row.Duplicates, row.Rejects, row.Unattributed],
    [text("sends"), text("duplicates"), text("rejects"), text("unattributed")],
  );
  strictEqual(row["Braze says"]?.split(" ")[0], text("reported"));
};

export const duplicates: Check = async (page, { stack: { sql }, pages }) => {
  await open(page, pages.operator, "duplicates");
  const days = await rowsOf(
    page,
    "Days on which Braze held a second schedule of a match, newest first",
  );
  const [day] = await sql<{ duplicates: number; matches: number; ids: number[] }[]>`
    select duplicates::int, matches::int, array(
      select (each ->> 'match_id')::int from jsonb_array_elements(most_affected) as each
    ) as ids from public.duplicate_trends`;
  ok(day !== undefined && day.duplicates > 0);
  deepStrictEqual(days.map((row) => [row.Duplicates, row.Matches]), [[
    `${day.duplicates}`,
    `${day.matches}`,
  ]]);
  for (const id of day.ids) ok(days[0]?.["Most affected"]?.includes(`Match ${id} × 1`));
  const [push] = await rowsOf(
    page,
    "Matches with users who got more than one push, newest first",
  );
  deepStrictEqual([push?.Users, push?.Sends, push?.["Ten of these users"]], [
    "2",
    "4",
    "user-7, user-8",
  ]);
};

export const alerts: Check = async (page, { stack: { sql }, pages }) => {
  for (const show of ["open", "past"] as const) {
    await open(page, pages.operator, `alerts?show=${show}`);
    const caption = show === "open"
      ? "Open alerts, most severe first"
      : "Past alerts, newest first";
    const rows = await rowsOf(page, caption);
    const expected = await sql<{ title: string; occurrences: number }[]>`
      select title, occurrences from public.alerts where (resolved_at is null) = ${
      show === "open"
    }`;
    ok(expected.length > 0, `there are ${show} alerts`);
    deepStrictEqual(
      rows.map((row) => `${row.What} ${row["Times seen"]}`).sort(),
      expected.map(({ title, occurrences }) => `${title} ${occurrences}`).sort(),
    );
  }
};

export const jobs: Check = async (page, { stack: { sql }, pages }) => {
  await open(page, pages.operator, "jobs");
  const rows = await rowsOf(page, "Functions that run by cron");
  const functions = await sql<{ name: string }[]>`
    select function_name as name from private.job_periods order by name`;
  deepStrictEqual(rows.map((row) => row.Function).sort(), functions.map(({ name }) => name));
  deepStrictEqual(new Set(rows.map((row) => row.State)), new Set(["✓ On time"]));
  const next = Object.fromEntries(rows.map((row) => [row.Function, row["Next run"]]));
  strictEqual(next["braze-reconcile"], "16:40");
  const runs = await rowsOf(page, "Last runs of all functions, newest first");
  const [counted] = await sql<{ count: number }[]>`
    select sum(least(runs, 24))::int as count
    from (select count(*)::int as runs from public.job_runs group by function_name) as each`;
  strictEqual(runs.length, counted?.count);
};
