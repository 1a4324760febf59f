/** The admin API under `/_sandbox/…`: controls the sandbox for tests. It needs no key and answers this machine only. */
import { z } from "zod";
import type { Timeline } from "../clock/timeline.ts";
import { parseTime } from "./answer.ts";
import { parseAudience } from "./audience.ts";
import type { BrazeModel } from "./model.ts";
import type { Schedule } from "./schedules.ts";
import { type GroundTruthEntry, groundTruthLine, summaryLine } from "./ground_truth.ts";

const GROUND_TRUTH_LINES_PER_CHUNK = 500;

const CancelBody = z.union([
  z.strictObject({ schedule_id: z.string() }),
  z.strictObject({ match_id: z.union([z.string(), z.number()]) }),
]);

const CreateBody = z.strictObject({
  send_at: z.string(),
  /** All users, if absent. */
  audience: z.unknown().optional(),
  trigger_properties: z.record(z.string(), z.unknown()).optional(),
  send_id: z.string().optional(),
});

const CampaignBody = z.strictObject({
  state: z.enum(["enabled", "stopped", "archived", "draft"]),
});

export interface AdminApiOptions {
  readonly model: BrazeModel;
  readonly timeline: Timeline;
  readonly changed: () => void;
}

export function createAdminApi(
  options: AdminApiOptions,
): (request: Request) => Promise<Response> {
  const { model, timeline, changed } = options;
  return async (request) => {
    const url = new URL(request.url);
    const route = ROUTES[`${request.method} ${url.pathname}`];
    if (route === undefined) return problem(404, `Cannot find ${request.method} ${url.pathname}`);
    const body = request.method === "GET" ? undefined : parseJson(await request.text());
    const response = route({ model, body, query: url.searchParams, now: timeline.now() });
    changed();
    return response;
  };
}

interface AdminCall {
  readonly model: BrazeModel;
  readonly body: unknown;
  readonly query: URLSearchParams;
  readonly now: Date;
}

const ROUTES: Readonly<Record<string, (call: AdminCall) => Response>> = {
  "GET /_sandbox/switches": ({ model }) => Response.json(model.switchboard.toWire()),
  "PATCH /_sandbox/switches": setSwitches,
  "POST /_sandbox/dashboard/cancel": cancelInDashboard,
  "POST /_sandbox/dashboard/create": createInDashboard,
  "POST /_sandbox/campaign": setCampaign,
  "GET /_sandbox/schedules": ({ model }) =>
    Response.json({ schedules: model.schedules.all.map((schedule) => scheduleLine(schedule)) }),
  "GET /_sandbox/ground-truth": readGroundTruth,
  "GET /_sandbox/ground-truth/summary": ({ model }) =>
    Response.json({
      schedules: model.schedules.all.map((schedule) => summaryLine(schedule, model.groundTruth)),
    }),
};

function setSwitches({ model, body }: AdminCall): Response {
  const result = model.switchboard.setFromWire(body);
  return result.ok
    ? Response.json(model.switchboard.toWire())
    : problem(400, `Cannot set switches: ${result.issues.join("; ")}`);
}

function cancelInDashboard({ model, body, now }: AdminCall): Response {
  const wanted = CancelBody.safeParse(body);
  if (!wanted.success) {
    return problem(400, "Cannot cancel: body must name either schedule_id or match_id");
  }
  const { data } = wanted;
  const isSelected = (schedule: Schedule) =>
    "schedule_id" in data
      ? schedule.id === data.schedule_id
      : String(schedule.triggerProperties["match_id"]) === String(data.match_id);
  const cancelled = model.schedules.all.filter((schedule) =>
    schedule.state === "scheduled" && isSelected(schedule)
  );
  if (cancelled.length === 0) return problem(404, "Cannot cancel: no such schedule is waiting");
  for (const schedule of cancelled) model.schedules.end(schedule, "cancelled", now);
  return Response.json({ cancelled: cancelled.map(({ id }) => id) });
}

function createInDashboard({ model, body, now }: AdminCall): Response {
  const order = CreateBody.safeParse(body);
  if (!order.success) {
    return problem(400, `Cannot create: ${z.prettifyError(order.error)}`);
  }
  const sendAt = parseTime(order.data.send_at);
  if (sendAt === undefined) {
    return problem(400, "Cannot create: send_at must be an ISO 8601 datetime");
  }
  const audience = order.data.audience === undefined
    ? { ok: true as const, matches: () => true }
    : parseAudience(order.data.audience);
  if (!audience.ok) return problem(400, `Cannot create: ${audience.reason}`);
  const schedule = model.schedules.create({
    origin: "dashboard",
    target: { kind: "audience", matches: audience.matches },
    triggerProperties: order.data.trigger_properties ?? {},
    sendId: order.data.send_id ?? null,
    sendAt,
  }, now);
  return Response.json(scheduleLine(schedule), { status: 201 });
}

function setCampaign({ model, body, now }: AdminCall): Response {
  const wanted = CampaignBody.safeParse(body);
  if (!wanted.success) {
    return problem(
      400,
      "Cannot set campaign: state must be enabled, stopped, archived or draft",
    );
  }
  model.setCampaignState(wanted.data.state, now);
  return Response.json({ state: model.campaign.state });
}

/** Streams the entries, since a hundred thousand of them do not fit into one string. */
function readGroundTruth({ model, query }: AdminCall): Response {
  const scheduleId = query.get("schedule_id");
  const matchId = query.get("match_id");
  const from = Number(query.get("offset") ?? 0);
  const count = Number(query.get("limit") ?? Infinity);
  if (!(from >= 0 && count >= 0)) {
    return problem(400, "Cannot read the ground truth: offset and limit must be numbers from 0");
  }
  const all = scheduleId === null ? model.groundTruth.entries : model.groundTruth.of(scheduleId);
  const entries =
    (matchId === null
      ? all
      : all.filter((entry) => String(entry.triggerProperties["match_id"]) === matchId))
      .slice(from, from + count);
  return new Response(
    ReadableStream.from(groundTruthText(entries)).pipeThrough(new TextEncoderStream()),
    {
      headers: { "content-type": "application/json" },
    },
  );
}

function* groundTruthText(entries: readonly GroundTruthEntry[]): Iterable<string> {
  yield '{"entries":[';
  for (let from = 0; from < entries.length; from += GROUND_TRUTH_LINES_PER_CHUNK) {
    const lines = entries.slice(from, from + GROUND_TRUTH_LINES_PER_CHUNK)
      .map((entry) => JSON.stringify(groundTruthLine(entry)));
    yield `${from === 0 ? "" : ","}${lines.join(",")}`;
  }
  yield "]}";
}

function scheduleLine(schedule: Schedule): Record<string, unknown> {
  return {
    schedule_id: schedule.id,
    origin: schedule.origin,
    state: schedule.state,
    send_at: schedule.sendAt.toISOString(),
    created_at: schedule.createdAt.toISOString(),
    ended_at: schedule.endedAt?.toISOString() ?? null,
    dispatch_id: schedule.dispatchId,
    send_id: schedule.sendId,
    trigger_properties: schedule.triggerProperties,
  };
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
