/** Daily statistics as Braze counts them: from what was really sent, regardless of event delivery. */
import type { GroundTruthEntry } from "./ground_truth.ts";

export interface SeriesRange {
  /** UTC dates, oldest first. */
  readonly days: readonly string[];
  /** Nothing later is counted yet. UNIX seconds. */
  readonly untilSeconds: number;
}

export type Channel = "ios_push" | "android_push" | "webhook";

interface Day {
  readonly users: Set<number>;
  readonly channels: Map<Channel, ChannelCounts>;
}

export interface ChannelCounts {
  sent: number;
  opens: number;
  bounces: number;
  readonly users: Set<number>;
}

/** How one channel's counts are written: the two endpoints differ. */
export type ChannelRow = (channel: Channel, counts: ChannelCounts) => Record<string, unknown>;

export function dailyRows(
  entries: readonly GroundTruthEntry[],
  { days, untilSeconds }: SeriesRange,
  row: ChannelRow,
): Record<string, unknown>[] {
  const byDay = new Map(days.map((day): [string, Day] => [day, emptyDay()]));
  for (const entry of entries) {
    if (entry.time > untilSeconds) continue;
    const day = byDay.get(dateOf(entry.time));
    if (day !== undefined) count(day, entry);
  }
  return [...byDay].map(([time, day]) => ({
    time,
    messages: Object.fromEntries(
      [...day.channels].map(([channel, counts]) => [channel, [row(channel, counts)]]),
    ),
    unique_recipients: day.users.size,
    conversions: 0,
    conversions_by_send_time: 0,
    revenue: 0,
  }));
}

function count(day: Day, entry: GroundTruthEntry): void {
  if (entry.type === "users.messages.pushnotification.Abort") return;
  const channel: Channel = entry.kind === "webhook"
    ? "webhook"
    : entry.device?.platform === "android"
    ? "android_push"
    : "ios_push";
  let counts = day.channels.get(channel);
  if (counts === undefined) {
    counts = { sent: 0, opens: 0, bounces: 0, users: new Set() };
    day.channels.set(channel, counts);
  }
  switch (entry.type) {
    case "users.messages.pushnotification.Bounce":
      counts.bounces++;
      return;
    case "users.messages.pushnotification.Open":
      counts.opens++;
      return;
    default:
      counts.sent++;
      counts.users.add(entry.user.index);
      day.users.add(entry.user.index);
  }
}

function emptyDay(): Day {
  return { users: new Set(), channels: new Map() };
}

function dateOf(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().slice(0, 10);
}
