/** Compares each view with separate SQL, which calls none of the dashboard's functions. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Page } from "playwright-core";
import { open, rowsOf } from "./browser.ts";
import type { Verdict } from "../../dashboard/src/rows.ts";
import { NOW } from "./now.ts";
import type { World } from "./world.ts";

export type Check = (page: Page, world: World) => Promise<void>;

const number = (value: number | null) => value === null ? "–" : value.toLocaleString("en-GB");

function onceText({ once: { answer, users } }: Verdict): string {
  return { yes: "✓ once", no: `✕ twice to ${number(users)}`, unknown: "not known" }[answer];
}

export const tonight: Check = async (page, { stack: { sql }, pages }) => {
  await open(page, pages.operator, "tonight");
  const rows = await rowsOf(page, "Matches of the day, worst first");
  const expected = await sql<
    {
      id: number;
      title: string;
      status: string;
      users: number | null;
      min: number;
      max: number;
      alerts: number;
      told: Verdict;
    }[]
  >`
    select public.match_verdict(m.id, ${NOW}) as told, m.id::int, m.home_team || ' – ' || m.away_team as title, l.status::text,
      l.expected_send_count_min as min, l.expected_send_count_max as max,
      (select count(distinct e.external_user_id)::int from public.notification_sends e
        where e.match_id = m.id and e.channel = 'push' and e.event_type = 'send'
          and e.confidence in ('high', 'medium')) as users,
      (select count(*)::int from public.alerts a where a.match_id = m.id and a.resolved_at is null) as alerts
    from public.matches m join public.schedule_ledger l on l.match_id = m.id
    where m.kickoff_at::date = '2024-12-07' order by m.id`;
  strictEqual(expected.length, 5);
  const byId = new Map(rows.map((row) => [Number(/(\d{4}) ·/.exec(row.Match ?? "")?.[1]), row]));
  for (const { id, title, status, users, min, max, alerts, told } of expected) {
    const row = byId.get(id)!;
    ok(row.Match?.startsWith(title), row.Match ?? "no row");
    strictEqual(
      /^[✓!] Went out/.test(row.Verdict ?? ""),
      status === "sent",
      row.Verdict ?? "no row",
    );
    if (status === "sent") {
      ok(row["To everyone"]?.startsWith(`${number(users)} of ${number(min)}–${number(max)}`));
      strictEqual(row.Once, onceText(told));
    }
    strictEqual(row.Alerts === "none", alerts === 0);
  }
  // The worst is above what went out: the campaign is stopped, and its push is due in nine minutes.
  const place = rows.findIndex((row) => row.Match?.startsWith("Manchester United"));
  ok(rows.slice(place).every((row) => !row.Verdict?.startsWith("✕ Did not")));
  match(rows[place]?.Verdict ?? "", /^✕ Will not go out The campaign is stopped in Braze/);
  ok(rows.slice(0, place).every((row) => !row.Verdict?.startsWith("✓")));
  match(
    await page.locator(".sentence").innerText(),
    /^3 of [45] went out · .*1 will not: the campaign is stopped in Braze/,
  );
  const bar = await page.locator(".bar.next").innerText();
  match(bar, /^[89]:\d\d\s+The next push is in trouble, at 16:30: Manchester United/);
  ok((await page.locator(".bar.next").getAttribute("class"))?.includes("bad"));
  const [open_] = await sql<{ count: number }[]>`
    select count(*)::int from public.alerts where resolved_at is null`;
  strictEqual(await page.locator("nav .badge").innerText(), `${open_?.count}\nopen`);
  match(await page.title(), new RegExp(`^\\(${open_?.count}\\) Tonight · Proof of push$`));
  match(await page.locator(".fresh").innerText(), /^updated \d+ s ago$/);
  match(await page.locator(".clock time").innerText(), /^16:2\d:\d\d$/);
};

export const oneMatch: Check = async (page, { stack: { sql }, pages }) => {
  await open(page, pages.operator, "match/1003");
  const [expected] = await sql<
    {
      events: number;
      attempts: number;
      lines: number;
      sends: number;
      told: Verdict;
      opens: number;
    }[]
  >`
    select (select count(*)::int from public.notification_sends where match_id = 1003) as events,
      (select count(*)::int from public.notification_sends
        where match_id = 1003 and event_type = 'send') as sends,
      (select count(*)::int from public.notification_sends
        where match_id = 1003 and event_type = 'open') as opens,
      (select count(*)::int from public.schedule_attempts where match_id = 1003) as attempts,
      public.match_verdict(1003, ${NOW}) as told,
      (select count(*)::int from jsonb_array_elements(public.match_timeline(1003)) as line
        where line ->> 'kind' <> 'verdict') as lines`;
  ok(expected !== undefined && expected.events > 100 && expected.attempts > 3);
  const answer = await page.locator(".answer").innerText();
  match(answer, /Did it go out\?\s+[✓!]\s*Went out/);
  ok(answer.includes(expected.told.why), "the reason of the database");
  ok(answer.includes(`Once?\n${onceText(expected.told)}`), answer);
  ok(answer.includes(number(expected.told.to_everyone.reached)));
  ok(answer.includes(expected.told.next.text));

  const attempts = await rowsOf(page, "Calls that changed Braze for this match, oldest first");
  strictEqual(attempts.length, expected.attempts);
  ok(attempts.some(({ Outcome }) => Outcome?.startsWith("! Unknown")), "the lost answer is shown");
  const chart = await page.locator("figure svg title").first().textContent();
  match(chart ?? "", new RegExp(`Events a minute. ${number(expected.events)} events`));
  const columns = await page.locator("figure rect.one title").allTextContents();
  const sends = columns.map((text) => Number(/: ([\d,]+) sends/.exec(text)?.[1]?.replace(",", "")));
  strictEqual(sends.reduce((sum, each) => sum + each, 0), expected.sends);

  // Opens are folded; kinds can be shown and hidden.
  const opens = page.locator("summary", { hasText: "opens, from" });
  match(await opens.innerText(), new RegExp(`^${number(expected.opens)} opens`));
  const kinds = page.getByRole("group", { name: "Show" });
  for (const kind of await kinds.getByRole("button", { pressed: false }).all()) await kind.click();
  while (await kinds.getByRole("button", { pressed: false }).count() > 0) {
    await kinds.getByRole("button", { pressed: false }).first().click();
  }
  strictEqual(await page.locator(".timeline li").count(), expected.lines);
  await kinds.getByRole("button", { name: /^Events/ }).click();
  strictEqual(await page.locator(".timeline .kind-events").count(), 0);
};

/** What is still to come stands apart from what was. */
export const future: Check = async (page, { pages }) => {
  await open(page, pages.operator, "match/1010");
  await page.getByRole("heading", { name: "Still to come" }).waitFor();
  deepStrictEqual(await page.locator(".timeline.future .what").allInnerTexts(), [
    "The push is due\nschedule 1",
  ]);
  ok(!(await page.locator(".timeline:not(.future)").innerText()).includes("The push is due"));
};

const VERDICTS: Readonly<Record<string, string>> = {
  in_sync: "✓ The same",
  mismatch: "✕ They differ",
  unknown: "– Not known",
};

export const counts: Check = async (page, { stack: { sql }, pages }) => {
  await open(page, pages.operator, "counts");
  const rows = await rowsOf(page, "Comparisons of the day, newest first");
  const audits = await sql<
    { ledger: number; braze: number | null; delta: number | null; status: string }[]
  >`
    select ledger_pending as ledger, braze_actual as braze, delta, status
    from public.count_audit_logs order by checked_at desc`;
  ok(audits.some(({ status }) => status === "mismatch"), "one of them is a mismatch");
  deepStrictEqual(
    rows.map((row) => [row.Planned, row["In Braze"], row.Difference, row.Result]),
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
    [row.Sends, row.Duplicates, row["Not understood"], row["Of no match"]],
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
  const [told] = await sql<{ users: number; sends: number; sample: string }[]>`
    select (details ->> 'users')::int as users, (details ->> 'sends')::int as sends,
      array_to_string(array(select jsonb_array_elements_text(details -> 'sample_users')), ', ') as sample
    from public.alerts where rule = 'double_push'`;
  ok(told !== undefined && told.users > 0);
  deepStrictEqual([push?.Match, push?.Users, push?.Sends, push?.["Ten of these users"]], [
    "Match 1004",
    number(told.users),
    number(told.sends),
    told.sample,
  ]);
};

export const alerts: Check = async (page, { stack: { sql }, pages }) => {
  for (const show of ["open", "past"] as const) {
    await open(page, pages.operator, `alerts?show=${show}`);
    const expected = await sql<{ title: string; kind: string }[]>`
      select title, kind from public.alerts where (resolved_at is null) = ${show === "open"}`;
    ok(expected.length > 0, `there are ${show} alerts`);
    await page.locator(".alert").first().waitFor();
    const titles = async (within: string) =>
      (await page.locator(`${within} .alert h3`).allInnerTexts()).map((text) =>
        text.replace(/^\S\s*(critical|warning|info)\s+/, "")
      ).sort();
    const of = (kind?: string) =>
      expected.filter((each) => kind === undefined || each.kind === kind)
        .map(({ title }) => title).sort();
    deepStrictEqual(await titles("main"), of());
    if (show === "past") continue;
    // Harms stand apart, and only they can be closed.
    deepStrictEqual(await titles("section[aria-labelledby=harms]"), of("harm"));
    deepStrictEqual(await titles("section[aria-labelledby=conditions]"), of("condition"));
    const resolve = page.getByRole("button", { name: "Resolve", exact: true });
    strictEqual(await resolve.count(), of("harm").length);
    for (const text of await page.locator(".alert").allInnerTexts()) match(text, /What to do: \S/);
    await page.locator(".alert", { hasText: "double push" }).getByRole("link", {
      name: "Match 1004",
    }).waitFor();
  }
};

export const jobs: Check = async (page, { stack: { sql }, pages }) => {
  await open(page, pages.operator, "jobs");
  const rows = await rowsOf(page, "What runs by itself");
  const functions = await sql<{ name: string }[]>`
    select function_name as name from private.job_periods order by name`;
  const nameOf = (job: string | undefined) => job?.split(" ").at(-1);
  deepStrictEqual(rows.map(({ Job }) => nameOf(Job)).sort(), functions.map(({ name }) => name));
  deepStrictEqual(new Set(rows.map((row) => row.State)), new Set(["✓ On time"]));
  const next = Object.fromEntries(rows.map((row) => [nameOf(row.Job), row["Next run"]]));
  strictEqual(next["braze-reconcile"], "16:40");
  await page.getByRole("button", { name: /^Show all/ }).click();
  const runs = await rowsOf(page, "Last runs, newest first");
  const [counted] = await sql<{ count: number }[]>`
    select sum(least(runs, 24))::int as count
    from (select count(*)::int as runs from public.job_runs group by function_name) as each`;
  strictEqual(runs.length, counted?.count);
};
