/**
 * The worker for the stub of pg_net: takes requests from the queue, sends them unchanged, and records the answers.
 *
 * It sends at most once: a request leaves the queue before it is sent.
 */
import type { CallFate } from "./cron_worker.ts";
import { connectSql, type Sql } from "./sql.ts";
import type { StackTimeline } from "../clock/timeline.ts";

const BATCH = 200;
const RESPONSES_KEPT_MS = 6 * 3_600_000;

interface QueuedRequest {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string> | null;
  readonly body: Uint8Array | null;
  readonly timeout_milliseconds: number;
}

interface Outcome {
  readonly status: number | null;
  readonly contentType: string | null;
  readonly headers: Record<string, string> | null;
  readonly content: string | null;
  readonly timedOut: boolean;
  readonly error: string | null;
}

export interface NetWorker {
  /** Requests sent so far. */
  readonly sent: number;
  close(): Promise<void>;
}

export async function startNetWorker(
  databaseUrl: string,
  timeline: StackTimeline,
  onProblem: (message: string) => void,
  fateOf: (url: string) => CallFate = () => "on_time",
): Promise<NetWorker> {
  const sql = connectSql(databaseUrl, { max: 3, applicationName: "local pg_net worker" });
  const inProgress = new Set<Promise<unknown>>();
  let sent = 0;
  let isClosed = false;
  let draining: Promise<boolean> | undefined;

  async function drain(): Promise<boolean> {
    let found = false;
    while (!isClosed) {
      const batch = await timeline.hold(() => take(sql));
      if (batch.length === 0) return found;
      found = true;
      for (const request of batch) {
        sent++;
        const fate = fateOf(request.url);
        if (fate === "missed") continue;
        if (typeof fate === "object") {
          const late = new Date(timeline.now().getTime() + fate.lateMs);
          timeline.at(late, () => track(deliver(request)));
          continue;
        }
        track(deliver(request));
        if (fate === "doubled") track(send(request, timeline));
      }
    }
    return found;
  }

  function track(work: Promise<unknown>): void {
    inProgress.add(work);
    work.finally(() => inProgress.delete(work));
  }

  async function deliver(request: QueuedRequest): Promise<void> {
    const outcome = await send(request, timeline);
    await timeline.hold(() => record(sql, request.id, outcome, timeline.now()))
      .catch((error) => onProblem(`Cannot record the answer to ${request.url}: ${error}`));
  }

  // A call during a drain drains once more, since the drain may have missed the new request.
  timeline.whenQuiet(async () => {
    if (draining !== undefined) await draining;
    draining ??= drain().catch((error) => {
      onProblem(`Cannot empty pg_net's queue: ${error}`);
      return false;
    }).finally(() => draining = undefined);
    return await draining;
  });
  const nudge = () => timeline.nudge();
  // The third argument runs at every (re)connection, and finds requests from the time without one.
  await sql.listen("local_net_requests", nudge, nudge);

  return {
    get sent() {
      return sent;
    },
    async close() {
      isClosed = true;
      await draining;
      await Promise.all(inProgress);
      await sql.end({ timeout: 5 });
    },
  };
}

async function take(sql: Sql): Promise<QueuedRequest[]> {
  const rows = await sql<QueuedRequest[]>`
    delete from net.http_request_queue
    where id in (
      select id from net.http_request_queue order by id limit ${BATCH} for update skip locked
    )
    returning id, method, url, headers, body, timeout_milliseconds`;
  return [...rows].sort((a, b) => Number(a.id) - Number(b.id));
}

async function send(request: QueuedRequest, timeline: StackTimeline): Promise<Outcome> {
  const timeout = new AbortController();
  const answered = new AbortController();
  const limitMs = request.timeout_milliseconds;
  timeline.sleep(limitMs, answered.signal).then(() => timeout.abort(), () => {});
  try {
    const response = await timeline.fetch(request.url, {
      method: request.method,
      headers: { "user-agent": "pg_net/0.20-local", ...request.headers },
      ...(request.body === null ? {} : { body: new Uint8Array(request.body) }),
      signal: timeout.signal,
    });
    return {
      status: response.status,
      contentType: response.headers.get("content-type"),
      headers: Object.fromEntries(response.headers),
      content: await response.text(),
      timedOut: false,
      error: null,
    };
  } catch (error) {
    const timedOut = timeout.signal.aborted;
    const reason = error instanceof Error ? error.message : String(error);
    return {
      status: null,
      contentType: null,
      headers: null,
      content: null,
      timedOut,
      error: timedOut ? `Timeout of ${limitMs} ms reached` : reason,
    };
  } finally {
    answered.abort();
  }
}

async function record(sql: Sql, id: string, outcome: Outcome, now: Date): Promise<void> {
  await sql`
    with expired as (
      delete from net._http_response
      where created < ${new Date(now.getTime() - RESPONSES_KEPT_MS)}
    )
    insert into net._http_response
      (id, status_code, content_type, headers, content, timed_out, error_msg, created)
    values (
      ${id}, ${outcome.status}, ${outcome.contentType}, ${
    outcome.headers === null ? null : sql.json(outcome.headers)
  },
      ${outcome.content}, ${outcome.timedOut}, ${outcome.error}, ${now}
    )`;
}
