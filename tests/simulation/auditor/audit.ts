/**
 * Compares the suite's data with the ground truth. Nothing in this folder calls the code that it judges.
 *
 * The ground truth is the sandbox's (what was scheduled, sent and reported), the history of the fixture list, and the
 * calls that a recorder saw. The suite's data is read from its tables.
 */
import { auditAlerts } from "./alerts.ts";
import { auditAttribution } from "./attribution.ts";
import { auditEvents } from "./events.ts";
import { auditGate } from "./gate.ts";
import { auditJournal } from "./journal.ts";
import { auditLedger } from "./ledger.ts";
import { auditPushes } from "./pushes.ts";
import { auditSchedules } from "./schedules.ts";
import { auditVerbs } from "./verbs.ts";
import { auditVerdicts } from "./verdicts.ts";
import type { AuditContext, Violation } from "./context.ts";

export interface Audit {
  readonly violations: readonly Violation[];
  /** How often something happened that the suite could not have known, by kind. */
  readonly unknowable: Readonly<Record<string, number>>;
}

export function audit(context: AuditContext): Audit {
  const violations: Violation[] = [];
  const unknowable: Record<string, number> = {};
  const findings = {
    violate(rule: string, details: string) {
      violations.push({ rule, details });
    },
    unknowable(what: string) {
      unknowable[what] = (unknowable[what] ?? 0) + 1;
    },
  };
  const judges = [
    auditEvents,
    auditAttribution,
    auditVerdicts,
    auditLedger,
    auditSchedules,
    auditJournal,
    auditGate,
    auditAlerts,
    auditPushes,
    auditVerbs,
  ];
  for (const judge of judges) judge(context, findings);
  return { violations, unknowable };
}
