/** The project that the doctor checks, and the credentials for it. */
import type { Environment } from "../../supabase/functions/_shared/runtime/config.ts";

export interface DoctorTarget {
  readonly env: (name: string) => string | undefined;
  /** The project's database, connected as its owner; without it the checks that need it are unknown. */
  readonly databaseUrl: string | null;
  readonly fetch: typeof globalThis.fetch;
  /** This machine's clock. */
  readonly now: () => Date;
  /** The clock that the functions use. */
  readonly suiteNow: () => Promise<Date>;
  /** Since when calls by pg_cron are to be expected, by that clock. */
  readonly cronSince: () => Promise<Date>;
  readonly migrations: URL;
  /** Whether to send a test message to each chat. */
  readonly sendsTestAlert: boolean;
}

/** A target whose variables are well formed. */
export interface Configured extends DoctorTarget {
  readonly environment: Environment;
}

/** Longer than any answer of a healthy project takes. */
export const PATIENCE_MS = 15_000;
