/**
 * Compares the stored events with those that Braze sent. It reads the sandbox's ground truth and the database's rows,
 * and calls none of the code that it checks.
 */
import { type GroundTruthEntry, isWaiting } from "../../local/braze_sandbox/ground_truth.ts";
import type { Sql } from "../../local/stack/sql.ts";

const PROBLEMS_SHOWN_MAX = 20;

interface Row {
  readonly key: string;
  readonly sent_at: Date;
  readonly event_type: string;
  readonly channel: string;
  readonly external_user_id: string | null;
  readonly device_id: string | null;
  readonly match_id: string | null;
  readonly generation: number | null;
  readonly confidence: string;
}

/** A webhook message has no id on the wire: each user receives one per match. */
function keyOf({ kind, id, user, triggerProperties }: GroundTruthEntry): string {
  return kind === "currents" ? id : `${triggerProperties.match_id}/${user.externalId}`;
}

async function rowsOf(sql: Sql): Promise<Row[]> {
  return await sql<Row[]>`
    select case channel when 'webhook' then match_id || '/' || external_user_id else event_id end as key,
      sent_at, event_type, channel, external_user_id, device_id, match_id, generation, confidence
    from public.notification_sends`;
}

/** The events that were answered with 2xx and are not stored. There must be none. */
export async function missingAcknowledged(
  promised: readonly GroundTruthEntry[],
  sql: Sql,
): Promise<string[]> {
  const stored = new Set((await rowsOf(sql)).map(({ key }) => key));
  return promised.map(keyOf).filter((key) => !stored.has(key));
}

export interface Audit {
  readonly stored: number;
  /** Events that were stored although the answer was lost, and counted as duplicates when they were retried. */
  readonly storedUnanswered: number;
  readonly problems: readonly string[];
}

/** The final audit, when Braze has nothing more to send. */
export async function audit(groundTruth: readonly GroundTruthEntry[], sql: Sql): Promise<Audit> {
  const problems: string[] = [];
  const rows = await rowsOf(sql);
  const byKey = Map.groupBy(rows, ({ key }) => key);
  const delivered = groundTruth.filter(({ lost }) => !lost);

  for (const entry of delivered) {
    const key = keyOf(entry);
    const found = byKey.get(key) ?? [];
    byKey.delete(key);
    if (entry.dropped !== null) problems.push(`${key}: Braze gave up after ${entry.dropped}`);
    else if (isWaiting(entry)) problems.push(`${key}: never acknowledged`);
    if (found.length !== 1) {
      problems.push(
        `${key}: stored ${found.length} times, acknowledged ${entry.acknowledged} times`,
      );
    } else problems.push(...differences(entry, found[0]!).map((what) => `${key}: ${what}`));
  }
  for (const key of byKey.keys()) problems.push(`${key}: Braze never sent it`);

  const [counts] = await sql<Record<"received" | "duplicates" | "rejected" | "kept", number>[]>`
    select sum(received)::int as received, sum(duplicates)::int as duplicates, sum(rejected)::int as rejected,
      (select count(*)::int from public.webhook_rejects) as kept
    from public.webhook_daily_counts`;
  const { received, duplicates, rejected, kept } = counts!;
  if (received !== rows.length + duplicates + rejected) {
    problems.push(
      `received ${received} is not ${rows.length} stored + ${duplicates} duplicates + ${rejected} rejected`,
    );
  }
  if (rejected + kept > 0) problems.push(`${rejected} rejected, ${kept} bodies kept`);
  const acknowledged = delivered.reduce((sum, entry) => sum + entry.acknowledged, 0);
  if (received < acknowledged) problems.push(`received ${received}, acknowledged ${acknowledged}`);

  return {
    stored: rows.length,
    storedUnanswered: received - acknowledged,
    problems: truncate(problems),
  };
}

/** Twenty problems are enough for a report. */
export function truncate(problems: readonly string[]): readonly string[] {
  const left = problems.length - PROBLEMS_SHOWN_MAX;
  return left > 0 ? [...problems.slice(0, PROBLEMS_SHOWN_MAX), `… and ${left} more`] : problems;
}

function differences(
  { kind, type, time, user, device, triggerProperties }: GroundTruthEntry,
  row: Row,
): string[] {
  const isMessage = kind === "webhook";
  const wanted = {
    channel: isMessage ? "webhook" : "push",
    event_type: isMessage ? "send" : type.split(".").at(-1)!.toLowerCase(),
    external_user_id: user.externalId,
    device_id: isMessage ? null : device?.id ?? null,
    // Only a Send echoes the match, and a message carries no time.
    ...(isMessage || type.endsWith(".Send")
      ? {
        match_id: String(triggerProperties.match_id),
        generation: Number(triggerProperties.generation),
        confidence: "high",
      }
      : {}),
    ...(isMessage ? {} : { sent_at: new Date(time * 1_000) }),
  };
  return Object.entries(wanted).flatMap(([name, value]) => {
    const got = row[name as keyof Row];
    return String(got) === String(value) ? [] : [`${name} is ${got}, sent as ${value}`];
  });
}
