/**
 * Replays stored rejects after the cause of the rejection is fixed.
 *
 * A reject takes the same path as a new body and stays a reject until all its events are stored. An interrupted replay
 * can be repeated and stores nothing twice: event ids are stable, and a message without a time gets its first receipt
 * time.
 */
import { addMilliseconds, isBefore } from "date-fns";
import { z } from "zod";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import type { BrazeEvent, ReceivedEvent } from "../_shared/events/event.ts";
import { readBody } from "../_shared/events/read_body.ts";
import { isRecord, readJson } from "../_shared/text/exact_json.ts";
import { truncate } from "../_shared/text/truncate.ts";
import type { KeptReject, LoadedRejects } from "../_shared/store/rejects.ts";
import type { Ingest, Tally } from "./ingest.ts";

const LIMIT_MAX = 10_000;
const PAGE_REJECTS_MAX = 500;
const REQUEST_BYTES_MAX = 65_536;
const REQUEST_PREFIX = /^\s*\{\s*"replay_rejects"/;
/** Limits the page by size too, because one body may be as large as a request. */
const PAGE_BYTES_MAX = 4_194_304;

const ReplayRequest = z.strictObject({
  replay_rejects: z.strictObject({
    /** SQL LIKE pattern that selects rejects by reason. */
    reason_like: z.string().min(1).max(1_000)
      .refine(isWholePattern, "must not end in a lone backslash").optional(),
    limit: z.int().min(1).max(LIMIT_MAX).default(1_000),
    /** `next` of the previous call. */
    after: z.string().regex(/^[0-9a-f]{64}$/, "must be `next` of an earlier call")
      .optional(),
  }),
});
/** A backslash escapes the next character; Postgres refuses a pattern that ends in one. */
function isWholePattern(pattern: string): boolean {
  return /^(?:[^\\]|\\.)*$/su.test(pattern);
}

type ReplayRequest = z.infer<typeof ReplayRequest>["replay_rejects"];

export type ReadReplayRequest =
  | { readonly isReplay: false }
  | { readonly isReplay: true; readonly ok: true; readonly replay: ReplayRequest }
  | { readonly isReplay: true; readonly ok: false; readonly message: string };

/** Whether a body requests a replay. Call it only for a caller that may request one. */
export function readReplayRequest(body: Uint8Array): ReadReplayRequest {
  const text = new TextDecoder().decode(body.subarray(0, REQUEST_BYTES_MAX));
  const refused = (why: string): ReadReplayRequest =>
    REQUEST_PREFIX.test(text)
      ? { isReplay: true, ok: false, message: `Cannot replay rejects: ${why}` }
      : { isReplay: false };
  if (body.byteLength > REQUEST_BYTES_MAX) {
    return refused(`the request must be at most ${REQUEST_BYTES_MAX} bytes long`);
  }
  const json = readJson(text);
  if (!json.ok) return json.isJson ? refused(json.reason) : { isReplay: false };
  const { value } = json;
  if (!isRecord(value) || !("replay_rejects" in value)) return { isReplay: false };
  const parsed = ReplayRequest.safeParse(value);
  if (parsed.success) return { isReplay: true, ok: true, replay: parsed.data.replay_rejects };
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  return {
    isReplay: true,
    ok: false,
    message: truncate(`Cannot replay rejects: ${faults.join("; ")}`),
  };
}

export interface ReplayTally {
  /** Rejects whose events are all stored now. */
  readonly replayed: number;
  /** New events among them. */
  readonly recorded: number;
  readonly still_rejected: number;
  /** Pass it as `after` to the next call; null when all rejects were processed. */
  readonly next: string | null;
}

export function createReplay(
  { store, clock, environment }: Pick<Dependencies, "store" | "clock" | "environment">,
  ingest: Ingest,
) {
  return async function replay(request: ReplayRequest, runId: string): Promise<ReplayTally> {
    const deadline = addMilliseconds(clock.now(), environment.runDeadlineMs);
    const counts = { replayed: 0, recorded: 0, still_rejected: 0 };
    let after = request.after ?? null;
    for (let left = request.limit; left > 0 && isBefore(clock.now(), deadline);) {
      const page = await store.rejects.load({
        reasonLike: request.reason_like ?? null,
        after,
        limit: Math.min(left, PAGE_REJECTS_MAX),
        bytesMax: PAGE_BYTES_MAX,
      });
      const last = page.rejects.at(-1);
      if (last === undefined) return { ...counts, next: null };
      const done = await replayPage(page, runId);
      counts.replayed += done.replayed;
      counts.recorded += done.recorded;
      counts.still_rejected += page.rejects.length - done.replayed;
      left -= page.rejects.length;
      after = last.digest;
    }
    return { ...counts, next: after };
  };

  async function replayPage({ rejects, places: partitions }: LoadedRejects, runId: string) {
    const hasPartition = ({ evidence: { sentAt } }: BrazeEvent) =>
      partitions.some(({ from, until }) => sentAt >= from && sentAt < until);
    const readable = rejects.flatMap((reject) => {
      const read = readBody(reject.body, reject.firstReceivedAt);
      if (read === "too_many_events" || read.rejects.length > 0) return [];
      return read.events.every(hasPartition) ? [{ reject, events: read.events }] : [];
    });

    const all = await storeEvents(readable, runId);
    if (all.rejected === 0) return { replayed: readable.length, recorded: all.recorded };
    // Postgres refused at least one event: replay the rejects one by one to find it.
    let [replayed, recorded] = [0, all.recorded];
    for (const one of readable) {
      const alone = await storeEvents([one], runId);
      recorded += alone.recorded;
      if (alone.rejected === 0) replayed++;
    }
    return { replayed, recorded };
  }

  async function storeEvents(
    readable: readonly {
      readonly reject: KeptReject;
      readonly events: readonly ReceivedEvent[];
    }[],
    runId: string,
  ): Promise<Tally> {
    const events = readable.flatMap((one) => one.events);
    const tally = await ingest({ events, rejects: [] }, null, runId);
    if (tally.rejected === 0) {
      await store.rejects.markReplayed(
        readable.map(({ reject }) => reject.digest),
        clock.now(),
      );
    }
    return tally;
  }
}
