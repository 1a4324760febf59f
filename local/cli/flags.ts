/** The flags of the tasks: one list per task, from which its arguments are read and its help is written. Pure. */
import { parseArgs } from "node:util";
import { UsageFailure } from "../lib/failure.ts";

export interface Flag {
  /** The name of its value in the help, as in DIR; without it the flag takes none. */
  readonly value?: string;
  /** It may be given several times. */
  readonly several?: true;
  readonly text: string;
}

export type Flags = Readonly<Record<string, Flag>>;

export type FlagValues<Of extends Flags> = {
  readonly [Name in keyof Of]?:
    | (Of[Name] extends { several: true } ? readonly string[]
      : Of[Name] extends { value: string } ? string
      : boolean)
    | undefined;
};

/** Flags that mean the same for every task that has them. */
export const POSTGRES_BIN = {
  value: "DIR",
  text: "the programs of another Postgres, 15 to 18, as in /usr/lib/postgresql/15/bin",
} as const;
export const DATA = { value: "DIR", text: "where the stack keeps its data (.local)" } as const;
export const JSON_LINE = {
  text: "one line of JSON on standard output, everything else on standard error",
} as const;
export const FIRST_SEED = {
  value: "S",
  text: "the seed of the first world (1); the others follow",
} as const;

/** npx asks its registry even for what it has, and waits without a network; with this flag it does not. */
export const COMMAND = "npx -y --prefer-offline deno@2.9.6 task";
/** Every task has it; `runTask` answers it. */
const HELP: Flags = { help: { text: "this text" } };
const FLAG_CHARACTERS = 20;

export interface TaskText<Of extends Flags> {
  /** Its name in deno.json. */
  readonly task: string;
  /** What it does, as a sentence. */
  readonly what: string;
  /** What it takes beside flags, as in FILE. */
  readonly takes?: string;
  readonly flags: Of;
  readonly notes?: string;
  /** What 0 and 1 mean, as in "if all is calm"; without `needsPerson` the task never ends with 1. */
  readonly ends?: { readonly good: string; readonly needsPerson?: string };
}

export function helpOf<const Of extends Flags>(
  { task, what, takes, flags, notes, ends = { good: "when it is done" } }: TaskText<Of>,
): string {
  const command = [COMMAND, task, ...(takes === undefined ? [] : [takes])].join(" ");
  const lines = Object.entries({ ...flags, ...HELP }).map(([name, { value, text }]) =>
    `  ${`--${name}${value === undefined ? "" : ` ${value}`}`.padEnd(FLAG_CHARACTERS)} ${text}`
  );
  const needsPerson = ends.needsPerson === undefined ? "" : `1 ${ends.needsPerson},\n`;
  return [
    what,
    `  ${command}${Object.keys(flags).length === 0 ? "" : " [options]"}`,
    lines.join("\n"),
    ...(notes === undefined ? [] : [notes.trim()]),
    `Ends with 0 ${ends.good}, ${needsPerson}2 if the arguments are wrong or it cannot do its work,
130 if it is interrupted before that.`,
  ].join("\n\n");
}

export interface Read<Of extends Flags> {
  readonly values: FlagValues<Of>;
  /** What is no flag; always empty unless `takesMore`. */
  readonly positionals: readonly string[];
}

/** Throws a `UsageFailure` for flags that the task does not have. */
export function readFlags<const Of extends Flags>(
  flags: Of,
  args: readonly string[],
  takesMore = false,
): Read<Of> {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { value, several }]) => [name, {
      type: value === undefined ? "boolean" as const : "string" as const,
      multiple: several ?? false,
    }]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: takesMore,
    });
    return { values: values as FlagValues<Of>, positionals };
  } catch (error) {
    throw new UsageFailure(
      `Cannot read the arguments: ${error instanceof Error ? error.message : error} (see --help)`,
    );
  }
}

/** `cannot`: the beginning of the error message, as in "Cannot measure". */
export function readWholeNumber(
  cannot: string,
  name: string,
  text: string,
  max = 999_999_999,
): number {
  const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : NaN;
  if (value >= 1 && value <= max) return value;
  throw new UsageFailure(
    `${cannot}: ${name} must be a whole number from 1 to ${max}, got "${text}"`,
  );
}

/** `cannot`: the beginning of the error message, as in "Cannot run the demo". */
export function readOneOf<Value extends string>(
  cannot: string,
  name: string,
  known: readonly Value[],
  text: string,
): Value {
  const found = known.find((value) => value === text);
  if (found !== undefined) return found;
  const all = `${known.slice(0, -1).join(", ")} or ${known.at(-1)}`;
  throw new UsageFailure(`${cannot}: ${name} must be ${all}, got "${text}"`);
}
