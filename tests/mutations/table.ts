/** The table of rules and the tests that notice each broken one. Pure. */
import { changesOf, type Mutation } from "./mutation.ts";
import type { Verdict } from "./verdict.ts";
import type { Worlds, WorldsResult } from "./worlds.ts";

export interface Result {
  readonly mutation: Mutation;
  readonly verdict: Verdict;
  /** null where no worlds were requested. */
  readonly worldsResult: WorldsResult | null;
}

const NAMES_MAX = 2;

export function writeTable(results: readonly Result[], worlds: Worlds | null): string {
  const columns = ["Rule", "Broken in", "What turned red"];
  const rows = results.map((result) => [
    sentence(result.mutation),
    placesOf(result.mutation),
    noticed(result.verdict),
    ...(worlds === null ? [] : [describeWorlds(result.worldsResult)]),
  ]);
  const named = worlds === null ? columns : [...columns, "The world that noticed"];
  return [
    "# What notices a broken rule",
    "",
    "Each rule was broken by itself in a copy of the project, and the tests that are to notice were run there. A line",
    "stands for a change of a few words; `tests/mutations` has each of them. Red means that tests ran,",
    "and that in every file named for the rule an assertion failed or Postgres refused what the rule prevents; what does",
    "not compile shows nothing.",
    "",
    worlds === null
      ? "No worlds of the simulation ran for this page: `--worlds N` adds their results."
      : `Each was also put through up to ${worlds.worlds} worlds of the simulation, from seed ${worlds.firstSeed} on, until the auditor objected.`,
    "",
    "Made, and not written by hand:",
    "",
    `    npx -y deno@2.9.6 task mutate --table mutations.md${
      worlds === null ? "" : ` --worlds ${worlds.worlds} --first-seed ${worlds.firstSeed}`
    }`,
    "",
    line(named),
    line(named.map(() => "---")),
    ...rows.map((cells) => line(cells.map(escape))),
    "",
  ].join("\n");
}

function sentence({ rule, name }: Mutation): string {
  return `${rule} (\`${name}\`)`;
}

function placesOf(mutation: Mutation): string {
  return [...new Set(changesOf(mutation).map(({ file }) => shorten(file)))]
    .map((place) => `\`${place}\``).join(", ");
}

/** The path without its common folders and its order number. */
function shorten(file: string): string {
  return file.replace(/^supabase\/(?:functions\/|schemas\/\d+_)/, "");
}

function noticed(verdict: Verdict): string {
  if (verdict.kind !== "red") return `**${verdict.kind}**: ${verdict.reason}`;
  const { failed } = verdict;
  if (failed.length === 0) return "a run that does not end";
  const names = failed.slice(0, NAMES_MAX).map(({ name }) => `“${name}”`).join(", ");
  const rest = failed.length - NAMES_MAX;
  const tests = failed.length === 1 ? "1 test" : `${failed.length} tests`;
  return `${tests}: ${names}${rest > 0 ? ` and ${rest} more` : ""}`;
}

function describeWorlds(worldsResult: WorldsResult | null): string {
  switch (worldsResult?.kind) {
    case "failed":
      return `${worldsResult.seed}: ${worldsResult.rules.join(", ")}`;
    case "passed":
      return `not in ${worldsResult.worlds} worlds`;
    case "broken":
      return `**broken**: ${worldsResult.reason}`;
    case undefined:
      return "–";
  }
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function escape(cell: string): string {
  return cell.replaceAll("|", "\\|").replaceAll("\n", " ");
}
