/** Imports one file: reads all of it before anything is sent, then sends it batch by batch. */
import type { Writer } from "../cli/writer.ts";
import { batchesOf } from "./batches.ts";
import type { DeliveryWorker } from "./delivery_worker.ts";
import type { EventKind } from "./event_kind.ts";
import { readEvents } from "./events.ts";
import { UnreadableRest } from "./lines.ts";
import { type Counts, openProgress, type ProgressFile } from "./progress.ts";
import { openSource, readLinesOf, type Source } from "./source.ts";

const PROGRESS_EVERY_LINES = 5_000;

export interface InspectedFile {
  readonly path: string;
  readonly kind: EventKind | null;
  readonly source: Source;
  readonly progress: ProgressFile;
}

export interface Imported {
  readonly counts: Counts;
  /** The last line is not complete and was not sent. */
  readonly hasOpenLine: boolean;
}

/** Throws if the file cannot be imported, or if one of its events states no kind. */
export async function inspectFile(path: string, kind: EventKind | null): Promise<InspectedFile> {
  const source = await openSource(path);
  const progress = await openProgress(source);
  const file = { path, kind, source, progress };
  const lines = readLinesOf(source, progress.start.offset);
  try {
    for await (const _ of readEvents(lines, file, () => {})) continue;
  } catch (error) {
    // What is before it can be imported.
    if (!(error instanceof UnreadableRest)) throw error;
  }
  return file;
}

export async function importFile(
  file: InspectedFile,
  deliver: DeliveryWorker,
  err: Writer,
): Promise<Imported> {
  const { source, progress } = file;
  let { counts, offset } = progress.start;
  if (offset > 0) err.line(`Continuing after ${grouped(counts.lines)} lines`);
  let printed = counts.lines;
  let hasOpenLine = false;
  const events = readEvents(readLinesOf(source, offset), file, () => hasOpenLine = true);
  for await (const batch of batchesOf(events, offset)) {
    counts = add(counts, { lines: batch.lines, ...await deliver(batch.body) });
    offset = batch.next;
    await progress.save({ offset, counts });
    if (counts.lines - printed < PROGRESS_EVERY_LINES) continue;
    printed = counts.lines;
    // The length of a packed file's text is unknown before its end.
    const share = source.format === "plain" ? `, ${Math.floor(100 * offset / source.bytes)}%` : "";
    err.line(`${grouped(counts.lines)} lines${share}`);
  }
  return { counts, hasOpenLine };
}

export function add(a: Counts, b: Counts): Counts {
  return {
    lines: a.lines + b.lines,
    received: a.received + b.received,
    recorded: a.recorded + b.recorded,
    duplicates: a.duplicates + b.duplicates,
    rejected: a.rejected + b.rejected,
  };
}

export function grouped(count: number): string {
  return count.toLocaleString("en");
}
