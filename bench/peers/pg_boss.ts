/** pg-boss: one job per event, with the event's id; workers fetch many and write them by one statement. */
import pg from "pg";
import { PgBoss } from "pg-boss";
import process from "node:process";
import { CONNECTIONS, type Event, readArguments, readEvents, serve } from "./serve.ts";
import { createSink, insertAll } from "./sink.ts";

const QUEUE = "events";
/** With smaller batches or fewer workers, its polling interval limits the result. */
const BATCH_JOBS = 3_000;
const WORKERS = 4;

const { port, databaseUrl } = readArguments();
const pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS });
await createSink(pool);
const boss = new PgBoss({ connectionString: databaseUrl, max: CONNECTIONS });
boss.on("error", (error) => process.stderr.write(`${error}\n`));
await boss.start();
await boss.createQueue(QUEUE);
await boss.work<Event>(
  QUEUE,
  { batchSize: BATCH_JOBS, localConcurrency: WORKERS, pollingIntervalSeconds: 0.5 },
  (jobs) => insertAll(pool, jobs.map(({ data }) => data)),
);

serve(port, async (request) => {
  const events = await readEvents(request);
  const [only] = events;
  if (events.length === 1 && only !== undefined) {
    await boss.send(QUEUE, only, { id: only.id });
    return;
  }
  // A repeated id fails the whole array; in key order, two arrays cannot deadlock.
  const byId = new Map(events.map((event) => [event.id, event]));
  const jobs = [...byId.values()].sort((a, b) => a.id < b.id ? -1 : 1);
  await boss.insert(QUEUE, jobs.map((event) => ({ id: event.id, data: event })));
}, async () => {
  await boss.stop({ graceful: false });
  await pool.end();
});
