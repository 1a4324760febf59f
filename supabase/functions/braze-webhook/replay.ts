/**
 * Reads again what could not be understood when it came, after whatever stood in the way was mended.
 *
 * A kept body takes the very same path as one that comes in now, and stays kept until all of it is stored. Stopped
 * anywhere and begun again, it stores nothing twice: events have their ids, and messages without one get the time at
 * which they first came.
 */
import { addMilliseconds, isBefore } from "date-fns";
import { z } from "zod";
import type { Dependencies } from "../_shared/function/dependencies.ts";
import type { BrazeEvent, ReceivedEvent } from "../_shared/events/event.ts";
import { readBody } from "../_shared/events/read_body.ts";
import { isRecord, readJson } from "../_shared/text/exact_json.ts";
import { truncate } from "../_shared/text/truncate.ts";
import type { KeptReject, LoadedRejects } from "../_shared/store/rejects.ts";
import { createIngest, type Tally } from "./ingest.ts";

const LIMIT_MAX = 10_000;
const PAGE_REJECTS_MAX = 500;
const ORDER_BYTES_MAX = 65_536;
const ORDER_BEGINS = /^\s*\{\s*"replay_rejects"/;
/** One body may be as large as a request. */
const PAGE_BYTES_MAX = 4_194_304;

const Order = z.strictObject({
  replay_rejects: z.strictObject({
    /** A pattern of SQL's LIKE, for those with one reason only. */
    reason_like: z.string().min(1).max(1_000)
      .refine(isWholePattern, "must not end in a lone backslash").optional(),
    limit: z.int().min(1).max(LIMIT_MAX).default(1_000),
    /** Where the call before ended: its `next`. */
    after: z.string().regex(/^[0-9a-f]{64}$/, "must be what an earlier call named `next`")
      .optional(),
  }),
});
/** A backslash takes the character after it: without one Postgres refuses the pattern, once it gets there. */
function isWholePattern(pattern: string): boolean {
  return /^(?:[^\\]|\\.)*$/su.test(pattern);
}

type Order = z.infer<typeof Order>["replay_rejects"];

export type ReadOrder =
  | { readonly asked: false }
  | { readonly asked: true; readonly ok: true; readonly order: Order }
  | { readonly asked: true; readonly ok: false; readonly message: string };

/** Whether a body asks for a replay. Only to be read for somebody who may ask for one. */
export function readReplayOrder(body: Uint8Array): ReadOrder {
  const text = new TextDecoder().decode(body.subarray(0, ORDER_BYTES_MAX));
  const refused = (why: string): ReadOrder =>
    ORDER_BEGINS.test(text)
      ? { asked: true, ok: false, message: `Cannot replay rejects: ${why}` }
      : { asked: false };
  if (body.byteLength > ORDER_BYTES_MAX) {
    return refused(`the order must be at most ${ORDER_BYTES_MAX} bytes long`);
  }
  const json = readJson(text);
  if (!json.ok) return json.isJson ? refused(json.reason) : { asked: false };
  const { value } = json;
  if (!isRecord(value) || !("replay_rejects" in value)) return { asked: false };
  const parsed = Order.safeParse(value);
  if (parsed.success) return { asked: true, ok: true, order: parsed.data.replay_rejects };
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  return {
    asked: true,
    ok: false,
    message: truncate(`Cannot replay rejects: ${faults.join("; ")}`),
  };
}

export interface ReplayTally {
  /** Rejects that are understood now, whole. */
  readonly replayed: number;
  /** Events of theirs that were new. */
  readonly recorded: number;
  readonly still_rejected: number;
  /** Where the next call goes on, as `after`; null when all were looked at. */
  readonly next: string | null;
}

export function createReplay(dependencies: Dependencies) {
  const { store, clock, environment } = dependencies;
  const ingest = createIngest(dependencies);

  return async function replay(order: Order, runId: string): Promise<ReplayTally> {
    const deadline = addMilliseconds(clock.now(), environment.runDeadlineMs);
    const counts = { replayed: 0, recorded: 0, still_rejected: 0 };
    let after = order.after ?? null;
    for (let left = order.limit; left > 0 && isBefore(clock.now(), deadline);) {
      const page = await store.rejects.load({
        reasonLike: order.reason_like ?? null,
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

  async function replayPage({ rejects, places }: LoadedRejects, runId: string) {
    const hasPlace = ({ evidence: { sentAt } }: BrazeEvent) =>
      places.some(({ from, until }) => sentAt >= from && sentAt < until);
    const understood = rejects.flatMap((reject) => {
      const read = readBody(reject.body, reject.firstReceivedAt);
      if (read === "too_many_events" || read.rejects.length > 0) return [];
      return read.events.every(hasPlace) ? [{ reject, events: read.events }] : [];
    });

    const all = await take(understood, runId);
    if (all.rejected === 0) return { replayed: understood.length, recorded: all.recorded };
    // Postgres refused something after all: which of them it was is found one by one.
    let [replayed, recorded] = [0, all.recorded];
    for (const one of understood) {
      const alone = await take([one], runId);
      recorded += alone.recorded;
      if (alone.rejected === 0) replayed++;
    }
    return { replayed, recorded };
  }

  async function take(
    understood: readonly {
      readonly reject: KeptReject;
      readonly events: readonly ReceivedEvent[];
    }[],
    runId: string,
  ): Promise<Tally> {
    const events = understood.flatMap((one) => one.events);
    const tally = await ingest({ events, rejects: [] }, null, runId);
    if (tally.rejected === 0) {
      await store.rejects.markReplayed(
        understood.map(({ reject }) => reject.digest),
        clock.now(),
      );
    }
    return tally;
  }
}
