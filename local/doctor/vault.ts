/** The two Vault secrets that SQL needs to call the functions. */
import type { Environment } from "../../supabase/functions/_shared/runtime/config.ts";
import { isOneOf } from "../../supabase/functions/_shared/http/responses.ts";
import type { Sql } from "../stack/sql.ts";
import { type Finding, look, ok, wrong } from "./finding.ts";

const CREATE = "select vault.create_secret('…', '";

export async function checkVault(sql: Sql, environment: Environment): Promise<Finding[]> {
  const { supabaseUrl, cronSigningSecrets } = environment;
  return [
    await look("vault:project_url", `${CREATE}project_url')`, async () => {
      const check = "vault:project_url";
      const kept = await secret(sql, "project_url");
      if (kept === undefined) return missing("project_url");
      return kept === supabaseUrl ? ok(check, `it is ${supabaseUrl}`) : wrong(
        check,
        `pg_cron would call ${kept}, not ${supabaseUrl}`,
        `${
          update("project_url")
        }; if that address is the project's too, give it to the doctor as SUPABASE_URL`,
      );
    }),
    await look("vault:cron_signing_secret", `${CREATE}cron_signing_secret')`, async () => {
      const check = "vault:cron_signing_secret";
      const kept = await secret(sql, "cron_signing_secret");
      if (kept === undefined) return missing("cron_signing_secret");
      return isOneOf(kept, cronSigningSecrets)
        ? ok(check, "it is one of CRON_SIGNING_SECRETS")
        : wrong(check, "it is not in CRON_SIGNING_SECRETS", update("cron_signing_secret"));
    }),
  ];
}

async function secret(sql: Sql, name: string): Promise<string | undefined> {
  const [row] = await sql<{ decrypted_secret: string }[]>`
    select decrypted_secret from vault.decrypted_secrets where name = ${name}`;
  // As private.invoke_function reads it.
  return row?.decrypted_secret.trim();
}

function missing(name: string): Finding {
  return wrong(`vault:${name}`, "the Vault does not hold it", `${CREATE}${name}')`);
}

function update(name: string): string {
  return `select vault.update_secret((select id from vault.secrets where name = '${name}'), '…')`;
}
