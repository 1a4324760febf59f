/** The arguments of `deno task simulate`. */
import { parseArguments, readWholeNumber } from "../../local/cli/arguments.ts";

export const HELP =
  `Runs seeded worlds with injected faults, and checks the suite's results against ground truth.

  npx -y deno@2.9.6 task simulate [options]
  SEED=123 npx -y deno@2.9.6 task simulate     one world again, with its timeline

  --worlds N           how many (20)
  --first-seed S       the seed of the first one (1); the others follow
  --minutes M          starts no further world after M minutes
  --threads T          how many in parallel (2)
  --resume             resumes an interrupted run of the same worlds
  --postgres-bin DIR   the Postgres binaries to use (/usr/lib/postgresql/15/bin)
  --help               this text
`;

export interface Arguments {
  readonly firstSeed: number;
  readonly worlds: number;
  readonly minutes: number | null;
  readonly threads: number;
  readonly resume: boolean;
  readonly tellsStory: boolean;
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
    tellsStory: seed !== undefined,
    postgresBin: values["postgres-bin"],
  };
}
