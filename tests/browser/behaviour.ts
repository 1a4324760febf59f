/** How the page behaves: for users without the role, with a keyboard, on a phone, after a fault, and over time. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { createFaultInjection } from "../../local/demo/fault_injection.ts";
import { open, rowsOf } from "./browser.ts";
import type { Check } from "./data.ts";

export const VIEWS = [
  "tonight",
  "match/1003",
  "alerts",
  "alerts?show=past",
  "jobs",
  "counts",
  "health",
  "duplicates",
];

const TEAMS = /Fulham|Brentford|Manchester|Everton/;

export const checkUserWithoutRole: Check = async (page, { pages }) => {
  const answers: string[] = [];
  page.on("response", async (response) => {
    if (response.url().includes("/rest/v1/")) answers.push(await response.text());
  });
  for (const view of ["tonight", "match/1003", "alerts"]) {
    await page.goto(`${pages.user}/#/${view}`);
    await page.reload();
    await page.getByRole("heading", { name: "You are not an operator" }).waitFor();
    ok(!TEAMS.test(await page.locator("body").innerText()));
  }
  ok(answers.length >= 3, "it was asked");
  deepStrictEqual(new Set(answers), new Set(["false"]));
};

export const checkSignIn: Check = async (page, { pages, stack }) => {
  await page.goto(`${pages.nobody}/#/alerts`);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  ok(!TEAMS.test(await page.locator("body").innerText()));

  // Supabase Auth does not run in this test: its answers are stubbed.
  let isWrong = true;
  await page.route("**/auth/v1/token*", async (route) =>
    await route.fulfill(
      isWrong
        ? {
          status: 400,
          json: { code: 400, error_code: "invalid_credentials", msg: "Invalid login" },
        }
        : {
          json: {
            access_token: await stack.operatorToken(),
            token_type: "bearer",
            expires_in: 3600,
            refresh_token: "again",
            user: { id: "7c9e6679-7425-40de-944b-e07fc1f90ae7", aud: "authenticated" },
          },
        },
    ));
  await page.route("**/auth/v1/logout*", (route) => route.fulfill({ status: 204 }));
  const signIn = async () => {
    await page.getByLabel("E-mail").fill("operator@example.com");
    await page.getByLabel("Password").fill("secret");
    await page.keyboard.press("Enter");
  };
  await signIn();
  match(await page.getByRole("alert").innerText(), /Invalid login/);
  isWrong = false;
  await signIn();
  await page.getByRole("heading", { name: "Alerts" }).waitFor();
  await page.locator(".alert").first().waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
};

export const checkKeyboard: Check = async (page, { pages }) => {
  await open(page, pages.operator, "tonight");
  const focused = () => page.evaluate(() => (document.activeElement as HTMLElement)?.innerText);
  await page.keyboard.press("Tab");
  strictEqual(await focused(), "Skip to content");
  await page.keyboard.press("Enter");
  strictEqual(await focused(), "Tonight");
  await page.getByRole("link", { name: "Jobs", exact: true }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Jobs" }).waitFor();
  await page.waitForFunction(() => document.activeElement?.textContent === "Jobs");
  strictEqual(await page.evaluate(() => document.activeElement?.tagName), "H1");
  match(await page.title(), /^\(\d+\) Jobs/);

  await open(page, pages.operator, "match/1010");
  const button = page.getByRole("button", { name: "Cancel the push" });
  await button.focus();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: /^Cancel the push: West Ham/ });
  await dialog.waitFor();
  ok(await page.getByRole("button", { name: "Try it first" }).isDisabled(), "without a reason");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  strictEqual(await focused(), "Cancel the push");
};

export const checkLink: Check = async (page, { pages }) => {
  await open(page, pages.operator, "tonight?date=2024-12-08&zone=America%2FNew_York");
  const rows = await rowsOf(page, "Matches of the day, worst first");
  deepStrictEqual(rows.map((row) => row.Match?.split(/ \d{4} · /)[0]).sort(), [
    "Fulham – Arsenal",
    "Ipswich – Bournemouth",
    "Leicester – Brighton",
    "Tottenham – Chelsea",
  ]);
  const fulham = rows.find((row) => row.Match?.startsWith("Fulham"));
  strictEqual(fulham?.Push, "08:00 kick-off 09:00");
  const time = page.locator(".night td.push time").first();
  match(await time.getAttribute("title") ?? "", /^2024-12-08 1\d:\d0:00 UTC$/);
  await page.getByRole("link", { name: "The day before" }).click();
  await page.getByText("Saturday, 7 December 2024").first().waitFor();
  match(page.url(), /date=2024-12-07&zone=America%2FNew_York$/);
  await page.getByRole("combobox", { name: "Time zone" }).selectOption("UTC");
  await page.waitForURL(/zone=UTC/);
  await open(page, pages.operator, "tonight?date=2024-11-01");
  await page.getByText("No match on this day").waitFor();
  await open(page, pages.operator, "match/99");
  await page.getByText("There is no match 99").waitFor();
};

export const checkFault: Check = async (page, { pages }) => {
  await open(page, pages.operator, "counts");
  await page.route("**/rest/v1/count_audit_logs*", (route) => route.abort());
  await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  match(await page.getByRole("alert").innerText(), /Cannot read from the project/);
  match(await page.locator(".clock").innerText(), /not updated since 16:2\d/);
  ok((await rowsOf(page, "Comparisons of the day, newest first")).length > 0);
  await page.unroute("**/rest/v1/count_audit_logs*");
  await page.getByRole("button", { name: "Try now" }).click();
  await page.getByRole("alert").waitFor({ state: "detached" });
};

/** Each view says what does not run, and since when. */
export const checkSilence: Check = async (page, { pages }) => {
  const since = "2024-12-07T10:02:00+00:00";
  await page.route(
    "**/rest/v1/job_runs?*caller=eq.cron*",
    (route) => route.fulfill({ json: [{ called_at: since }] }),
  );
  await open(page, pages.operator, "alerts");
  match(await page.locator(".bar.bad").innerText(), /^cron has not run since 10:02\. Nothing is/);
  await page.unrouteAll();
  await page.route(
    "**/rest/v1/job_runs?*function_name=eq.braze-reconcile*",
    (route) => route.fulfill({ json: [{ finished_at: since }] }),
  );
  await page.reload();
  match(
    await page.locator(".bar.bad").innerText(),
    /^“Compare with Braze” has not succeeded since 10:02 \(braze-reconcile\)\.$/,
  );
};

/** The campaign is started again, the push is sent, and the page updates without any input. */
export const checkUpdates: Check = async (page, { pages, stack }) => {
  await open(page, pages.operator, "tonight");
  const row = page.getByRole("row", { name: /Manchester United – Nottingham Forest/ });
  match(await row.innerText(), /Will not go out/);
  await createFaultInjection(stack).campaign("enabled");
  await stack.advanceTo(new Date("2024-12-07T16:41:00Z"));
  await row.locator(".chip.good", { hasText: "Went out" }).waitFor({ timeout: 20_000 });
  match(await page.locator("div[aria-live=polite]").innerText(), /4 .*went out/);
};
