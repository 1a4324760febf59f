/** Checks that a verb that is refused, or only tried, changes nothing of its match, schedule or alert. */
import { at, type AuditContext, type Findings } from "./context.ts";

export function auditVerbs({ verbs, isLast }: AuditContext, findings: Findings): void {
  if (!isLast) return;
  for (const { verb, about, isDone, isDryRun, at: when, before, after } of verbs) {
    if (before === after || (isDone && !isDryRun)) continue;
    findings.violate(
      "a verb that is refused or only tried changes nothing",
      `${verb} of ${about} at ${at(when)}: ${before} became ${after}`,
    );
  }
}
