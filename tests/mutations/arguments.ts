/** The arguments of `deno task mutate`. */
import {
  FIRST_SEED,
  helpOf,
  POSTGRES_BIN,
  readFlags,
  readWholeNumber,
} from "../../local/cli/flags.ts";
import { UsageFailure } from "../../local/lib/failure.ts";
import type { Worlds } from "./worlds.ts";

const FLAGS = {
  only: { value: "NAME", several: true, text: "only this mutation; may be repeated" },
  worlds: {
    value: "N",
    text: "also runs up to N worlds of the simulation on each mutation, until one notices it",
  },
  "first-seed": FIRST_SEED,
  table: {
    value: "FILE",
    text: "writes the table of rules and the tests that notice them to FILE",
  },
  list: { text: "only lists the mutations" },
  "postgres-bin": POSTGRES_BIN,
} as const;

export const HELP = helpOf({
  task: "mutate",
  what: "Breaks one rule at a time, in a copy of the project, and checks that tests turn red.",
  flags: FLAGS,
  ends: { good: "if every broken rule is noticed", needsPerson: "if one is not" },
});

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
  const { values } = readFlags(FLAGS, args);
  const only = values.only ?? [];
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new UsageFailure(
      `Cannot mutate: --only must name a mutation (see --list), got "${unknown}"`,
    );
  }
  if (values.table !== undefined && only.length > 0) {
    throw new UsageFailure("Cannot write the table: it must hold every mutation, got --only");
  }
  if (values["first-seed"] !== undefined && values.worlds === undefined) {
    throw new UsageFailure("Cannot mutate: --first-seed must come with --worlds, got it alone");
  }
  const wholeNumber = (name: string, text: string) => readWholeNumber("Cannot mutate", name, text);
  return {
    only,
    worlds: values.worlds === undefined ? null : {
      worlds: wholeNumber("--worlds", values.worlds),
      firstSeed: wholeNumber("--first-seed", values["first-seed"] ?? "1"),
    },
    postgresBin: values["postgres-bin"],
    table: values.table,
    lists: values.list ?? false,
  };
}
