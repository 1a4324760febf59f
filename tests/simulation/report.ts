/** The printed report of a simulation. */
import { ALL_BRANCHES, untaken } from "./coverage.ts";
import type { Outcome } from "./run.ts";
import type { Counts, Totals } from "./tally.ts";

export function printOutcome({ seed, violations, broken, totals, seconds }: Outcome): string[] {
  const isGood = violations.length === 0 && broken === null;
  return [
    `${isGood ? "ok    " : "FAILED"} world ${seed}  ${totals.events} events, ${
      sum(totals.faults)
    } faults, ${seconds.toFixed(1)} s`,
    ...(broken === null ? [] : [`       broken: ${broken}`]),
    ...violations.map(({ rule, details, at }) =>
      `       ${at.toISOString().slice(5, 16).replace("T", " ")} ${rule}: ${details}`
    ),
  ];
}

export function describeTotals(totals: Totals, unknowable: Counts, seconds: number): string[] {
  const zeros = untaken(totals.branches);
  return [
    "",
    `${totals.worlds} worlds, ${totals.events} events, ${sum(totals.faults)} faults, ${
      sum(totals.acts)
    } acts in ${Math.round(seconds)} s`,
    ...block("Faults", totals.faults),
    ...block("Acts", totals.acts),
    ...block(
      "Branches taken",
      Object.fromEntries(ALL_BRANCHES.map((name) => [name, totals.branches[name] ?? 0])),
    ),
    ...block("Outcomes that the suite could not have known", unknowable),
    "",
    `Functions died at ${Object.keys(totals.deaths).length} different calls`,
    zeros.length === 0 ? "Every branch was taken" : `Never taken: ${zeros.join(", ")}`,
  ];
}

export function printFailure({ seed, timeline }: Outcome, isWhole: boolean): string[] {
  return [
    "",
    `First failing seed: ${seed}. To repeat it with its timeline: SEED=${seed} npx -y deno@2.9.6 task simulate`,
    ...(isWhole ? timeline : timeline.slice(-TIMELINE_LINES_MAX)),
  ];
}

const TIMELINE_LINES_MAX = 60;

function block(title: string, counts: Counts): string[] {
  const rows = Object.entries(counts).sort(([a], [b]) => a < b ? -1 : 1);
  if (rows.length === 0) return [];
  const width = Math.max(...rows.map(([, times]) => String(times).length));
  return ["", title, ...rows.map(([name, times]) => `  ${String(times).padStart(width)}  ${name}`)];
}

function sum(counts: Counts): number {
  return Object.values(counts).reduce((total, times) => total + times, 0);
}
