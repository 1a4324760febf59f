/** The control API under `/_local/…`: the clock, received alert notifications, and tokens for test operators. */
import { z } from "zod";
import type { AlertSink } from "./alert_sink.ts";
import { byHour } from "../clock/by_hour.ts";
import type { HourReport } from "./hour_report.ts";
import type { VirtualTimeline } from "../clock/virtual_timeline.ts";

const Move = z.union([
  z.strictObject({ advance_seconds: z.number().positive() }),
  z.strictObject({ to: z.iso.datetime({ offset: true }) }),
]);

/** What ran during an advance of the clock. */
export interface MoveReport {
  /** All work that was due: cron jobs, sends, deliveries, sleepers. */
  readonly ran: number;
  readonly cron_jobs: number;
  readonly net_requests: number;
}

export interface ControlApiOptions {
  readonly now: () => Date;
  readonly timeline: VirtualTimeline | undefined;
  readonly advanceTo: (to: Date) => Promise<MoveReport>;
  /** What stands at a full hour that a move has reached, or at its end; written into the answer. */
  readonly onHour: (now: Date) => Promise<HourReport>;
  readonly operatorToken: () => Promise<string>;
  readonly alerts: AlertSink;
}

export function createControlApi(
  options: ControlApiOptions,
): (request: Request) => Promise<Response> {
  const { now, timeline } = options;
  return async (request) => {
    const sunk = options.alerts.handle(request);
    if (sunk !== null) return await sunk;
    const { pathname } = new URL(request.url);
    switch (`${request.method} ${pathname}`) {
      case "GET /_local/clock":
        return Response.json({ now: now().toISOString(), virtual: timeline !== undefined });
      case "POST /_local/clock":
        return await move(request);
      case "GET /_local/operator-token":
        return Response.json({ token: await options.operatorToken() });
      default:
        return problem(
          404,
          `Cannot find ${request.method} ${pathname}: there is GET and POST /_local/clock and /_local/alerts, and GET /_local/operator-token`,
        );
    }
  };

  async function move(request: Request): Promise<Response> {
    if (timeline === undefined) {
      return problem(
        409,
        "Cannot move the clock: the stack must be started with --clock TIME, got one on the wall clock",
      );
    }
    const text = await request.text();
    const body = Move.safeParse(parseJson(text));
    if (!body.success) {
      return problem(
        400,
        `Cannot move the clock: body must be {"advance_seconds": n > 0} or {"to": "ISO 8601 time"}, got ${
          text.slice(0, 200) || "nothing"
        }`,
      );
    }
    const to = "to" in body.data
      ? new Date(body.data.to)
      : new Date(now().getTime() + body.data.advance_seconds * 1_000);
    if (Number.isNaN(to.getTime()) || to < now()) {
      return problem(
        400,
        `Cannot move the clock: target must be ${now().toISOString()} or later, got ${
          Number.isNaN(to.getTime()) ? "an invalid time" : to.toISOString()
        }`,
      );
    }
    return new Response(moving(to), { headers: { "content-type": "application/json" } });
  }

  /**
   * One JSON document, of which each hour is a line that is written when it has passed. Who stops reading stops the
   * clock at the next full hour.
   */
  function moving(to: Date): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    const hours = byHour(now(), to);
    const total = { ran: 0, cron_jobs: 0, net_requests: 0 };
    let written = 0;
    return new ReadableStream({
      start: (stream) => stream.enqueue(encoder.encode('{"hours": [')),
      async pull(stream) {
        const write = (text: string) => stream.enqueue(encoder.encode(text));
        const end = (value: unknown) => {
          write(`\n], ${JSON.stringify(value).slice(1)}\n`);
          stream.close();
        };
        try {
          const { value: hour, done } = hours.next();
          if (done) return end({ now: now().toISOString(), ...total });
          const { ran, cron_jobs, net_requests } = await options.advanceTo(hour);
          total.ran += ran;
          total.cron_jobs += cron_jobs;
          total.net_requests += net_requests;
          write(`${written++ === 0 ? "" : ","}\n${JSON.stringify(await options.onHour(hour))}`);
        } catch (error) {
          // The status is sent already.
          end({ message: error instanceof Error ? error.message : String(error) });
        }
      },
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problem(status: number, message: string): Response {
  return Response.json({ message }, { status });
}
