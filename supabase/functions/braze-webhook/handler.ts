/**
 * Receives what Braze tells of its sends.
 *
 * The promise: 200 means that every event of the request is durable, or kept as a reject. Whatever is our own
 * fault is answered 503, so that Braze sends it again; Currents throws away what gets 400, 401 or 403.
 */
import { bodyReader } from "../_shared/http/body.ts";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import type { ErrorCode } from "../_shared/http/errors.ts";
import { type ReadBody, readBody } from "../_shared/events/read_body.ts";
import { EVENTS_A_BODY_MAX } from "../_shared/events/split_body.ts";
import { json, problem } from "../_shared/http/responses.ts";
import { isUnavailable } from "../_shared/store/rpc.ts";
import { createIngest, type Tally } from "./ingest.ts";
import { createReplay, type ReadOrder, readReplayOrder, type ReplayTally } from "./replay.ts";

/** 100 events of Currents are some 100 KB; exports that are posted by hand may be larger. */
const BODY_BYTES_MAX = 8_388_608;
/** Currents divides what was too large for us. */
const TOO_MANY = `Cannot take the body: it must hold at most ${EVENTS_A_BODY_MAX} events, got more`;
/** Braze's webhooks are not sent again after any 4xx, so that even this is kept. */
const UNREADABLE = {
  not_gzip: "Body must be the gzip that its header announces",
  unsupported_encoding: "Body must come plain or as gzip",
} as const;

export function createHandler(dependencies: Dependencies): (request: Request) => Promise<Response> {
  const { functionName, clock, identifyCaller, newId } = dependencies;
  const ingest = createIngest(dependencies);
  const replay = createReplay(dependencies);

  return async function handle(request) {
    if (request.method !== "POST") return problem("method_not_allowed");
    const readBytes = bodyReader(request);
    const identified = await identifyCaller(request, readBytes, functionName);
    if (!identified.ok) return problem(identified.code);
    const body = await readBytes(BODY_BYTES_MAX);
    if (!body.ok && !("bytes" in body)) return problem(body.code);

    const runId = newId();
    // From Braze the same words are a message like any other.
    if (identified.caller.kind === "secret_key" && body.ok) {
      const order = readReplayOrder(body.bytes);
      if (order.asked) return await replayRejects(order, runId);
    }
    const receivedAt = clock.now();
    const read = body.ok ? readBody(body.bytes, receivedAt) : {
      events: [],
      rejects: [{ body: body.bytes, reason: UNREADABLE[body.code] }],
    };
    if (read === "too_many_events") return problem("body_too_large", TOO_MANY);
    return await store(read, request.headers.get("content-type"), runId);
  };

  async function replayRejects(
    order: Extract<ReadOrder, { asked: true }>,
    runId: string,
  ): Promise<Response> {
    if (!order.ok) return problem("invalid_body", order.message);
    const log = dependencies.log.forRun(runId);
    try {
      const tally = await replay(order.order, runId);
      log.info("rejects_replayed", tally);
      return json({ run_id: runId, ...tally } satisfies ReplayTally & { run_id: string });
    } catch (error) {
      log.error("rejects_not_replayed", { error });
      return problem(unavailableOr(error, "internal"), undefined, runId);
    }
  }

  async function store(
    read: ReadBody,
    contentType: string | null,
    runId: string,
  ): Promise<Response> {
    const log = dependencies.log.forRun(runId);
    try {
      const tally = await ingest(read, contentType, runId);
      log.info("webhook_ingested", tally);
      return json({ run_id: runId, ...tally } satisfies Tally & { run_id: string });
    } catch (error) {
      log.error("webhook_not_stored", { events: read.events.length, error });
      return problem(unavailableOr(error, "not_stored"), undefined, runId);
    }
  }
}

function unavailableOr(error: unknown, otherwise: ErrorCode): ErrorCode {
  return isUnavailable(error) ? "database_unavailable" : otherwise;
}
