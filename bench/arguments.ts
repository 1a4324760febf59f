/** Parses and validates the arguments of `deno task bench`. */
import { resolve } from "node:path";
import { parseArguments, readWholeNumber } from "../local/cli/arguments.ts";
import { UsageFailure } from "../local/lib/failure.ts";
import { SHAPE_NAMES, type ShapeName } from "./shapes.ts";

export const HELP =
  `Compares the suite with other systems on one private Postgres with durable writes.

  npx -y deno@2.9.6 task bench [options]

  --quick              one short round for each contestant
  --rounds N           how many rounds (5)
  --shape NAME         one, batch, doubled, message or identifiers; may be repeated (all)
  --contestant NAME    only this contestant; may be repeated (all)
  --latency            measures latency instead: of events at half of our maximum rate, and of the send gate
  --costs              measures costs instead: CPU, bytes, cold starts, and planning 5,000 matches
  --growth             measures growth instead: each watcher on an empty database and after a matchday of 150 x 25,000 events
  --events N           the number of events in that history (10000000)
  --ledger-rows N      the number of ledger rows in it (100000)
  --seed TEXT          the seed of the events (1)
  --postgres-bin DIR   another server's binaries
  --json               one JSON document on stdout, everything else on stderr
  --help               this text
`;

export interface BenchArguments {
  readonly json: boolean;
  readonly quick: boolean;
  readonly latency: boolean;
  readonly costs: boolean;
  readonly growth: boolean;
  readonly events: number;
  readonly ledgerRows: number;
  readonly rounds: number;
  readonly shapes: readonly ShapeName[];
  readonly contestants: readonly string[] | undefined;
  readonly seed: string;
  readonly postgresBin: string | undefined;
}

export function readArguments(args: readonly string[]): BenchArguments {
  const { values } = parseArguments({
    args: [...args],
    options: {
      contestant: { type: "string", multiple: true },
      costs: { type: "boolean" },
      events: { type: "string" },
      growth: { type: "boolean" },
      json: { type: "boolean" },
      "ledger-rows": { type: "string" },
      latency: { type: "boolean" },
      "postgres-bin": { type: "string" },
      quick: { type: "boolean" },
      rounds: { type: "string" },
      seed: { type: "string" },
      shape: { type: "string", multiple: true },
    },
  });
  const quick = values.quick ?? false;
  return {
    json: values.json ?? false,
    quick,
    latency: values.latency ?? false,
    costs: values.costs ?? false,
    growth: values.growth ?? false,
    events: wholeNumber("events", values.events ?? "10000000", 100_000_000),
    ledgerRows: wholeNumber("ledger-rows", values["ledger-rows"] ?? "100000", 1_000_000),
    rounds: values.rounds === undefined ? quick ? 1 : 5 : wholeNumber("rounds", values.rounds, 100),
    shapes: values.shape === undefined ? SHAPE_NAMES : values.shape.map(shapeName),
    contestants: values.contestant,
    seed: values.seed ?? "1",
    postgresBin: values["postgres-bin"] === undefined ? undefined : resolve(values["postgres-bin"]),
  };
}

function wholeNumber(name: string, text: string, max: number): number {
  return readWholeNumber("Cannot measure", `--${name}`, text, max);
}

function shapeName(text: string): ShapeName {
  const found = SHAPE_NAMES.find((name) => name === text);
  if (found !== undefined) return found;
  throw new UsageFailure(
    `Cannot measure: --shape must be one of ${SHAPE_NAMES.join(", ")}, got "${text}"`,
  );
}
