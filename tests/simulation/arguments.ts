/** Parses and validates the arguments of `deno task simulate`. */
import {
  FIRST_SEED,
  helpOf,
  POSTGRES_BIN,
  readFlags,
  readWholeNumber,
} from "../../local/cli/flags.ts";

const FLAGS = {
  worlds: { value: "N", text: "how many worlds (20)" },
  "first-seed": FIRST_SEED,
  minutes: { value: "M", text: "starts no world after that time" },
  threads: { value: "T", text: "how many worlds at once (2)" },
  resume: { text: "continues an interrupted run with these worlds" },
  "postgres-bin": POSTGRES_BIN,
} as const;

export const HELP = helpOf({
  task: "simulate",
  what:
    "Runs seeded worlds with injected faults, and compares the suite's data with the ground truth.",
  flags: FLAGS,
  notes: "SEED=123 before the command runs one world again, and prints its timeline.",
  ends: { good: "if every world is right", needsPerson: "if one is not" },
});

export interface Arguments {
  readonly firstSeed: number;
  readonly worlds: number;
  readonly minutes: number | null;
  readonly threads: number;
  readonly resume: boolean;
  readonly printsTimeline: boolean;
  readonly postgresBin: string | undefined;
}

export function readArguments(args: readonly string[], seed: string | undefined): Arguments {
  const { values } = readFlags(FLAGS, args);
  const wholeNumber = (name: string, text: string) =>
    readWholeNumber("Cannot simulate", name, text);
  return {
    firstSeed: wholeNumber(
      seed === undefined ? "--first-seed" : "SEED",
      seed ?? values["first-seed"] ?? "1",
    ),
    worlds: seed === undefined ? wholeNumber("--worlds", values.worlds ?? "20") : 1,
    minutes: values.minutes === undefined ? null : wholeNumber("--minutes", values.minutes),
    threads: seed === undefined ? wholeNumber("--threads", values.threads ?? "2") : 1,
    resume: values.resume ?? false,
    printsTimeline: seed !== undefined,
    postgresBin: values["postgres-bin"],
  };
}
