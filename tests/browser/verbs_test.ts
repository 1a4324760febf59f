/** Each verb, from the button of the page to the sandbox and back into the words of the page. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Page } from "playwright-core";
import { ALERT_VERBS, MATCH_VERBS, SCHEDULE_VERBS } from "../../dashboard/src/verbs.ts";
import { startDashboard } from "../../local/stack/dashboard.ts";
import type { Stack } from "../../local/stack/stack.ts";
import { VERB_OPTIONS } from "../../supabase/functions/_shared/function/verbs.ts";
import { CREATE, duplicateByHand, later, statesOf } from "../support/reconciling.ts";
import { liveSchedules, schedule, THREE_AT_ONCE, withSuite } from "../support/suite.ts";
import { reach, watch } from "../support/watchers.ts";
import { open, withBrowser, withPage } from "./browser.ts";

const WHY = "Agreed with the editors";

Deno.test("the page has the words of every verb", () => {
  const worded = Object.keys({ ...MATCH_VERBS, ...SCHEDULE_VERBS, ...ALERT_VERBS });
  deepStrictEqual(worded.sort(), Object.keys(VERB_OPTIONS).sort());
});

interface Use {
  readonly page: Page;
  readonly url: string;
}

/** Tries the verb, then does it; returns the result that the page shows. */
async function use(
  { page, url }: Use,
  route: string,
  label: string,
  options: { readonly accept?: RegExp; readonly within?: string } = {},
): Promise<string> {
  // Not with the result of an earlier verb.
  await page.goto("about:blank");
  await open(page, url, route);
  const place = options.within === undefined
    ? page.locator("main")
    : page.locator(".alert", { hasText: options.within });
  await place.getByRole("button", { name: new RegExp(`^${label}( \\(may push twice\\))?$`) })
    .click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^Why\?/).fill(WHY);
  const box = dialog.getByRole("checkbox");
  const first = dialog.getByRole("button", { name: "Try it first" });
  if (options.accept !== undefined) {
    if (!await box.isVisible()) {
      await first.click();
      match(await dialog.locator(".result.bad").innerText(), /It cannot be done: /);
    }
    match(await dialog.locator("label.check").innerText(), options.accept);
    await box.check();
  }
  await first.click();
  await dialog.locator(".result.good", { hasText: "Nothing is changed yet" }).waitFor();
  await dialog.getByRole("button", { name: label, exact: true }).click();
  await dialog.waitFor({ state: "hidden" });
  const result = place.locator(".result");
  await result.waitFor();
  const text = await result.innerText();
  ok((await result.getAttribute("class"))?.includes("good"), text);
  return text;
}

async function verdictShows(page: Page, text: string): Promise<void> {
  await page.locator(".answer-verdict .chip", { hasText: text }).waitFor({ timeout: 15_000 });
}

const idsOf = (stack: Stack, matchId: number) => liveSchedules(stack, matchId).map(({ id }) => id);

async function withPageOf(
  run: (stack: Stack, use: Use) => Promise<void>,
  users = 200,
): Promise<void> {
  const server = startDashboard();
  try {
    await withBrowser((browser) =>
      withSuite({
        fixtures: THREE_AT_ONCE,
        sandbox: { users: { count: users }, switches: { listingMode: "per_schedule" } },
        env: { OPERATOR_ORIGINS: server.origins },
      }, async (stack) => {
        server.show({
          apiUrl: stack.ready.api_url,
          publishableKey: stack.ready.publishable_key,
          now: () => stack.timeline.now(),
          isVirtual: true,
          token: () => stack.operatorToken(),
        });
        await withPage(browser, {}, (page) => run(stack, { page, url: server.url }));
      })
    );
  } finally {
    await server.close();
  }
}

Deno.test("before the send: cancel, reschedule, declare gone, release, confirm removals", () =>
  withPageOf(async (stack, using) => {
    const { page } = using;
    await schedule(stack);

    match(await use(using, "match/1003", "Cancel the push"), /is deleted in Braze/);
    deepStrictEqual(idsOf(stack, 1003), []);
    await verdictShows(page, "No push wanted");
    match(await page.locator(".done").innerText(), /The push is cancelled: “Agreed with/);

    match(await use(using, "match/1003", "Reschedule"), /Braze has a new schedule/);
    strictEqual(idsOf(stack, 1003).length, 1);
    await verdictShows(page, "Scheduled");

    // Braze does not answer a create, and has not carried it out.
    await stack.sql`
      update public.matches set trigger_properties = '{"title": "Derby"}' where id = 1002`;
    stack.sandbox.model.switchboard.set({
      faults: [{ endpoint: CREATE, kind: "timeout_before_effect" }],
    });
    await schedule(stack);
    stack.sandbox.model.switchboard.set({ faults: [] });
    deepStrictEqual(idsOf(stack, 1002), []);
    await open(page, using.url, "match/1002");
    await verdictShows(page, "In doubt");
    match(await use(using, "match/1002", "Declare gone"), /Braze has a new schedule/);
    strictEqual(idsOf(stack, 1002).length, 1);
    await verdictShows(page, "Scheduled");

    // An old schedule was seen going out, so the current one is held.
    const [ledger] = await stack.sql<{ id: string; generation: number }[]>`
      select id, generation from public.schedule_ledger where match_id = 1001`;
    await stack.sql`
      insert into private.schedule_holds (ledger_id, generation, users, held_at)
      values (${ledger!.id}, ${ledger!.generation}, 20, ${stack.timeline.now()})`;
    await schedule(stack);
    deepStrictEqual(idsOf(stack, 1001), []);
    match(await use(using, "match/1001", "Release"), /not held any more/);
    strictEqual(idsOf(stack, 1001).length, 1);
    await verdictShows(page, "Scheduled");

    // All are called off at once: too many to be believed.
    await stack.sql`update private.settings set removals_max = 1, removal_share_max = 0.1`;
    await stack.sql`update public.matches set status = 'postponed'`;
    await schedule(stack);
    strictEqual(idsOf(stack, 1001).length, 1);
    match(await use(using, "match/1001", "Confirm removals"), /is deleted in Braze/);
    deepStrictEqual(idsOf(stack, 1001), []);
    await verdictShows(page, "Called off");
    // The alert is about several matches, and so is its button.
    const within = "at once";
    match(
      await use(using, "alerts", "Confirm removals", { within }),
      /confirmed for 2 of 3 matches\s+Match 1001: it is confirmed already/,
    );
    deepStrictEqual(idsOf(stack, 1002), []);
  }));

Deno.test("after the send: mark as sent, undo, mark as not sent, push again, resolve", () =>
  withPageOf(async (stack, using) => {
    const { page } = using;
    await schedule(stack);
    // No event arrives at first.
    stack.outages.add("braze-webhook");
    await reach(stack, "14:20");

    match(await use(using, "match/1001", "Mark as sent"), /is confirmed as sent/);
    await verdictShows(page, "Confirmed by a person");
    match(await page.locator(".answer-verdict").innerText(), /Agreed with the editors/);
    // Undo stands beside what was done.
    match(await use(using, "match/1001", "Undo"), /The action is undone/);
    await page.locator(".done", { hasText: "(undone)" }).waitFor();
    ok(!/Confirmed/.test(await page.locator(".answer-verdict").innerText()));
    match(await use(using, "match/1001", "Mark as not sent"), /counts as not sent/);
    await verdictShows(page, "Did not go out");

    // Braze repeats its deliveries: 1003 is proved, then it is played again a week later.
    stack.outages.delete("braze-webhook");
    await reach(stack, "16:30");
    await open(page, using.url, "match/1003");
    await verdictShows(page, "Went out");
    await stack.sql`
      update public.matches set kickoff_at = '2024-12-14T15:00:00Z' where id = 1003`;
    await schedule(stack);
    deepStrictEqual(idsOf(stack, 1003), []);
    const again = await use(using, "match/1003", "Push again");
    match(again, /Braze has a new schedule/);
    strictEqual(idsOf(stack, 1003).length, 1);
    await verdictShows(page, "Scheduled");

    const told = [{
      fingerprint: "double_push:1002",
      rule: "double_push",
      severity: "critical",
      audience: "admin",
      title: "Match 1002 was pushed more than once to 12 users",
      details: {},
      match_id: 1002,
    }];
    await stack.sql`select public.raise_alerts(${stack.sql.json(told)}, ${stack.timeline.now()})`;
    const within = "to 12 users";
    match(await use(using, "alerts", "Resolve", { within }), /The alert is closed/);
    await open(page, using.url, "alerts?show=past");
    const past = page.locator(".alert", { hasText: within });
    match(await past.innerText(), /Closed by operator [0-9a-f]{8} at .*“Agreed with the editors”/);
  }));

Deno.test("schedules that are not the suite's: adopt, keep, delete", () =>
  withPageOf(async (stack, using) => {
    const { page, url } = using;
    const adopted = await duplicateByHand(stack, 1001);
    const kept = await duplicateByHand(stack, 9_999);
    await watch(stack, "braze-preflight-check");
    match(
      await use(using, "alerts", "Adopt schedule", { within: "Manchester City" }),
      /is the match's own now/,
    );
    await watch(stack, "braze-preflight-check");
    await schedule(stack);
    deepStrictEqual(idsOf(stack, 1001), [adopted]);

    match(
      await use(using, "alerts", "Keep schedule", { within: "match 9999" }),
      /The schedule stays/,
    );
    strictEqual(statesOf(stack)[kept], "scheduled");

    await later(stack, 10);
    const second = await duplicateByHand(stack, 1002);
    const beside = await duplicateByHand(stack, 1003);
    await watch(stack, "braze-preflight-check");
    match(
      await use(using, "alerts", "Delete schedule", { within: "Arsenal" }),
      /The schedule is deleted in Braze/,
    );
    strictEqual(statesOf(stack)[second], "deleted");
    strictEqual(idsOf(stack, 1002).length, 1);
    await watch(stack, "braze-preflight-check");
    await open(page, url, "alerts?show=past");
    match(
      await page.locator(".alert", { hasText: "Arsenal" }).innerText(),
      /Closed by operator/,
    );

    // Refused first, since users get two pushes; the person accepts that.
    const accept = /some users may get two pushes/;
    match(
      await use(using, "alerts", "Keep schedule", { within: "Tottenham", accept }),
      /The schedule stays/,
    );
    strictEqual(statesOf(stack)[beside], "scheduled");
  }));
