/** The buttons that run something now: each asks for confirmation once, acts in the operator's name, and shows its result. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { Page } from "playwright-core";
import { open } from "./browser.ts";
import type { Check } from "./data.ts";

/** Returns the result that the page shows. */
async function press(page: Page, name: string, confirm: string): Promise<string> {
  await page.getByRole("button", { name, exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: confirm, exact: true }).click();
  const action = page.locator(".action", { has: page.getByRole("button", { name, exact: true }) });
  const result = action.locator(".result");
  await result.waitFor({ timeout: 20_000 });
  await page.waitForFunction(() => document.activeElement?.classList.contains("result"));
  return await result.innerText();
}

export const checkButtons: Check = async (page, { pages, stack: { sql } }) => {
  await open(page, pages.operator, "jobs");
  const ledger = async () =>
    JSON.stringify(await sql`select * from public.schedule_ledger order by match_id`);
  const lastRun = async () => {
    const [run] = await sql<{ name: string; caller: string; dry: boolean; outcome: string }[]>`
      select function_name as name, caller, dry_run as dry, outcome
      from public.job_runs where caller = 'operator' order by called_at desc, started_at desc limit 1`;
    return run && { ...run };
  };
  match(await press(page, "Check the next pushes", "Check"), /Checked|nothing to check/);
  deepStrictEqual(await lastRun(), {
    name: "braze-preflight-check",
    caller: "operator",
    dry: false,
    outcome: "succeeded",
  });

  const before = await ledger();
  match(
    await press(page, "Try a comparison with Braze", "Try it"),
    /nothing was changed\s[\s\S]*verify:/,
  );
  strictEqual(await ledger(), before);
  const tried = await sql`
    select 1 from public.job_runs where caller = 'operator' and dry_run and function_name = 'braze-reconcile'`;
  strictEqual(tried.length, 1);
  match(await press(page, "Compare with Braze", "Compare"), /brought in line/);
};
