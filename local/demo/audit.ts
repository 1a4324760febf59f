/**
 * Compares the ledger with what Braze really sent.
 *
 * Reads only the sandbox's ground truth and the rows of the database; it calls no code of the suite.
 */
import type { GroundTruthEntry } from "../braze_sandbox/ground_truth.ts";
import type { Sql } from "../stack/sql.ts";

export interface RecordedEvent {
  readonly eventId: string;
  readonly matchId: number | null;
  readonly confidence: "high" | "medium" | "low" | "none";
}

export interface MatchLine {
  readonly matchId: number;
  readonly title: string;
  readonly sendAt: Date;
  readonly status: string;
  /** Push Sends in the ground truth: one per device. */
  readonly pushes: number;
  /** Users who were sent a push, in the ground truth. */
  readonly users: number;
  /** Users with a recorded Send that is attributed to this match. */
  readonly usersRecorded: number;
  readonly expected: number | null;
  readonly expectedMin: number | null;
  readonly expectedMax: number | null;
  readonly split: Readonly<Record<RecordedEvent["confidence"], number>>;
}

export interface Audit {
  readonly matches: readonly MatchLine[];
  readonly eventsTrue: number;
  readonly eventsRecorded: number;
  readonly attributed: Readonly<Record<RecordedEvent["confidence"], number>>;
  /** With high or medium confidence; low is marked as a guess. */
  readonly wrongAttributions: number;
  readonly lostEvents: number;
  /** Recorded, but never sent by Braze. */
  readonly inventedEvents: number;
  readonly pushesWithoutSchedule: number;
}

interface LedgerLine {
  readonly match_id: number;
  readonly home_team: string;
  readonly away_team: string;
  readonly send_at: Date;
  readonly status: string;
  readonly expected: number | null;
  readonly expected_min: number | null;
  readonly expected_max: number | null;
  readonly users_recorded: number;
}

export async function audit(sql: Sql, groundTruth: readonly GroundTruthEntry[]): Promise<Audit> {
  const recorded = await sql<RecordedEvent[]>`
    select event_id as "eventId", match_id::int as "matchId", confidence
    from public.notification_sends`;
  const ledger = await sql<LedgerLine[]>`
    select
      match.id::int as match_id, match.home_team, match.away_team,
      coalesce(ledger.send_at_utc, match.kickoff_at - interval '60 minutes') as send_at,
      coalesce(ledger.status::text, 'no schedule') as status,
      ledger.expected_send_count as expected,
      ledger.expected_send_count_min as expected_min,
      ledger.expected_send_count_max as expected_max,
      (
        select count(distinct event.external_user_id)::int
        from public.notification_sends as event
        where event.ledger_id = ledger.id and event.channel = 'push' and event.event_type = 'send'
          and event.confidence in ('high', 'medium')
      ) as users_recorded
    from public.matches as match
    left join public.schedule_ledger as ledger on ledger.match_id = match.id and ledger.replaced_at is null
    order by send_at, match.id`;
  const scheduleIds = new Set(
    (await sql<{ id: string }[]>`
      select braze_schedule_id as id from public.braze_schedules where braze_schedule_id is not null`)
      .map(({ id }) => id),
  );

  const delivered = groundTruth.filter((entry) => !entry.lost);
  const trueById = new Map(delivered.map((entry) => [entry.id, entry]));
  const recordedById = new Map(recorded.map((event) => [event.eventId, event]));
  const wrong = recorded.filter((event) => isWrong(event, trueById.get(event.eventId)));

  return {
    matches: ledger.map((line) => matchLine(line, groundTruth, recordedById)),
    eventsTrue: delivered.length,
    eventsRecorded: recorded.length,
    attributed: split(recorded),
    wrongAttributions: wrong.length,
    lostEvents: delivered.filter((entry) => !recordedById.has(entry.id)).length,
    inventedEvents: recorded.filter((event) => !trueById.has(event.eventId)).length,
    pushesWithoutSchedule:
      groundTruth.filter((entry) => isPush(entry) && !scheduleIds.has(entry.schedule.id)).length,
  };
}

function matchLine(
  line: LedgerLine,
  groundTruth: readonly GroundTruthEntry[],
  recorded: ReadonlyMap<string, RecordedEvent>,
): MatchLine {
  const ofMatch = groundTruth.filter((entry) => trueMatch(entry) === line.match_id);
  const pushes = ofMatch.filter(isPush);
  return {
    matchId: line.match_id,
    title: `${line.home_team}–${line.away_team}`,
    sendAt: line.send_at,
    status: line.status,
    pushes: pushes.length,
    users: new Set(pushes.map((entry) => entry.user.index)).size,
    usersRecorded: line.users_recorded,
    expected: line.expected,
    expectedMin: line.expected_min,
    expectedMax: line.expected_max,
    split: split(ofMatch.flatMap((entry) => recorded.get(entry.id) ?? [])),
  };
}

function split(events: readonly RecordedEvent[]): Record<RecordedEvent["confidence"], number> {
  const counts = { high: 0, medium: 0, low: 0, none: 0 };
  for (const { confidence } of events) counts[confidence]++;
  return counts;
}

function isWrong(event: RecordedEvent, entry: GroundTruthEntry | undefined): boolean {
  if (event.confidence !== "high" && event.confidence !== "medium") return false;
  return entry === undefined || trueMatch(entry) !== event.matchId;
}

function isPush(entry: GroundTruthEntry): boolean {
  return entry.type === "users.messages.pushnotification.Send";
}

function trueMatch(entry: GroundTruthEntry): number | null {
  const matchId = entry.triggerProperties.match_id;
  return matchId === undefined || matchId === null ? null : Number(matchId);
}
