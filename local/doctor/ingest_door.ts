/** The webhook's direct connection to the database: the login signs in and may do what it needs, and no more. */
import postgres from "postgres";
import { type Finding, look, ok, wrong } from "./finding.ts";
import type { Configured } from "./target.ts";

const CHECK = "direct_connection";
const GUIDE =
  "Set up INGEST_DATABASE_URL as docs/deploy.md says, or unset it: events go through PostgREST then";
const STATEMENT_TIMEOUT_MS = 8_000;
const CONNECT_SECONDS_MAX = 10;

export async function checkIngestDoor({ environment }: Configured): Promise<Finding[]> {
  const { ingestDatabase } = environment;
  if (ingestDatabase === null) {
    return [ok(CHECK, "INGEST_DATABASE_URL is not set: events go through PostgREST")];
  }
  const { url, certificate } = ingestDatabase;
  return [
    await look(CHECK, GUIDE, async () => {
      const sql = postgres(url, {
        max: 1,
        connect_timeout: CONNECT_SECONDS_MAX,
        // A pooler in transaction mode keeps no prepared statement.
        prepare: false,
        ...(certificate === null ? {} : { ssl: { ca: certificate, rejectUnauthorized: true } }),
      });
      try {
        const [login] = await sql<{ role: string; limit_ms: number; may_ingest: boolean }[]>`
          select
            current_user as role,
            extract(epoch from current_setting('statement_timeout')::interval)::int * 1000 as limit_ms,
            exists (
              select 1 from pg_proc
              where proname = 'ingest_identified_events' and pronamespace = 'public'::regnamespace
                and has_function_privilege(oid, 'execute')
            ) as may_ingest`;
        if (login === undefined || login.role !== "service_role") {
          return wrong(CHECK, `its login acts as ${login?.role}, not as service_role`, GUIDE);
        }
        if (login.limit_ms <= 0 || login.limit_ms > STATEMENT_TIMEOUT_MS) {
          return wrong(CHECK, `its statements may run for ${login.limit_ms} ms`, GUIDE);
        }
        return login.may_ingest
          ? ok(CHECK, "events go straight to the database; through PostgREST when that fails")
          : wrong(CHECK, "its login may not call ingest_identified_events", GUIDE);
      } finally {
        await sql.end({ timeout: 5 });
      }
    }),
  ];
}
