/**
 * Compares the suite's tables with the world's ground truth. Nothing in this folder calls the code that it checks.
 *
 * The ground truth is the sandbox's record (what was scheduled, sent and reported), the history of the fixture list,
 * and the calls that a recorder saw.
 */
import { auditAlerts } from "./alerts.ts";
import { auditAttribution } from "./attribution.ts";
import { auditEvents } from "./events.ts";
import { auditGate } from "./gate.ts";
import { auditJournal } from "./journal.ts";
import { auditLedger } from "./ledger.ts";
import { auditSchedules } from "./schedules.ts";
import type { AuditContext, Violation } from "./context.ts";

export interface Audit {
  readonly violations: readonly Violation[];
  /** How often each outcome occurred that the suite could not have known. */
  readonly unknowable: Readonly<Record<string, number>>;
}

export function audit(context: AuditContext): Audit {
  const violations: Violation[] = [];
  const unknowable: Record<string, number> = {};
  const findings = {
    violate(rule: string, story: string) {
      violations.push({ rule, story });
    },
    unknowable(what: string) {
      unknowable[what] = (unknowable[what] ?? 0) + 1;
    },
  };
  const judges = [
    auditEvents,
    auditAttribution,
    auditLedger,
    auditSchedules,
    auditJournal,
    auditGate,
    auditAlerts,
  ];
  for (const judge of judges) judge(context, findings);
  return { violations, unknowable };
}
