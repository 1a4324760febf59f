/** `deno task import-events PATH`: imports exported events; after an interruption it continues. */
import { systemClock } from "../../supabase/functions/_shared/runtime/clock.ts";
import { type ExitCode, runTask, type Writers } from "../cli/run_task.ts";
import { HELP, type ImportArguments, readArguments } from "../import/arguments.ts";
import { createDeliveryWorker } from "../import/delivery_worker.ts";
import { isMessageKind, kindOfFile } from "../import/event_kind.ts";
import { filesAt } from "../import/files.ts";
import {
  add,
  grouped,
  importFile,
  type InspectedFile,
  inspectFile,
} from "../import/import_file.ts";
import { NOTHING } from "../import/progress.ts";
import { StackFailure } from "../lib/failure.ts";

async function importEvents(
  { path, eventType, functionsUrl, secret }: ImportArguments,
  { out, err }: Writers,
): Promise<ExitCode> {
  const files = await inspectFiles(await filesAt(path), eventType, err);
  const deliver = createDeliveryWorker({
    functionsUrl,
    secret,
    fetch: globalThis.fetch,
    clock: systemClock,
    onPause: (reason, ms) => err.line(`Waiting ${(ms / 1_000).toFixed(1)} s: ${reason}`),
  });

  let total = NOTHING;
  let isComplete = true;
  for (const file of files) {
    if (files.length > 1) err.line(file.path);
    const { counts, hasOpenLine } = await importFile(file, deliver, err);
    total = add(total, counts);
    if (!hasOpenLine) continue;
    isComplete = false;
    err.line(
      `The last line of ${file.path} is not complete and was not sent; start again when it is`,
    );
  }

  out.line(
    `${grouped(total.lines)} lines: ${grouped(total.recorded)} events recorded, ` +
      `${grouped(total.duplicates)} duplicates, ${grouped(total.rejected)} rejected`,
  );
  if (total.rejected > 0) err.line("webhook_rejects holds each rejected event with the reason");
  return isComplete && total.rejected === 0 ? 0 : 1;
}

/** All files, before any is sent. */
async function inspectFiles(
  paths: readonly string[],
  eventType: string | null,
  err: Writers["err"],
): Promise<InspectedFile[]> {
  const files: InspectedFile[] = [];
  const others = new Map<string, number>();
  for (const path of paths) {
    const kind = kindOfFile(path, eventType);
    if (kind === null || isMessageKind(kind.eventType)) files.push(await inspectFile(path, kind));
    else others.set(kind.eventType, (others.get(kind.eventType) ?? 0) + 1);
  }
  for (const [kind, count] of others) {
    err.line(`Omitting ${grouped(count)} files of ${kind}: only events of messages are stored`);
  }
  if (files.length > 0) return files;
  throw new StackFailure(
    `Cannot import ${paths[0]}: its kind must be users.messages.<channel>.<Event>, got ${
      [...others.keys()].join(", ")
    }`,
  );
}

await runTask({
  help: HELP,
  read: (args) => readArguments(args, (name) => Deno.env.get(name)),
  run: importEvents,
});
