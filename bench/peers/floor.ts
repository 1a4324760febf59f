/** The floor: one statement per request with `pg`, directly into a narrow table. */
import pg from "pg";
import { CONNECTIONS, readArguments, readEvents, serve } from "./serve.ts";
import { createSink, insertAll, insertOne } from "./sink.ts";

const { port, databaseUrl } = readArguments();
const pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS });
await createSink(pool);

serve(port, async (request) => {
  const events = await readEvents(request);
  const [only] = events;
  if (events.length === 1 && only !== undefined) await insertOne(pool, only);
  else await insertAll(pool, events);
}, () => pool.end());
