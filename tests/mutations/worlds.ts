/** Runs worlds of the simulation in a copy, until one of them fails. */
import { resolve } from "node:path";
import { runDeno } from "./command.ts";

const WORLD_SECONDS_MAX = 600;

export interface Worlds {
  readonly worlds: number;
  readonly firstSeed: number;
}

export type WorldsResult =
  /** The rules that the auditor found violated, in the failed world with the lowest seed. */
  | { readonly kind: "failed"; readonly seed: number; readonly rules: readonly string[] }
  | { readonly kind: "passed"; readonly worlds: number }
  | { readonly kind: "broken"; readonly reason: string };

export async function runWorlds(
  folder: string,
  { worlds, firstSeed, threads }: Worlds & { readonly threads: number },
  postgresBin: string | undefined,
  signal: AbortSignal,
): Promise<WorldsResult> {
  let output = "";
  const { code, isHung, stdout, stderr } = await runDeno({
    args: [
      "run",
      "--allow-all",
      "tests/simulation/simulate.ts",
      `--worlds=${worlds}`,
      `--first-seed=${firstSeed}`,
      `--threads=${threads}`,
      ...(postgresBin === undefined ? [] : [`--postgres-bin=${resolve(postgresBin)}`]),
    ],
    cwd: folder,
    secondsMax: WORLD_SECONDS_MAX,
    signal,
    isEnough: (line) => {
      output += `${line}\n`;
      return readOutcomes(output, firstSeed).failed !== null;
    },
  });
  const { failed, passed } = readOutcomes(stdout, firstSeed);
  if (failed !== null) return { kind: "failed", ...failed };
  if (isHung) return { kind: "broken", reason: `no world ended within ${WORLD_SECONDS_MAX} s` };
  return code === 0 && passed === worlds
    ? { kind: "passed", worlds }
    : { kind: "broken", reason: lastLine(stderr) ?? lastLine(stdout) ?? `ended with ${code}` };
}

interface Outcomes {
  readonly failed: { readonly seed: number; readonly rules: readonly string[] } | null;
  readonly passed: number;
}

/**
 * Pure. Worlds run in parallel and end in any order. A failure counts once all worlds with lower seeds have ended, so
 * that each run finds the same one.
 */
export function readOutcomes(text: string, firstSeed: number): Outcomes {
  const good = new Set<number>();
  const bad = new Map<number, Set<string>>();
  let rules: Set<string> | undefined;
  for (const line of text.split("\n")) {
    const [, verdict, seed] = /^(ok|FAILED) +world (\d+)\b/.exec(line) ?? [];
    if (seed !== undefined) {
      rules = verdict === "ok" ? undefined : new Set();
      if (rules === undefined) good.add(Number(seed));
      else bad.set(Number(seed), rules);
    } else if (/^ {7}broken: /.test(line)) rules?.add("the world broke down");
    else if (!line.startsWith(" ")) rules = undefined;
    else {
      const rule = /^ {7}\d\d-\d\d \d\d:\d\d ([^:]+):/.exec(line)?.[1];
      if (rule !== undefined) rules?.add(rule);
    }
  }
  let seed = firstSeed;
  while (good.has(seed)) seed++;
  const failed = bad.get(seed);
  return {
    failed: failed === undefined ? null : { seed, rules: [...failed].sort() },
    passed: good.size,
  };
}

function lastLine(text: string): string | undefined {
  return text.trimEnd().split("\n").findLast((line) => line.trim() !== "");
}
