/** The demo's command line. */
import { parseArgs } from "node:util";

export interface DemoArguments {
  readonly listing: "per_schedule" | "per_campaign" | "omit";
  readonly ids: boolean;
  readonly echo: boolean;
  readonly json: boolean;
  readonly postgresBin: string | undefined;
}

export const USAGE =
  `Runs Premier League matchday 15 of 2024-25 on a private stack with a virtual clock.

  --listing per_schedule | per_campaign | omit
                        what Braze's list of scheduled messages shows (default per_schedule);
                        no match is scheduled, or left out, for what it shows
  --ids on | off        whether events carry Braze's ids (default on)
  --echo on | off       whether events carry what our templates echo (default on)
  --json                one line of JSON on standard output, everything else on standard error
  --postgres-bin DIR    another server's binaries
  --help                this text
`;

export type ReadArguments =
  | { readonly kind: "run"; readonly arguments: DemoArguments }
  | { readonly kind: "help" }
  | { readonly kind: "wrong"; readonly message: string };

const LISTINGS = ["per_schedule", "per_campaign", "omit"] as const;

export function readArguments(args: string[]): ReadArguments {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        listing: { type: "string", default: "per_schedule" },
        ids: { type: "string", default: "on" },
        echo: { type: "string", default: "on" },
        json: { type: "boolean", default: false },
        "postgres-bin": { type: "string" },
        help: { type: "boolean", default: false },
      },
    }));
  } catch (error) {
    return { kind: "wrong", message: error instanceof Error ? error.message : String(error) };
  }
  if (values.help) return { kind: "help" };
  const listing = LISTINGS.find((mode) => mode === values.listing);
  if (listing === undefined) return wrong("--listing", LISTINGS, values.listing);
  for (const name of ["ids", "echo"] as const) {
    if (!["on", "off"].includes(values[name])) {
      return wrong(`--${name}`, ["on", "off"], values[name]);
    }
  }
  return {
    kind: "run",
    arguments: {
      listing,
      ids: values.ids === "on",
      echo: values.echo === "on",
      json: values.json,
      postgresBin: values["postgres-bin"],
    },
  };
}

function wrong(name: string, wanted: readonly string[], got: string): ReadArguments {
  return {
    kind: "wrong",
    message: `Cannot run the demo: ${name} must be ${wanted.join(" or ")}, got "${got}"`,
  };
}
