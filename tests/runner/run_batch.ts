/**
 * Runs the test files of a batch in one process of Deno, and in one isolate: a module that imports them all. Each file by
 * itself would load its modules again, which takes 0.3 to 0.4 s of CPU a file.
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Batch } from "./batches.ts";

export interface Outcome {
  readonly batch: Batch;
  readonly ok: boolean;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
  /** What Deno printed, without colours. */
  readonly text: string;
}

export async function runBatch(
  batch: Batch,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Outcome> {
  const started = performance.now();
  const entry = await Deno.makeTempFile({ suffix: "_test.ts" });
  await Deno.writeTextFile(entry, batch.files.map(importOf).join(""));
  const child = new Deno.Command(Deno.execPath(), {
    // `task check` checks the types.
    args: ["test", "--allow-all", "--no-check", "--config", "deno.json", ...args, entry],
    env: { ...env, NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stop = () => child.kill("SIGTERM");
  signal.addEventListener("abort", stop);
  const { success, stdout, stderr } = await child.output().finally(async () => {
    signal.removeEventListener("abort", stop);
    await Deno.remove(entry);
  });
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout) + decoder.decode(stderr);
  return {
    batch,
    ok: success,
    ...countsOf(text, success),
    seconds: (performance.now() - started) / 1_000,
    text,
  };
}

function importOf(file: string): string {
  return `import ${JSON.stringify(pathToFileURL(resolve(file)).href)};\n`;
}

/** From Deno's last line, as in `ok | 12 passed (3 steps) | 0 failed | 2 filtered out (1s)`. */
export function countsOf(text: string, success: boolean) {
  const [, passed = "0", failed = "0"] =
    [...text.matchAll(/(\d+) passed[^|\n]*\| (\d+) failed/g)].at(-1) ?? [];
  return {
    passed: Number(passed),
    // A file that does not load counts as one failure.
    failed: success ? 0 : Math.max(1, Number(failed)),
  };
}

/** The failures with their stack traces, or everything where Deno did not get that far. */
export function failuresOf(text: string): string {
  const from = text.indexOf("\n ERRORS ");
  return from < 0 ? text : text.slice(from);
}

/** What a test file prints for a person, as the seed of the fuzzer. */
export function notesOf(text: string): string[] {
  return text.match(/^To run .*SEED=.*$/gm) ?? [];
}
