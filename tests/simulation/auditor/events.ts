/** Each acknowledged event is stored exactly once, no event is invented, and the counts add up. */
import { webhookBody } from "../../../local/braze_sandbox/webhook_message.ts";
import type { GroundTruthEntry } from "../../../local/braze_sandbox/ground_truth.ts";
import type { AuditContext, Findings } from "./context.ts";

export function auditEvents(context: AuditContext, findings: Findings): void {
  auditCurrents(context, findings);
  auditMessages(context, findings);
  auditCounts(context, findings);
}

/** Events of other campaigns and Canvases come in the same deliveries and are stored, too. */
function auditCurrents({ model, facts, odd }: AuditContext, findings: Findings): void {
  const rows = new Map<string, number>();
  for (const { event_id, channel } of facts.events) {
    if (channel !== "webhook") rows.set(event_id, (rows.get(event_id) ?? 0) + 1);
  }
  const reported = [...model.groundTruth.entries, ...model.neighbours.groundTruth.entries]
    .filter(({ kind }) => kind === "currents");
  const missing = reported.filter(({ id, acknowledged }) => acknowledged > 0 && !rows.has(id));
  if (missing.length > 0) {
    findings.violate(
      "acknowledged events are stored",
      `${missing.length} of ${reported.length} are not: ${missing.slice(0, 3).map(nameOf)}`,
    );
  }
  const twice = [...rows].filter(([, times]) => times > 1);
  if (twice.length > 0) {
    findings.violate("events are stored once", `${twice.length} are not: ${twice.slice(0, 3)}`);
  }
  const oddEvents = odd.flatMap(({ events }) => events);
  const known = new Set([
    ...reported.map(({ id }) => id),
    ...oddEvents.map(({ eventId }) => eventId),
  ]);
  const invented = [...rows.keys()].filter((id) => !known.has(id));
  if (invented.length > 0) {
    findings.violate(
      "no event is invented",
      `${invented.length} were never sent: ${invented.slice(0, 3)}`,
    );
  }
  const kept = odd.flatMap(({ isAcknowledged, events }) => isAcknowledged ? events : []);
  for (const { eventId, method } of kept) {
    const row = facts.events.find(({ event_id }) => event_id === eventId);
    if (row?.correlation_method === method) continue;
    findings.violate(
      "previews and other campaigns are recognised",
      `${method} became ${row?.correlation_method ?? "nothing"}`,
    );
  }
}

/** Messages of the webhook channel have no id: two with the same content count as one. */
function auditMessages({ model, facts }: AuditContext, findings: Findings): void {
  const rows = new Map<string, number>();
  for (const { channel, raw_payload } of facts.events) {
    if (channel !== "webhook") continue;
    const key = keyOf(raw_payload);
    rows.set(key, (rows.get(key) ?? 0) + 1);
  }
  const reported = new Map<string, GroundTruthEntry[]>();
  for (const entry of model.groundTruth.entries) {
    if (entry.kind !== "webhook") continue;
    const key = keyOf(JSON.parse(webhookBody(entry, model.campaign)));
    reported.set(key, [...(reported.get(key) ?? []), entry]);
  }
  for (const [key, entries] of reported) {
    const times = rows.get(key) ?? 0;
    if (times === 0 && entries.some(({ acknowledged }) => acknowledged > 0)) {
      findings.violate("acknowledged messages are stored", `${key} is not`);
    }
    // A message without identifiers counts as a retry only as long as Braze retries.
    const namesItsSend = entries.some(({ carried, triggerProperties }) =>
      carried.dispatchId || (carried.echo && Object.keys(triggerProperties).length > 0)
    );
    if (times > (namesItsSend ? 1 : entries.length)) {
      findings.violate("messages are stored once", `${key} is stored ${times} times`);
    }
  }
  const invented = [...rows.keys()].filter((key) => !reported.has(key));
  if (invented.length > 0) {
    findings.violate(
      "no message is invented",
      `${invented.length} were never sent: ${invented.slice(0, 3)}`,
    );
  }
}

function auditCounts({ facts, recorder, odd }: AuditContext, findings: Findings): void {
  for (const { received, recorded, duplicates, rejected } of recorder.answers) {
    if (received === recorded + duplicates + rejected) continue;
    findings.violate(
      "an answer's counts add up",
      `${received} received, ${recorded} recorded, ${duplicates} duplicates, ${rejected} rejected`,
    );
  }
  const { received, duplicates, rejected } = facts.counted;
  if (received - duplicates - rejected !== facts.events.length) {
    findings.violate(
      "the day's counts add up",
      `${received} received less ${duplicates} duplicates and ${rejected} rejected is not ${facts.events.length}`,
    );
  }
  const acknowledged = odd.filter(({ isAcknowledged }) => isAcknowledged).length;
  if (facts.rejects < acknowledged || facts.rejects > odd.length) {
    findings.violate(
      "exactly the rejects are kept",
      `${facts.rejects} are kept; ${odd.length} were received, ${acknowledged} acknowledged`,
    );
  }
}

/** A key of a message's content, without empty fields: Liquid renders a missing value as an empty string. */
export function keyOf(body: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(body).filter(([, value]) => value !== "");
  return JSON.stringify(Object.fromEntries(fields.sort(([a], [b]) => a < b ? -1 : 1)));
}

function nameOf({ id, type, schedule }: GroundTruthEntry): string {
  return `${type.split(".").at(-1)} ${id} of match ${schedule.triggerProperties.match_id}`;
}
