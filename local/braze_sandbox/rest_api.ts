/** Braze's REST API: keys, bodies, status codes and headers around the model's answers. */
import type { Timeline } from "../clock/timeline.ts";
import { type Answer, type Call, refusal } from "./answer.ts";
import type { FaultRule } from "./fault_rule.ts";
import { answerCall, isEndpoint } from "./endpoints.ts";
import type { BrazeModel } from "./model.ts";
import { isRecord } from "./wire.ts";

const BODY_BYTES_MAX = 4 * 1_024 * 1_024;
const SLOW_MS = 1_000;
const TIMEOUT_MS = 120_000;
const MINUTE_MS = 60_000;

export interface RestApiOptions {
  readonly model: BrazeModel;
  readonly timeline: Timeline;
  readonly apiKey: string;
  /** Called after each call that may have changed what is due. */
  readonly changed: () => void;
}

export function createRestApi(options: RestApiOptions): (request: Request) => Promise<Response> {
  const { model, timeline, apiKey } = options;
  return async (request) => {
    const url = new URL(request.url);
    if (request.headers.get("authorization") !== `Bearer ${apiKey}`) {
      return respond(refusal(401, "Invalid API key"));
    }
    if (!isEndpoint(request.method, url.pathname)) {
      return respond(refusal(404, "Invalid URL"));
    }
    const fault = model.faults.pick(url.pathname);
    const call = await readCall(request, url);
    const act = () => {
      const answer = "status" in call ? call : answerCall(model, call, timeline.now());
      options.changed();
      return answer;
    };
    return fault === undefined ? respond(act()) : await injectFault(fault, request, timeline, act);
  };
}

async function injectFault(
  fault: FaultRule,
  request: Request,
  timeline: Timeline,
  act: () => Answer,
): Promise<Response> {
  const { kind, status, latencyMs } = fault;
  switch (kind) {
    case "status":
      return failure(status ?? 500);
    case "status_after_effect":
      return respond({ ...act(), status: status ?? 500 });
    case "latency":
      await timeline.waiting(request, latencyMs ?? SLOW_MS);
      return respond(act());
    case "timeout_before_effect":
      await timeline.waiting(request, latencyMs ?? TIMEOUT_MS);
      return failure(status ?? 504);
    case "timeout_after_effect":
      act();
      await timeline.waiting(request, latencyMs ?? TIMEOUT_MS);
      return failure(status ?? 504);
    case "malformed": {
      const answer = act();
      return page(status ?? answer.status);
    }
    case "429":
      return respond({ ...refusal(429, "Rate limit exceeded"), allowance: exhausted(timeline) });
    case "drop_connection":
      return truncated(act().status);
  }
}

type ReadCall = Call | Answer;

async function readCall(request: Request, url: URL): Promise<ReadCall> {
  const call = { method: request.method, path: url.pathname, query: url.searchParams };
  if (request.method === "GET") return { ...call, body: {} };
  const type = request.headers.get("content-type") ?? "";
  if (!type.toLowerCase().startsWith("application/json")) {
    return refusal(415, "The Content-Type must be application/json");
  }
  const bytes = await request.arrayBuffer();
  if (bytes.byteLength > BODY_BYTES_MAX) return refusal(413, "The request body is too large");
  const body = parseJson(new TextDecoder().decode(bytes));
  return isRecord(body) ? { ...call, body } : refusal(400, "Invalid JSON");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Every answer has the three rate-limit headers; without an allowance (401, a proxy) they are empty. */
function respond({ status, body, allowance }: Answer): Response {
  return Response.json(body, {
    status,
    headers: {
      "x-ratelimit-limit": `${allowance?.limit ?? ""}`,
      "x-ratelimit-remaining": `${allowance?.remaining ?? ""}`,
      "x-ratelimit-reset": `${allowance === undefined ? "" : allowance.resetAt.getTime() / 1_000}`,
    },
  });
}

/** 502 and 504 come from the proxy in front of Braze, which answers with HTML. */
function failure(status: number): Response {
  return status === 502 || status === 504
    ? page(status)
    : respond(refusal(status, "Something went wrong"));
}

function page(status: number): Response {
  return new Response("<html><body><h1>Sorry</h1></body></html>", {
    status,
    headers: { "content-type": "text/html" },
  });
}

/** A handler cannot close a connection before the headers, so the body ends in an error. */
function truncated(status: number): Response {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"mess'));
    },
    pull(controller) {
      // Text instead of an Error: Deno.serve prints it, and a stack trace would look like a defect.
      controller.error("The sandbox drops this connection because of a fault rule");
    },
  });
  return new Response(body, { status, headers: { "content-type": "application/json" } });
}

function exhausted(timeline: Timeline) {
  const nextMinute = (Math.floor(timeline.now().getTime() / MINUTE_MS) + 1) * MINUTE_MS;
  return { allowed: false, limit: 250, remaining: 0, resetAt: new Date(nextMinute) };
}
