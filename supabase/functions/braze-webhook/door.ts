/**
 * The two ways to the SQL function `ingest_identified_events`: straight to Postgres, and through PostgREST.
 *
 * The direct way needs `INGEST_DATABASE_URL`. It is used once its connection stands; until then, and whenever it fails, the
 * call goes through PostgREST. The SQL function may run twice for the same events, so a call whose answer was lost can be
 * repeated on the other way.
 */
import type { Pool } from "pg";
import { jsonbArray } from "./jsonb_array.ts";
import type { Environment } from "../_shared/runtime/config.ts";
import type { SanitizeText } from "../_shared/runtime/sanitize_text.ts";
import type { IngestArguments } from "../_shared/store/events.ts";
import { DatabaseError } from "../_shared/store/rpc.ts";

/** Returns the answer of the SQL function. */
export type Ingest = (args: IngestArguments) => Promise<unknown>;

const CONNECTIONS_MAX = 2;
const IDLE_MS_MAX = 30_000;
const CONNECT_MS_MAX = 5_000;
/** Longer than the time-out of the role. */
const ANSWER_MS_MAX = 12_000;

// Unnamed, so that a pooler in transaction mode can run it.
const CALL = `select public.ingest_identified_events(
  $1::jsonb, $2::integer[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[],
  $10::integer[], $11::integer, $12::uuid, $13::timestamptz
) as receipt`;

export function createDoor(
  { ingestDatabase }: Pick<Environment, "ingestDatabase">,
  sanitizeText: SanitizeText,
  throughRest: Ingest,
): Ingest {
  if (ingestDatabase === null) return throughRest;
  const { url, certificate } = ingestDatabase;
  let pool: Pool | null = null;
  let isReady = false;
  let connecting: Promise<void> | null = null;

  return async (args) => {
    if (!isReady) {
      connecting ??= connect().finally(() => connecting = null);
      return await throughRest(args);
    }
    try {
      return await directly(args);
    } catch (error) {
      const failure = failureOf(error);
      // A fault of the data is the same on both ways.
      if (failure.isOfData) throw failure;
      isReady = false;
      return await throughRest(args);
    }
  };

  async function connect(): Promise<void> {
    try {
      pool ??= await createPool();
      await pool.query("select 1");
      isReady = true;
    } catch {
      // PostgREST serves meanwhile; the next call tries again.
    }
  }

  async function createPool(): Promise<Pool> {
    // Loaded only where it is used.
    const { default: pg } = await import("pg");
    const pool = new pg.Pool({
      connectionString: url,
      max: CONNECTIONS_MAX,
      idleTimeoutMillis: IDLE_MS_MAX,
      connectionTimeoutMillis: CONNECT_MS_MAX,
      query_timeout: ANSWER_MS_MAX,
      allowExitOnIdle: true,
      ssl: certificate === null ? false : { ca: certificate, rejectUnauthorized: true },
    });
    // An idle connection that breaks is replaced; without a listener the error would end the process.
    pool.on("error", () => {});
    return pool;
  }

  async function directly(args: IngestArguments): Promise<unknown> {
    const { rows } = await pool!.query<{ receipt: unknown }>(CALL, [
      JSON.stringify(args.kinds),
      args.kind,
      args.eventId,
      args.sentAt,
      args.claim,
      args.externalUserId,
      args.brazeUserId,
      args.deviceId,
      jsonbArray(args.payload),
      args.copies,
      args.windowSeconds,
      args.runId,
      args.now,
    ]);
    return rows[0]?.receipt;
  }

  function failureOf(error: unknown): DatabaseError {
    const { code = "", message = "" } = error as { code?: string; message?: string };
    return new DatabaseError("ingest_identified_events", 0, code, null, sanitizeText(message));
  }
}
