/**
 * A match is sent to all of its fans, and parts of the project are killed while Braze delivers the events.
 *
 * Braze runs on a virtual clock, since its retries are minutes apart; the project's parts are real. The clock advances
 * minute by minute and waits for each killed part: an outage lasts one virtual minute.
 */
import { addHours, addMinutes, startOfMinute } from "date-fns";
import { createSandbox, type Sandbox } from "../../local/braze_sandbox/sandbox.ts";
import type { SwitchesPatch } from "../../local/braze_sandbox/switches.ts";
import { isWaiting } from "../../local/braze_sandbox/ground_truth.ts";
import { createKeys } from "../../local/stack/keys.ts";
import { VirtualTimeline } from "../../local/clock/virtual_timeline.ts";
import { type Audit, audit, missingAcknowledged, truncate } from "./audit.ts";
import { createDeliveryWorker, type DeliveryWorker } from "./delivery_worker.ts";
import { type Part, type Servers, startServers } from "./servers.ts";

const TEAMS = [{ value: "Arsenal", weight: 1 }, { value: "Chelsea", weight: 1 }] as const;
const MATCH_ID = 1001;
const DELIVERIES_AT_ONCE = 32;
/** All of Braze's retries have ended by then. */
const MINUTES_MAX = 120;
const WATCH_MS = 50;

export interface Kill {
  /** When this share of the events has been acknowledged. */
  readonly at: number;
  readonly parts: readonly Part[];
}

export interface BurstOptions {
  readonly users: number;
  readonly switches: SwitchesPatch;
  readonly kills: readonly Kill[];
  /** The time limit; after it the burst fails with its state. */
  readonly secondsMax: number;
}

export interface Burst extends Audit {
  /** The events that Braze sent and did not lose. */
  readonly sent: number;
  readonly requests: Readonly<Record<string, number>>;
  readonly kills: number;
  readonly minutes: number;
}

export async function runBurst(options: BurstOptions): Promise<Burst> {
  const keys = await createKeys();
  let sandbox: Sandbox | undefined;
  const braze = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request, caller) => sandbox!.handle(request, caller),
  );
  try {
    const servers = await startServers({ keys, brazeUrl: `http://127.0.0.1:${braze.addr.port}` });
    const start = startOfMinute(new Date());
    const timeline = new VirtualTimeline(start);
    const deliveryWorker = createDeliveryWorker(timeline);
    try {
      sandbox = createSandbox({
        timeline: deliveryWorker,
        seed: 1,
        apiKey: keys.brazeApiKey,
        campaignId: keys.campaignId,
        users: { count: options.users, seed: 1, teams: TEAMS },
        switches: options.switches,
        deliverTo: {
          url: `${servers.functionsUrl}/braze-webhook`,
          headers: {
            currents: { authorization: `Bearer ${keys.webhookSecret}` },
            webhook: { "x-webhook-secret": keys.webhookSecret },
          },
        },
        deliveriesAtOnce: DELIVERIES_AT_ONCE,
      });
      await schedule(servers, addHours(start, 2));
      await becomeDue(servers, start);
      await timeline.advanceTo(addMinutes(start, 59));
      return await within(
        options.secondsMax,
        runMinutes(options, { sandbox, deliveryWorker, timeline, servers }),
      );
    } finally {
      sandbox?.stop();
      timeline.close();
      await servers.close();
    }
  } finally {
    await braze.shutdown();
  }
}

async function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`Cannot finish within ${seconds} s`)),
    seconds * 1_000,
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

interface World {
  readonly sandbox: Sandbox;
  readonly deliveryWorker: DeliveryWorker;
  readonly timeline: VirtualTimeline;
  readonly servers: Servers;
}

async function runMinutes({ kills }: BurstOptions, world: World): Promise<Burst> {
  const { sandbox, deliveryWorker, timeline, servers } = world;
  const { groundTruth } = sandbox.model;
  const pending = [...kills];
  const broken: string[] = [];
  let minutes = 0;
  while (
    minutes === 0 || groundTruth.entries.some(isWaiting) || sandbox.model.nextDueAt() !== undefined
  ) {
    if (++minutes > MINUTES_MAX) break;
    let isOver = false;
    const minute = timeline.advanceTo(addMinutes(timeline.now(), 1)).finally(() => isOver = true);
    // The await below rethrows a failure; until then it must not end the process.
    minute.catch(() => {});
    while (!isOver) {
      const next = pending[0];
      if (next !== undefined && acknowledgedShare(world) >= next.at) {
        pending.shift();
        await servers.kill(next.parts);
        // Events acknowledged before the crash must be stored now, and not only after a retry.
        const promised = groundTruth.entries.filter(({ acknowledged }) => acknowledged > 0);
        const missing = await servers.query((sql) => missingAcknowledged(promised, sql));
        broken.push(
          ...missing.map((key) =>
            `${key}: acknowledged, and missing after ${next.parts.join(" and ")} were killed`
          ),
        );
      } else {
        await Promise.race([minute, new Promise((resolve) => setTimeout(resolve, WATCH_MS))]);
      }
    }
    await minute;
  }
  const found = await servers.query((sql) => audit(groundTruth.entries, sql));
  return {
    ...found,
    problems: [...truncate(broken), ...found.problems],
    sent: groundTruth.entries.filter(({ lost }) => !lost).length,
    requests: Object.fromEntries(deliveryWorker.tally),
    kills: kills.length - pending.length,
    minutes,
  };
}

function acknowledgedShare({ sandbox: { model: { groundTruth } } }: World): number {
  const delivered = groundTruth.entries.filter(({ lost }) => !lost);
  return delivered.length === 0
    ? 0
    : delivered.filter(({ acknowledged }) => acknowledged > 0).length / delivered.length;
}

/** Braze's clock moves ahead to the send and the receiver's does not: an event cannot predate its send. */
async function becomeDue({ query }: Servers, now: Date): Promise<void> {
  await query(async (sql) => {
    await sql`update public.braze_schedules set send_at_utc = ${now}, updated_at = ${now}`;
  });
}

/** Inserts the match as the fixture sync does, and calls the scheduler as pg_cron does. */
async function schedule({ query, functionsUrl, keys }: Servers, kickoffAt: Date): Promise<void> {
  await query(async (sql) => {
    await sql`insert into public.teams ${
      sql(TEAMS.map(({ value }) => ({ name: value, braze_attribute_value: value })))
    }`;
    await sql`
      insert into public.matches (id, competition, home_team, away_team, kickoff_at)
      values (${MATCH_ID}, 'Premier League', 'Arsenal', 'Chelsea', ${kickoffAt})`;
  });
  const response = await fetch(`${functionsUrl}/braze-scheduler`, {
    method: "POST",
    headers: { apikey: keys.secretKey, "content-type": "application/json" },
    body: "{}",
  });
  const answer = await response.json();
  if (answer.outcome !== "succeeded") {
    throw new Error(
      `Cannot schedule the match: the run must succeed, got ${JSON.stringify(answer)}`,
    );
  }
}
