/** Prints the doctor's findings for people and for scripts. */
import type { Finding, Result } from "./finding.ts";

export interface Tally {
  readonly ok: number;
  readonly wrong: number;
  readonly unknown: number;
}

export function tally(findings: readonly Finding[]): Tally {
  const count = (result: Result) => findings.filter((each) => each.result === result).length;
  return { ok: count("ok"), wrong: count("wrong"), unknown: count("unknown") };
}

/** Problems come last, next to the prompt. */
export function describe(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = (["ok", "unknown", "wrong"] as const).flatMap((wanted) =>
    findings.filter(({ result }) => result === wanted).flatMap(({ check, result, says, mend }) => [
      `${result.padEnd(7)}  ${check.padEnd(width)}  ${says}`,
      ...(mend === undefined ? [] : [`${" ".repeat(width + 11)}→ ${mend}`]),
    ])
  );
  const { ok, wrong, unknown } = tally(findings);
  return [...lines, "", `${ok} ok, ${unknown} unknown, ${wrong} wrong`].join("\n");
}

/** One line. */
export function asJson(findings: readonly Finding[]): string {
  return JSON.stringify({ ...tally(findings), checks: findings });
}
