/** `deno task import-events FILE`: imports exported events; after an interruption it continues. */
import { systemClock } from "../../supabase/functions/_shared/runtime/clock.ts";
import { HELP, type ImportArguments, readArguments } from "../import/arguments.ts";
import { batchesOf } from "../import/batches.ts";
import { createDeliveryWorker, type Stored } from "../import/delivery_worker.ts";
import { readLines } from "../import/lines.ts";
import { type Counts, openProgress } from "../import/progress.ts";
import { openSource, readFrom } from "../import/source.ts";
import { runTask, type Writers } from "../cli/run_task.ts";

const PROGRESS_EVERY_LINES = 5_000;

/** The exit code of an import with rejects. */
const SOME_REJECTED = 3;

async function importFile(
  { file, functionsUrl, secret }: ImportArguments,
  { out, err }: Writers,
): Promise<number> {
  const source = await openSource(file);
  const progress = await openProgress(source);
  const deliver = createDeliveryWorker({
    functionsUrl,
    secret,
    fetch: globalThis.fetch,
    clock: systemClock,
    onPause: (reason, ms) => err.line(`Waiting ${(ms / 1_000).toFixed(1)} s: ${reason}`),
  });

  let { counts, offset } = progress.start;
  if (offset > 0) err.line(`Continuing after ${grouped(counts.lines)} lines`);
  let printed = counts.lines;
  for await (const batch of batchesOf(readLines(readFrom(source, offset), offset))) {
    counts = add(counts, batch.lines, await deliver(batch.body));
    offset = batch.next;
    await progress.save({ offset, counts });
    if (counts.lines - printed < PROGRESS_EVERY_LINES) continue;
    printed = counts.lines;
    // The length of a packed file's text is unknown before its end.
    const share = source.isPacked ? "" : `, ${Math.floor(100 * offset / source.bytes)}%`;
    err.line(`${grouped(counts.lines)} lines${share}`);
  }

  out.line(
    `${grouped(counts.lines)} lines: ${grouped(counts.recorded)} events recorded, ` +
      `${grouped(counts.duplicates)} duplicates, ${grouped(counts.rejected)} rejected`,
  );
  if (counts.rejected === 0) return 0;
  err.line("webhook_rejects holds each rejected event with the reason");
  return SOME_REJECTED;
}

function add(counts: Counts, lines: number, stored: Stored): Counts {
  return {
    lines: counts.lines + lines,
    received: counts.received + stored.received,
    recorded: counts.recorded + stored.recorded,
    duplicates: counts.duplicates + stored.duplicates,
    rejected: counts.rejected + stored.rejected,
  };
}

function grouped(count: number): string {
  return count.toLocaleString("en");
}

await runTask({
  help: HELP,
  read: (args) => readArguments(args, (name) => Deno.env.get(name)),
  run: importFile,
});
