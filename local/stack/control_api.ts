/** The control API under `/_local/…`: the clock, received alert notifications, and tokens for test operators. */
import { z } from "zod";
import type { AlertSink } from "./alert_sink.ts";
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
    const report = await options.advanceTo(to);
    return Response.json({ now: now().toISOString(), ...report });
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
