/** The arguments of `deno task mutate`. */
import { parseArguments, readWholeNumber } from "../../local/cli/arguments.ts";
import { UsageFailure } from "../../local/lib/failure.ts";
import type { Worlds } from "./worlds.ts";

export const HELP =
  `Breaks one rule at a time, in a copy of the project, and checks that tests turn red.

  npx -y deno@2.9.6 task mutate [options]

  --only NAME          only this mutation; may be repeated
  --worlds N           also runs up to N worlds of the simulation on each mutation, until one notices it
  --first-seed S       the seed of the first world (1)
  --postgres-bin DIR   the Postgres binaries to use (/usr/lib/postgresql/15/bin)
  --table FILE         writes the table of rules and the tests that notice them to FILE
  --list               only lists the mutations
  --help               this text
`;

export interface Arguments {
  /** Empty for all mutations. */
  readonly only: readonly string[];
  readonly worlds: Worlds | null;
  readonly postgresBin: string | undefined;
  /** Where the table is written; undefined for none. */
  readonly table: string | undefined;
  readonly lists: boolean;
}

export function readArguments(args: readonly string[], names: readonly string[]): Arguments {
  const { values } = parseArguments({
    args: [...args],
    options: {
      only: { type: "string", multiple: true, default: [] },
      worlds: { type: "string" },
      "first-seed": { type: "string" },
      "postgres-bin": { type: "string" },
      table: { type: "string" },
      list: { type: "boolean", default: false },
    },
  });
  const unknown = values.only.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new UsageFailure(
      `Cannot mutate: --only must name a mutation (see --list), got "${unknown}"`,
    );
  }
  if (values.table !== undefined && values.only.length > 0) {
    throw new UsageFailure("Cannot write the table: it must hold every mutation, got --only");
  }
  if (values["first-seed"] !== undefined && values.worlds === undefined) {
    throw new UsageFailure("Cannot mutate: --first-seed must come with --worlds, got it alone");
  }
  const wholeNumber = (name: string, text: string) => readWholeNumber("Cannot mutate", name, text);
  return {
    only: values.only,
    worlds: values.worlds === undefined ? null : {
      worlds: wholeNumber("--worlds", values.worlds),
      firstSeed: wholeNumber("--first-seed", values["first-seed"] ?? "1"),
    },
    postgresBin: values["postgres-bin"],
    table: values.table,
    lists: values.list,
  };
}
