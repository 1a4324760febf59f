/**
 * Receives Braze's delivery events.
 *
 * Guarantees: 200 means that every event of the request is stored, as an event or as a reject. A fault of our own is
 * answered with 503, so that Braze retries; Currents drops a batch that gets 400, 401 or 403.
 */
import { addMilliseconds } from "date-fns";
import { bodyReader } from "../_shared/http/body.ts";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import type { ErrorCode } from "../_shared/http/errors.ts";
import { type ReadBody, readBody } from "../_shared/events/read_body.ts";
import { EVENTS_A_BODY_MAX } from "../_shared/events/split_body.ts";
import { rejudge, REJUDGE_MS_MAX } from "../_shared/function/rejudge.ts";
import { json, problem } from "../_shared/http/responses.ts";
import { isUnavailable } from "../_shared/store/rpc.ts";
import { createIngest, type Tally } from "./ingest.ts";
import { createSparingLog } from "./sparing_log.ts";
import {
  createReplay,
  type ReadReplayRequest,
  readReplayRequest,
  type ReplayTally,
} from "./replay.ts";

/** 100 Currents events are about 100 KB; manually posted exports may be larger. */
const BODY_BYTES_MAX = 8_388_608;
/** Answered with 413: Currents then splits the batch. */
const TOO_MANY = `Cannot read body: it must hold at most ${EVENTS_A_BODY_MAX} events, got more`;
/** Braze does not retry a webhook after a 4xx, so such a body is stored as a reject. */
const UNREADABLE = {
  not_gzip: "Body must be complete gzip, as its first bytes say",
  unsupported_encoding: "Body must be uncompressed or gzip",
} as const;

export function createHandler(dependencies: Dependencies): (request: Request) => Promise<Response> {
  const { functionName, clock, identifyCaller, newId } = dependencies;
  const ingest = createIngest(dependencies);
  const replay = createReplay(dependencies, ingest);
  const logSparingly = createSparingLog(clock);

  return async function handle(request) {
    if (request.method !== "POST") return problem("method_not_allowed");
    const readBytes = bodyReader(request);
    const identified = await identifyCaller(request, readBytes, functionName);
    if (!identified.ok) return problem(identified.code);
    const body = await readBytes(BODY_BYTES_MAX);
    if (!body.ok && !("bytes" in body)) return problem(body.code);

    const runId = newId();
    // Only the secret key may request a replay; from Braze the same body is an ordinary message.
    if (identified.caller.kind === "secret_key" && body.ok) {
      const replayRequest = readReplayRequest(body.bytes);
      if (replayRequest.isReplay) return await replayRejects(replayRequest, runId);
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
    request: Extract<ReadReplayRequest, { isReplay: true }>,
    runId: string,
  ): Promise<Response> {
    if (!request.ok) return problem("invalid_body", request.message);
    const log = dependencies.log.forRun(runId);
    try {
      const tally = await replay(request.replay, runId);
      log.info("rejects_replayed", tally);
      if (tally.recorded > 0) dependencies.waitUntil(judgeAgain(runId));
      return json({ run_id: runId, ...tally } satisfies ReplayTally & { run_id: string });
    } catch (error) {
      log.error("rejects_not_replayed", { error });
      return problem(unavailableOr(error, "internal"), undefined, runId);
    }
  }

  /** After the response: a late echo may explain tens of thousands of events. Reconciliation continues what is left. */
  async function judgeAgain(runId: string): Promise<void> {
    const deadline = addMilliseconds(clock.now(), REJUDGE_MS_MAX);
    try {
      await rejudge(dependencies, runId, () => clock.now() < deadline);
    } catch (error) {
      dependencies.log.forRun(runId).warn("events_not_judged_again", { error });
    }
  }

  async function store(
    read: ReadBody,
    contentType: string | null,
    runId: string,
  ): Promise<Response> {
    const log = dependencies.log.forRun(runId);
    try {
      const { registered, ...tally } = await ingest(read, contentType, runId);
      logSparingly("webhook_ingested", { ...tally }, (sums) => log.info("webhook_ingested", sums));
      if (registered > 0) dependencies.waitUntil(judgeAgain(runId));
      return json({ run_id: runId, ...tally } satisfies Tally & { run_id: string });
    } catch (error) {
      logSparingly(
        "webhook_not_stored",
        { events: read.events.length },
        (sums) => log.error("webhook_not_stored", { ...sums, error }),
      );
      return problem(unavailableOr(error, "not_stored"), undefined, runId);
    }
  }
}

function unavailableOr(error: unknown, otherwise: ErrorCode): ErrorCode {
  return isUnavailable(error) ? "database_unavailable" : otherwise;
}
