/** The project that a command reads: the local stack, or the one that the given variables name. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { findStack } from "../stack/address.ts";
import { StackFailure, UsageFailure } from "../lib/failure.ts";
import { readText } from "../lib/read_text.ts";
import { DATA, type FlagValues } from "./flags.ts";

/** Where the local stack keeps its data. */
export const DEFAULT_DATA = fileURLToPath(new URL("../../.local", import.meta.url));

/** The flags of every task that reads a project. */
export const TARGET_FLAGS = {
  local: { text: "the stack that `task start` runs here" },
  data: DATA,
  "env-file": {
    value: "FILE",
    several: true,
    text: "variables, NAME=value on each line; if repeated, the last value of a variable counts",
  },
} as const;

export const TARGET_NOTES =
  `Without --local, SUPABASE_URL and SUPABASE_SECRET_KEYS ({"default": "sb_secret_…"}) name the project; they come from
the files, or else from the environment.`;

export interface Target {
  readonly env: (name: string) => string | undefined;
  /** The clock of the project's functions, which differs from ours on a virtual clock. */
  readonly suiteNow: () => Promise<Date>;
  /** The time from which calls by pg_cron are expected, by the same clock. */
  readonly cronSince: () => Promise<Date>;
}

export type TargetValues = FlagValues<typeof TARGET_FLAGS>;

export async function findTarget(values: TargetValues): Promise<Target> {
  const files = values["env-file"] ?? [];
  if (values.local) {
    if (files.length > 0) {
      throw new UsageFailure(
        "Cannot choose a project: it must be --local or --env-file, got both",
      );
    }
    const { ready, env, startedAt } = await findStack(resolve(values.data ?? DEFAULT_DATA));
    const known = new Map(Object.entries({ ...env, DATABASE_URL: ready.db_url }));
    return {
      env: (name) => known.get(name),
      suiteNow: async () => (await clockOf(ready.control_url)).now,
      cronSince: async () => {
        const { now, virtual } = await clockOf(ready.control_url);
        // No call is due on a frozen clock.
        return virtual ? now : startedAt;
      },
    };
  }
  if (values.data !== undefined) {
    throw new UsageFailure("Cannot choose a project: --data must come with --local, got it alone");
  }
  const given: Record<string, string | undefined> = {};
  for (const file of files) Object.assign(given, await readVariables(file));
  return {
    env: (name) => given[name] ?? Deno.env.get(name),
    suiteNow: () => Promise.resolve(new Date()),
    cronSince: () => Promise.resolve(new Date(0)),
  };
}

async function readVariables(file: string): Promise<Record<string, string | undefined>> {
  return parseEnv(await readText(file));
}

async function clockOf(controlUrl: string): Promise<{ now: Date; virtual: boolean }> {
  try {
    const { now, virtual } = await (await fetch(`${controlUrl}/clock`)).json();
    return { now: new Date(now), virtual };
  } catch {
    throw new StackFailure(
      "Cannot read the clock of the stack: the stack must run, got no answer; start it with `deno task start`",
    );
  }
}
