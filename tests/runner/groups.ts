/** The folders of tests, and what each needs. */

export type Need = "nothing" | "database" | "browser";

export interface Group {
  readonly name: string;
  readonly need: Need;
  /** One line for `--help`. */
  readonly what: string;
}

export const GROUPS: readonly Group[] = [
  { name: "layers", need: "nothing", what: "layers_test.ts: who may import whom" },
  { name: "unit", need: "nothing", what: "one module at a time" },
  { name: "property", need: "nothing", what: "generated input against pure modules" },
  { name: "database", need: "database", what: "SQL functions and the schema; a Postgres" },
  {
    name: "end_to_end",
    need: "database",
    what: "the whole stack; Postgres, PostgREST, the Braze sandbox",
  },
  {
    name: "security",
    need: "database",
    what: "callers, rights, hostile input; Postgres and PostgREST",
  },
  {
    name: "simulation",
    need: "database",
    what: "a dozen worlds with faults; Postgres and PostgREST",
  },
  { name: "browser", need: "browser", what: "the dashboard; Postgres, PostgREST and Chromium" },
];

export function groupOf(file: string): Group {
  const name = file === "tests/layers_test.ts" ? "layers" : file.split("/")[1];
  return GROUPS.find((group) => group.name === name) ??
    // By hand only: the soak and the real pg_cron bring their own servers.
    { name: name ?? file, need: "nothing", what: "" };
}
