/** What the doctor checks, and with what. */
import type { Environment } from "../../supabase/functions/_shared/runtime/config.ts";

export interface DoctorTarget {
  readonly env: (name: string) => string | undefined;
  /** The project's database as its owner; what only it can tell is unknown without. */
  readonly databaseUrl: string | null;
  readonly fetch: typeof globalThis.fetch;
  /** This machine's clock. */
  readonly now: () => Date;
  /** The clock by which the functions live. */
  readonly suiteNow: () => Promise<Date>;
  /** Since when calls by pg_cron are to be expected, by that clock. */
  readonly cronSince: () => Promise<Date>;
  readonly migrations: URL;
}

/** A target whose variables are well formed. */
export interface Configured extends DoctorTarget {
  readonly environment: Environment;
}

/** Longer than any answer of a project that is well. */
export const PATIENCE_MS = 15_000;
