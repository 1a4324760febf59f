/** The suite itself, and the original algorithm that it replaces, on the same path. */
import { prepareProject } from "../../local/stack/project.ts";
import { connectSql } from "../../local/stack/sql.ts";
import type { BenchServer } from "../bench_server.ts";
import type { Contestant, Prepared } from "../contestant.ts";
import { eventOf } from "../events.ts";
import { type Matchday, writeMatchday } from "../matchday.ts";
import type { PostOf } from "../requests.ts";
import { COMMON_SHAPE_NAMES, type Content, SHAPE_NAMES } from "../shapes.ts";
import { stored } from "./stored.ts";
import { startSuitePath } from "./suite_path.ts";

const FUNCTIONS = new URL("../../supabase/functions/", import.meta.url);
const ORIGINAL_FUNCTIONS = new URL("../original/functions/", import.meta.url);
const ORIGINAL_TABLES = new URL("../original/tables.sql", import.meta.url);

export const SUITE_TABLES = {
  table: "public.notification_sends",
  idColumn: "event_id",
  tables: ["public.event_claims", "public.webhook_rejects", "public.webhook_daily_counts"],
};

function suite(name: string, hasGateway: boolean): Contestant {
  return {
    name,
    title: hasGateway ? "ours" : "ours, gateway inside the function",
    path: `${hasGateway ? "gateway → " : ""}function → Postgres`,
    shapes: SHAPE_NAMES,
    eventsMax: 100_000,
    async prepare(bench, matchday) {
      const databaseUrl = await bench.createDatabase(name, "suite");
      const sql = connectSql(databaseUrl, { applicationName: "bench" });
      await writeMatchday(sql, matchday);
      const rows = stored(sql, SUITE_TABLES);
      return {
        ...prepared(bench, name, sql),
        ...rows,
        async reset() {
          await rows.reset();
          // The first event of each schedule registers its dispatch id again.
          await sql`delete from public.schedule_identifiers where kind = 'dispatch_id'`;
        },
        start: () => startSuitePath(bench, { name, databaseUrl, functions: FUNCTIONS, hasGateway }),
      };
    },
  };
}

export const OURS = suite("ours", true);
export const OURS_WITHOUT_GATEWAY = suite("ours_no_gateway", false);

export const ORIGINAL: Contestant = {
  name: "original",
  title: "the original algorithm",
  path: "gateway → function → gateway → PostgREST → Postgres",
  shapes: COMMON_SHAPE_NAMES,
  eventsMax: 2_000,
  async prepare(bench, matchday) {
    const databaseUrl = await bench.createDatabase("original", "empty");
    const sql = connectSql(databaseUrl, { applicationName: "bench" });
    await prepareProject(sql, new URL("../original/", import.meta.url));
    await sql.unsafe(await Deno.readTextFile(ORIGINAL_TABLES)).simple();
    await writeOriginalLedger(sql, matchday);
    return {
      ...prepared(bench, "original", sql),
      ...stored(sql, { table: "public.notification_sends", idColumn: "event_id", tables: [] }),
      start: () =>
        startSuitePath(bench, {
          name: "original",
          databaseUrl,
          functions: ORIGINAL_FUNCTIONS,
          hasGateway: true,
        }),
    };
  },
};

export function postToFunction(webhookSecret: string, content: Content = "echo"): PostOf {
  return (events) => {
    const bodies = events.map(({ json }) => json);
    return {
      path: "/functions/v1/braze-webhook",
      headers: { "x-webhook-secret": webhookSecret },
      body: content === "message" ? bodies.join("") : currentsBody(bodies),
    };
  };
}

export function currentsBody(events: readonly string[]): string {
  return `{"events":[${events.join(",")}]}`;
}

function prepared(
  bench: BenchServer,
  databaseName: string,
  sql: Prepared["sql"],
): Pick<Prepared, "databaseName" | "sql" | "makeEvent" | "postOf" | "close"> {
  return {
    databaseName,
    sql,
    makeEvent: eventOf,
    postOf: (content) => postToFunction(bench.keys.webhookSecret, content),
    close: () => sql.end({ timeout: 5 }),
  };
}

async function writeOriginalLedger(sql: Prepared["sql"], { schedules }: Matchday): Promise<void> {
  await sql`insert into public.schedule_ledger ${
    sql(schedules.map((schedule) => ({
      id: schedule.ledgerId,
      match_id: schedule.matchId,
      braze_schedule_id: schedule.scheduleId,
      send_at_utc: schedule.sendAt,
    })))
  }`;
}
