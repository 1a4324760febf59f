/** Parses and validates the arguments of `deno task simulate`. */
import { parseArguments, readWholeNumber } from "../../local/cli/arguments.ts";

export const HELP =
  `Runs seeded worlds with injected faults, and compares the suite's data with the ground truth.

  npx -y deno@2.9.6 task simulate [options]
  SEED=123 npx -y deno@2.9.6 task simulate     one world again, with its timeline

  --worlds N           how many worlds (20)
  --first-seed S       the seed of the first world (1); the others follow
  --minutes M          starts no world after that time
  --threads T          how many worlds at once (2)
  --resume             continues an interrupted run with these worlds
  --postgres-bin DIR   another server's binaries (/usr/lib/postgresql/15/bin)
  --help               this text
`;

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
  const { values } = parseArguments({
    args: [...args],
    options: {
      worlds: { type: "string", default: "20" },
      "first-seed": { type: "string", default: "1" },
      minutes: { type: "string" },
      threads: { type: "string", default: "2" },
      resume: { type: "boolean", default: false },
      "postgres-bin": { type: "string" },
    },
  });
  const wholeNumber = (name: string, text: string) =>
    readWholeNumber("Cannot simulate", name, text);
  return {
    firstSeed: wholeNumber(
      seed === undefined ? "--first-seed" : "SEED",
      seed ?? values["first-seed"],
    ),
    worlds: seed === undefined ? wholeNumber("--worlds", values.worlds) : 1,
    minutes: values.minutes === undefined ? null : wholeNumber("--minutes", values.minutes),
    threads: seed === undefined ? wholeNumber("--threads", values.threads) : 1,
    resume: values.resume,
    printsTimeline: seed !== undefined,
    postgresBin: values["postgres-bin"],
  };
}
