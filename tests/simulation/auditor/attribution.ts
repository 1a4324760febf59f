/** Checks that no event is attributed to a wrong match with high or medium confidence. */
import type { GroundTruthEntry } from "../../../local/braze_sandbox/ground_truth.ts";
import { webhookBody } from "../../../local/braze_sandbox/webhook_message.ts";
import { keyOf } from "./events.ts";
import type { StoredEvent } from "./facts.ts";
import {
  type AuditContext,
  type Findings,
  generationOf,
  isMadeByHand,
  matchOf,
} from "./context.ts";

export function auditAttribution(context: AuditContext, findings: Findings): void {
  const byId = new Map<string, GroundTruthEntry[]>();
  for (const entry of context.model.groundTruth.entries) {
    const key = entry.kind === "webhook"
      ? keyOf(JSON.parse(webhookBody(entry, context.model.campaign)))
      : entry.id;
    byId.set(key, [...(byId.get(key) ?? []), entry]);
  }
  const dispatches = ownersOfDispatches(context);
  for (const row of context.facts.events) {
    if (row.confidence !== "high" && row.confidence !== "medium") continue;
    const key = row.channel === "webhook" ? keyOf(row.raw_payload) : row.event_id;
    const entries = byId.get(key) ?? [];
    if (entries.length === 0) continue;
    const isRight = entries.some((entry) =>
      matchOf(entry.schedule, context) === Number(row.match_id)
    );
    if (isRight) auditGeneration(row, entries, findings);
    else if (isUnknowable(row, entries[0]!, dispatches)) {
      findings.unknowable(
        `${row.confidence} by ${row.correlation_method}, of an unreported schedule`,
      );
    } else {
      const [entry] = entries;
      findings.violate(
        "no event is attributed to a wrong match",
        `${row.event_type} of match ${entry!.schedule.triggerProperties.match_id} (schedule ${
          entry!.schedule.id
        }, made by ${
          entry!.schedule.origin
        }) is attributed to ${row.match_id} by ${row.correlation_method} (${row.confidence})`,
      );
    }
  }
}

/** The generation that an event echoes must be stored unchanged. */
function auditGeneration(
  row: StoredEvent,
  entries: readonly GroundTruthEntry[],
  findings: Findings,
): void {
  if (row.generation === null || row.confidence !== "high") return;
  const echoing = entries.filter(({ carried, type }) => carried.echo && type.endsWith(".Send"));
  if (echoing.length === 0 || echoing.some(({ schedule }) => isMadeByHand(schedule))) return;
  if (row.correlation_method !== "ledger_id") return;
  if (echoing.some(({ schedule }) => generationOf(schedule) === row.generation)) return;
  findings.violate(
    "an echoed generation is kept",
    `match ${row.match_id} echoes ${
      generationOf(echoing[0]!.schedule)
    }, stored as ${row.generation}`,
  );
}

/**
 * Sends of schedules that people made, and that no journal knows, may be attributed by their time at most. An event whose
 * only identifier is the dispatch id of another send cannot be distinguished from that send's own.
 */
function isUnknowable(
  row: StoredEvent,
  { schedule, dispatchId, carried, type, aheadSeconds }: GroundTruthEntry,
  dispatches: ReadonlyMap<string, ReadonlySet<string>>,
): boolean {
  const owners = dispatches.get(dispatchId);
  const isShared = owners !== undefined && (owners.size > 1 || !owners.has(schedule.id));
  const hasMatchId = schedule.triggerProperties.match_id !== undefined;
  const hasOtherEvidence =
    (carried.echo && hasMatchId && (type.endsWith(".Send") || type === "campaign.webhook")) ||
    (carried.sendId && schedule.sendId !== null && type !== "campaign.webhook");
  // Where a person or a copy of the suite uses the send id of a match, an event without an echo says nothing else.
  if (isMadeByHand(schedule) && schedule.sendId === `match-${row.match_id}`) {
    // An exported event without its kind is not read for an echo.
    const hasEcho = carried.echo && (type.endsWith(".Send") || type === "campaign.webhook") &&
      row.event_type !== "unknown";
    // Its dispatch id is known from its other events.
    if (!hasEcho && ["send_id", "dispatch_id"].includes(row.correlation_method)) return true;
  }
  // An event that says nothing but a wrong time, and comes after that time, looks like one of then.
  if (aheadSeconds > 0 && row.correlation_method === "time_exact") return true;
  if (row.correlation_method === "dispatch_id" && isShared && !hasOtherEvidence) return true;
  return isMadeByHand(schedule) && row.confidence === "medium";
}

function ownersOfDispatches({ model }: AuditContext): Map<string, Set<string>> {
  const owners = new Map<string, Set<string>>();
  const add = (dispatchId: string, scheduleId: string) =>
    owners.set(dispatchId, (owners.get(dispatchId) ?? new Set()).add(scheduleId));
  const entries = [...model.groundTruth.entries, ...model.neighbours.groundTruth.entries];
  for (const { dispatchId, schedule } of entries) add(dispatchId, schedule.id);
  for (const schedule of model.schedules.all) add(schedule.dispatchId, schedule.id);
  return owners;
}
