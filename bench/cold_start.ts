/** Measures the size of each function as it is deployed, and the time from the start of a new process to its first answer. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePorts } from "../local/stack/ports.ts";
import { functionEnv } from "../local/stack/stack.ts";
import { bundleFunction, functionNames } from "../local/bundle/bundle.ts";
import type { BenchServer } from "./bench_server.ts";
import { spreadOf } from "./statistics.ts";

const SERVER = fileURLToPath(new URL("./servers/one_function.ts", import.meta.url));
const STARTS = 5;
const POLL_MS = 2;
const READY_MS_MAX = 30_000;

export interface ColdStart {
  readonly function: string;
  readonly bundle_bytes: number;
  readonly first_answer_ms: { readonly median: number; readonly min: number; readonly max: number };
}

export async function measureColdStarts(bench: BenchServer): Promise<ColdStart[]> {
  const found: ColdStart[] = [];
  for (const name of await functionNames()) {
    const { code, bytes } = await bundleFunction(name);
    const bundle = join(bench.folder, `${name}.js`);
    await Deno.writeTextFile(bundle, code);
    const times: number[] = [];
    for (let start = 0; start < STARTS; start++) {
      times.push(await firstAnswerMs(bench, name, bundle));
    }
    found.push({
      function: name,
      bundle_bytes: bytes,
      first_answer_ms: spreadOf(times),
    });
  }
  return found;
}

/** The time to the refusal of a caller without credentials, which loads the module and its configuration but no database. */
async function firstAnswerMs(
  bench: BenchServer,
  name: string,
  bundle: string,
): Promise<number> {
  const port = freePorts().gateway;
  const url = `http://127.0.0.1:${port}/`;
  const started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    // With a code cache, only the first start would be cold.
    args: ["run", "--allow-all", "--no-check", "--no-code-cache", SERVER, String(port), bundle],
    env: functionEnv({ api_url: url, db_url: url, braze_url: url, control_url: url }, bench.keys),
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    while (performance.now() - started < READY_MS_MAX) {
      const init = name === "braze-send-gate" ? {} : { method: "POST", body: "{}" };
      const status = await fetch(url, init).then(async (response) => {
        await response.body?.cancel();
        return response.status;
      }, () => 0);
      if (status === 401) return performance.now() - started;
      if (status !== 0) throw new Error(`Cannot go on: the answer must be 401, got ${status}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error(`Cannot go on: ${bundle} must answer within ${READY_MS_MAX / 1_000} s`);
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

export function printColdStart(found: ColdStart): string {
  const { median, min, max } = found.first_answer_ms;
  return `${found.function.padEnd(24)} ${
    (found.bundle_bytes / 1_024).toFixed(0)
  } KiB, first answer after ${median.toFixed(0)} ms (${min.toFixed(0)}–${max.toFixed(0)})`;
}
