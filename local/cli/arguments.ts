/** Parses and validates the arguments of a task. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { UsageFailure } from "../lib/failure.ts";

/** Node's `parseArgs`, with errors as a `UsageFailure`. */
export function parseArguments<const Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config);
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
