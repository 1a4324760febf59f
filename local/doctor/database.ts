/** Checks that need the owner of the database: migrations, extensions, jobs, the Vault, partitions, its clock. */
import postgres from "postgres";
import type { Environment } from "../../supabase/functions/_shared/runtime/config.ts";
import type { Sql } from "../stack/sql.ts";
import { compareClocks } from "./clocks.ts";
import { type Finding, look, ok, unknown, wrong } from "./finding.ts";
import { checkMigrations } from "./migrations.ts";
import { readDatabaseUrl } from "./database_url.ts";
import type { DoctorTarget } from "./target.ts";
import { checkJobs } from "./jobs.ts";
import { checkVault } from "./vault.ts";

const CONNECT_SECONDS_MAX = 10;
const EXTENSIONS = ["pg_cron", "pg_net", "pgcrypto", "supabase_vault"];
const ADDRESS =
  "Set DATABASE_URL to the session pooler's address (port 5432) with the database's password";
const PUSH = "supabase db push --remote --yes";
const VAULT_CHECKS = ["vault:project_url", "vault:cron_signing_secret"];
const CHECKS = [
  "database",
  "migrations",
  "extensions",
  "cron_jobs",
  ...VAULT_CHECKS,
  "partitions",
  "clock:database",
];

/** Without an environment, since a variable is wrong, all is checked that needs none. */
export async function checkDatabase(
  target: DoctorTarget & { readonly environment: Environment | null },
): Promise<Finding[]> {
  const { databaseUrl, environment } = target;
  if (databaseUrl === null) {
    const mend = "Set DATABASE_URL to have it looked at";
    return CHECKS.map((check) => unknown(check, "only the database can show this", mend));
  }
  const [first = "", ...rest] = CHECKS;
  const address = readDatabaseUrl(databaseUrl);
  if (!address.ok) {
    const mend = `${ADDRESS}; in it write % as %25, @ as %40, / as %2F, # as %23`;
    return [
      wrong(first, address.says, mend),
      ...rest.map((check) => unknown(check, "DATABASE_URL cannot be read")),
    ];
  }
  // Through a pooler, a prepared statement may run on another connection.
  const sql = postgres(address.url, {
    max: 1,
    prepare: false,
    connect_timeout: CONNECT_SECONDS_MAX,
    onnotice() {},
    connection: { application_name: "doctor", TimeZone: "UTC" },
  });
  try {
    const connected = await look(first, ADDRESS, async () => {
      const [row] = await sql<
        { version: string }[]
      >`select current_setting('server_version') as version`;
      return ok("database", `Postgres ${row?.version} answers`);
    });
    if (connected.result !== "ok") {
      return [connected, ...rest.map((check) => unknown(check, "the database did not answer"))];
    }
    return [
      connected,
      await checkMigrations(sql, target.migrations),
      await look("extensions", PUSH, () => extensions(sql)),
      await checkJobs(sql, target.migrations),
      ...(environment === null
        ? VAULT_CHECKS.map((check) =>
          unknown(check, "a variable that it is compared with is wrong")
        )
        : await checkVault(sql, environment)),
      await look("partitions", PUSH, async () => await partitions(sql, await target.suiteNow())),
      await look("clock:database", ADDRESS, async () => {
        const [row] = await sql<{ now: Date }[]>`select clock_timestamp() as now`;
        return compareClocks("clock:database", row?.now ?? null, target.now());
      }),
    ];
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function extensions(sql: Sql): Promise<Finding> {
  const rows = await sql<{ extname: string }[]>`select extname from pg_extension`;
  const present = new Set(rows.map(({ extname }) => extname));
  const missing = EXTENSIONS.filter((name) => !present.has(name));
  return missing.length === 0 ? ok("extensions", EXTENSIONS.join(", ")) : wrong(
    "extensions",
    `missing: ${missing.join(", ")}`,
    "Switch them on under Database → Extensions",
  );
}

async function partitions(sql: Sql, now: Date): Promise<Finding> {
  const [row] = await sql<{ reach: boolean; until: string | null }[]>`
    select
      coalesce(
        range_agg(tstzrange(existing.starts_at, existing.ends_at)) filter (where existing.ends_at is not null) @> tstzrange(
          ${now}::timestamptz,
          ${now}::timestamptz + case max(settings.partition_by) when 'day' then interval '1 day' else interval '1 month' end
        ),
        false
      ) as reach,
      to_char(max(existing.ends_at), 'YYYY-MM-DD') as until
    from private.settings as settings
    left join private.event_partitions as existing on true`;
  return row?.reach ? ok("partitions", `events have a place until ${row.until}`) : wrong(
    "partitions",
    `events of the coming time have no place (the last partition ends ${row?.until ?? "nowhere"})`,
    "select private.ensure_partitions(now()), then look at the job ensure-partitions",
  );
}
