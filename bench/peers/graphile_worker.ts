/** graphile-worker: one job per event, with the event's id as its key; each is written by its own statement. */
import pg from "pg";
import { makeWorkerUtils, run } from "graphile-worker";
import { CONNECTIONS, Event, readArguments, readEvents, serve } from "./serve.ts";
import { createSink, insertOne } from "./sink.ts";

const TASK = "store_event";
const JOBS_AT_ONCE = 10;

const { port, databaseUrl } = readArguments();
const pool = new pg.Pool({ connectionString: databaseUrl, max: CONNECTIONS });
await createSink(pool);
const preset = {
  worker: {
    connectionString: databaseUrl,
    concurrentJobs: JOBS_AT_ONCE,
    maxPoolSize: CONNECTIONS,
    // Without these, workers fetch and complete jobs one at a time.
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  },
};
const utils = await makeWorkerUtils({ connectionString: databaseUrl, maxPoolSize: CONNECTIONS });
await utils.migrate();
const runner = await run({
  preset,
  noHandleSignals: true,
  taskList: { [TASK]: (payload) => insertOne(pool, Event.parse(payload)) },
});

serve(port, async (request) => {
  const events = await readEvents(request);
  const [only] = events;
  if (events.length === 1 && only !== undefined) {
    await utils.addJob(TASK, only, { jobKey: only.id });
    return;
  }
  // In key order, since two batches in different orders deadlock.
  const byId = new Map(events.map((event) => [event.id, event]));
  const jobs = [...byId.values()].sort((a, b) => a.id < b.id ? -1 : 1);
  await utils.addJobs(
    jobs.map((event) => ({ identifier: TASK, payload: event, jobKey: event.id })),
  );
}, async () => {
  await runner.stop();
  await utils.release();
  await pool.end();
});
