/** Parses and validates the arguments of `deno task bench`. */
import { resolve } from "node:path";
import { helpOf, POSTGRES_BIN, readFlags, readWholeNumber } from "../local/cli/flags.ts";
import { UsageFailure } from "../local/lib/failure.ts";
import { SHAPE_NAMES, type ShapeName } from "./shapes.ts";

const FLAGS = {
  quick: { text: "one short round for each contestant" },
  rounds: { value: "N", text: "how many rounds (5)" },
  shape: {
    value: "NAME",
    several: true,
    text: "one, batch, doubled, message or identifiers; may be repeated (all)",
  },
  contestant: { value: "NAME", several: true, text: "only this contestant; may be repeated (all)" },
  latency: {
    text: "measures latency instead: of events at half of our maximum rate, and of the send gate",
  },
  costs: {
    text: "measures costs instead: CPU, bytes, cold starts, and planning 5,000 matches",
  },
  growth: {
    text:
      "measures growth instead: each watcher on an empty database and after a matchday of 150 x 25,000 events",
  },
  events: { value: "N", text: "the number of events in that history (10000000)" },
  "ledger-rows": { value: "N", text: "the number of ledger rows in it (100000)" },
  seed: { value: "TEXT", text: "the seed of the events (1)" },
  json: { text: "one JSON document on standard output, everything else on standard error" },
  "postgres-bin": POSTGRES_BIN,
} as const;

export const HELP = helpOf({
  task: "bench",
  what: "Compares the suite with other systems on one private Postgres with durable writes.",
  flags: FLAGS,
  ends: {
    good: "if every contestant stored what it was sent",
    needsPerson: "if one did not",
  },
});

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
  const { values } = readFlags(FLAGS, args);
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
