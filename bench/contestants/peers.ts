/** Other systems for the same task, a floor and a ceiling: each is a server that uses Postgres directly. */
import { createHmac } from "node:crypto";
import { Prng } from "../../local/lib/prng.ts";
import { connectSql } from "../../local/stack/sql.ts";
import type { Contestant } from "../contestant.ts";
import { type BenchEvent, currentsEvent, type MakeEvent, padded } from "../events.ts";
import { type Matchday, writeMatchday } from "../matchday.ts";
import { startServer } from "../processes.ts";
import type { PostOf } from "../requests.ts";
import { COMMON_SHAPE_NAMES, type ShapeName } from "../shapes.ts";
import { currentsBody, SUITE_TABLES } from "./ours.ts";
import { stored, type StoredIn } from "./stored.ts";

const STRIPE_SECRET = "whsec_bench";
const CONFIG = "./peers/deno.json";
const SINK: StoredIn = { table: "public.events", idColumn: "event_id", tables: [] };

interface Peer {
  readonly name: string;
  readonly title: string;
  readonly path: string;
  readonly shapes?: readonly ShapeName[];
  readonly storedIn: StoredIn;
  readonly content?: "suite";
  readonly makeEvent?: (matchday: Matchday) => MakeEvent;
  readonly postOf?: PostOf;
}

const postEvents: PostOf = (events) => ({
  path: "/events",
  headers: {},
  body: currentsBody(events.map(({ json }) => json)),
});

/** Stripe events of the same size; each is about another product, so that each creates a row. */
const stripeEvent = () => (prng: Prng): BenchEvent => {
  const id = prng.uuid();
  const json = padded((filler) =>
    JSON.stringify({
      id: `evt_${id}`,
      object: "event",
      api_version: "2020-08-27",
      created: 1_733_580_023,
      type: "product.updated",
      livemode: false,
      data: {
        object: {
          id: `prod_${id}`,
          object: "product",
          active: true,
          created: 1_733_580_000,
          description: filler,
          images: [],
          livemode: false,
          metadata: { match_id: "1002" },
          name: "Match reminder",
          type: "service",
          updated: 1_733_580_023,
        },
      },
    })
  );
  return { id, json };
};

const postStripeEvent: PostOf = ([event]) => {
  const time = Math.floor(Date.now() / 1_000);
  const signature = createHmac("sha256", STRIPE_SECRET).update(`${time}.${event!.json}`)
    .digest("hex");
  return {
    path: "/webhooks",
    headers: { "stripe-signature": `t=${time},v1=${signature}` },
    body: event!.json,
  };
};

function peer(options: Peer): Contestant {
  const { name, title, path, shapes = COMMON_SHAPE_NAMES, storedIn, content = "empty" } = options;
  const { makeEvent = currentsEvent, postOf = postEvents } = options;
  return {
    name,
    title,
    path,
    shapes,
    eventsMax: 100_000,
    async prepare(bench, matchday) {
      const databaseUrl = await bench.createDatabase(name, content);
      const sql = connectSql(databaseUrl, { applicationName: "bench" });
      if (content === "suite") await writeMatchday(sql, matchday);
      return {
        databaseName: name,
        sql,
        makeEvent: (matchday) => makeEvent(matchday),
        postOf: () => postOf,
        ...stored(sql, storedIn),
        start: () =>
          startServer({
            name,
            folder: bench.folder,
            script: `./peers/${name}.ts`,
            args: [databaseUrl],
            config: CONFIG,
            env: { STRIPE_WEBHOOK_SECRET: STRIPE_SECRET, NO_LOG_SUCCESS: "1" },
          }),
        close: () => sql.end({ timeout: 5 }),
      };
    },
  };
}

export const STRIPE_SYNC_ENGINE = peer({
  name: "stripe_sync_engine",
  title: "@supabase/stripe-sync-engine",
  path: "signature → guarded upsert → Postgres",
  shapes: ["one"],
  storedIn: {
    table: "stripe.products",
    idColumn: "id",
    tables: [],
    idPrefix: "prod_",
  },
  makeEvent: stripeEvent,
  postOf: postStripeEvent,
});

export const PG_BOSS = peer({
  name: "pg_boss",
  title: "pg-boss",
  path: "zod → job → worker → Postgres",
  storedIn: { ...SINK, tables: ["pgboss.job_common"] },
});

export const GRAPHILE_WORKER = peer({
  name: "graphile_worker",
  title: "graphile-worker",
  path: "zod → job → task → Postgres",
  storedIn: { ...SINK, tables: ["graphile_worker._private_jobs"] },
});

export const FLOOR = peer({
  name: "floor",
  title: "floor: one statement a request",
  path: "zod → pg → narrow table",
  storedIn: SINK,
});

export const CEILING = peer({
  name: "ceiling",
  title: "ceiling: set-based insert into our table",
  path: "zod → pg → our table only",
  storedIn: SUITE_TABLES,
  content: "suite",
});
