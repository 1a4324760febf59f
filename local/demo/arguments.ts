/** Parses and validates the arguments of `deno task demo`. */
import { parseArguments } from "../cli/arguments.ts";
import { UsageFailure } from "../lib/failure.ts";

export interface DemoArguments {
  readonly listing: "per_schedule" | "per_campaign" | "omit";
  readonly ids: boolean;
  readonly echo: boolean;
  readonly json: boolean;
  readonly postgresBin: string | undefined;
}

export const HELP =
  `Runs Premier League matchday 15 of 2024-25 on a private stack with a virtual clock.

  --listing per_schedule | per_campaign | omit
                        what Braze's list of scheduled messages shows (default per_schedule);
                        it does not decide which matches are scheduled
  --ids on | off        whether events carry Braze's ids (default on)
  --echo on | off       whether events carry the echo of our templates (default on)
  --json                one line of JSON on standard output, everything else on standard error
  --postgres-bin DIR    another server's binaries
  --help                this text
`;

const LISTINGS = ["per_schedule", "per_campaign", "omit"] as const;
const ON_OFF = ["on", "off"] as const;

export function readArguments(args: readonly string[]): DemoArguments {
  const { values } = parseArguments({
    args: [...args],
    options: {
      listing: { type: "string", default: "per_schedule" },
      ids: { type: "string", default: "on" },
      echo: { type: "string", default: "on" },
      json: { type: "boolean", default: false },
      "postgres-bin": { type: "string" },
    },
  });
  return {
    listing: oneOf("--listing", LISTINGS, values.listing),
    ids: oneOf("--ids", ON_OFF, values.ids) === "on",
    echo: oneOf("--echo", ON_OFF, values.echo) === "on",
    json: values.json,
    postgresBin: values["postgres-bin"],
  };
}

function oneOf<Value extends string>(name: string, known: readonly Value[], text: string): Value {
  const found = known.find((value) => value === text);
  if (found !== undefined) return found;
  throw new UsageFailure(
    `Cannot run the demo: ${name} must be ${known.join(" or ")}, got "${text}"`,
  );
}
