/** What `deno task mutate` was asked for. */
import { parseArgs } from "node:util";
import type { Worlds } from "./worlds.ts";

export const USAGE = `Breaks one rule at a time, in a copy, and shows that each turns tests red.

  npx -y deno@2.9.6 task mutate [options]

  --only NAME          this mutation alone; may be given several times
  --worlds N           lets each live through up to N worlds of the simulation too, until one notices
  --first-seed S       the seed of the first world (1)
  --postgres-bin DIR   on another server's binaries (/usr/lib/postgresql/15/bin)
  --table              writes docs/mutations.md
  --list               only names them
`;

export interface Arguments {
  /** All of them where it is empty. */
  readonly only: readonly string[];
  readonly worlds: Worlds | null;
  readonly postgresBin: string | undefined;
  readonly writesTable: boolean;
  readonly lists: boolean;
}

export type ReadArguments =
  | { readonly kind: "read"; readonly arguments: Arguments }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly message: string };

export function readArguments(args: readonly string[], names: readonly string[]): ReadArguments {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: "string", multiple: true, default: [] },
        worlds: { type: "string" },
        "first-seed": { type: "string" },
        "postgres-bin": { type: "string" },
        table: { type: "boolean", default: false },
        list: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return { kind: "help" };
    const unknown = values.only.find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new RangeError(
        `Cannot mutate: --only must name a mutation (see --list), got "${unknown}"`,
      );
    }
    if (values.table && values.only.length > 0) {
      throw new RangeError("Cannot write the table: it must hold every mutation, got --only");
    }
    if (values["first-seed"] !== undefined && values.worlds === undefined) {
      throw new RangeError("Cannot mutate: --first-seed must come with --worlds, got it alone");
    }
    return {
      kind: "read",
      arguments: {
        only: values.only,
        worlds: values.worlds === undefined ? null : {
          worlds: wholeNumber("--worlds", values.worlds),
          firstSeed: wholeNumber("--first-seed", values["first-seed"] ?? "1"),
        },
        postgresBin: values["postgres-bin"],
        writesTable: values.table,
        lists: values.list,
      },
    };
  } catch (error) {
    return { kind: "wrong", message: error instanceof Error ? error.message : String(error) };
  }
}

function wholeNumber(name: string, text: string): number {
  if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
  throw new RangeError(`Cannot mutate: ${name} must be a whole number from 1, got "${text}"`);
}
