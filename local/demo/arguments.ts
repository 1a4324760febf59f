/** The flags of `deno task demo`. */
import { helpOf, JSON_LINE, POSTGRES_BIN, readFlags, readOneOf } from "../cli/flags.ts";
import { UsageFailure } from "../lib/failure.ts";

export interface DemoArguments {
  readonly listing: "per_schedule" | "per_campaign" | "omit";
  readonly ids: boolean;
  readonly echo: boolean;
  readonly keep: boolean;
  readonly json: boolean;
  readonly postgresBin: string | undefined;
}

const FLAGS = {
  keep: { text: "keeps the stack and its page running at the end, until Ctrl-C" },
  listing: {
    value: "MODE",
    text: "what Braze's list of scheduled messages shows: per_campaign or omit (per_schedule)",
  },
  ids: { value: "off", text: "events carry none of Braze's ids (on)" },
  echo: { value: "off", text: "events carry no echo of our templates (on)" },
  json: JSON_LINE,
  "postgres-bin": POSTGRES_BIN,
} as const;

export const HELP = helpOf({
  task: "demo",
  what: "Runs Premier League matchday 15 of 2024-25 on a private stack with a virtual clock.",
  flags: FLAGS,
  notes: "--listing does not decide which matches are scheduled.",
  ends: {
    good:
      "if every event is stored and attributed, every detectable fault noticed, and no alert false",
    needsPerson: "if not (without ids or echo: if an event is lost or attributed to a wrong match)",
  },
});

const LISTINGS = ["per_schedule", "per_campaign", "omit"] as const;
const ON_OFF = ["on", "off"] as const;

export function readArguments(args: readonly string[]): DemoArguments {
  const { values } = readFlags(FLAGS, args);
  const oneOf = <Value extends string>(name: string, known: readonly Value[], text: string) =>
    readOneOf("Cannot run the demo", name, known, text);
  if (values.keep && values.json) {
    throw new UsageFailure("Cannot run the demo: --keep is for people, got --json as well");
  }
  return {
    listing: oneOf("--listing", LISTINGS, values.listing ?? "per_schedule"),
    ids: oneOf("--ids", ON_OFF, values.ids ?? "on") === "on",
    echo: oneOf("--echo", ON_OFF, values.echo ?? "on") === "on",
    keep: values.keep ?? false,
    json: values.json ?? false,
    postgresBin: values["postgres-bin"],
  };
}
