/**
 * Permissions that cannot be tested without an effect: creating, updating and deleting schedules. The journal of our own
 * calls shows the result of the last call of each kind.
 */
import { z } from "zod";
import { type Finding, look, ok, unknown, wrong } from "./finding.ts";
import type { Configured } from "./target.ts";
import { get } from "./rest.ts";

const PERMISSIONS = [
  ["campaigns.trigger.schedule.create", "create"],
  ["campaigns.trigger.schedule.update", "update"],
  ["campaigns.trigger.schedule.delete", "delete"],
  ["sends.id.create", "send_id"],
] as const;

const Attempts = z.array(z.object({ closed_at: z.string(), outcome: z.string() }));

export async function checkJournal(target: Configured): Promise<Finding[]> {
  return await Promise.all(PERMISSIONS.map(async ([name, kind]) => {
    const check = `permission:${name}`;
    const finding = await look(check, "", () => lastTold(check, kind, target));
    // A journal that cannot be read proves nothing about the permission.
    return finding.result === "wrong" && finding.mend === ""
      ? unknown(check, "the journal could not be read")
      : finding;
  }));
}

async function lastTold(check: string, kind: string, target: Configured): Promise<Finding> {
  const response = await get(
    target,
    `/schedule_attempts?select=closed_at,outcome&kind=eq.${kind}` +
      "&or=(outcome.eq.succeeded,http_status.in.(401,403))&order=closed_at.desc&limit=1",
  );
  const [last] = Attempts.parse(await response.json());
  if (last === undefined) {
    return unknown(
      check,
      "it cannot be tried without an effect, and no call has shown it yet",
      "Look at the key in Braze; the first such call of the suite will show it",
    );
  }
  const at = `${last.closed_at.slice(0, 16).replace("T", " ")} UTC`;
  return last.outcome === "succeeded" ? ok(check, `Braze took such a call at ${at}`) : wrong(
    check,
    `Braze refused such a call at ${at}`,
    "Make a key with all permissions of docs/braze-setup.md and set BRAZE_API_KEY",
  );
}
