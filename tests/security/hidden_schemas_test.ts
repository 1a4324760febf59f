/** What PostgREST does not offer is out of reach, even for the secret key: schemas, partitions, helpers. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { type Rest, type Sql, withRest } from "../support/database.ts";
import { contentsOf } from "./digest.ts";
import { type HttpRequest, inWords, sendRequest } from "./send_request.ts";
import { limitedCallers, type RestCaller, unknownCallersOf } from "./rest_callers.ts";
import { FUNCTIONS, OPERATORS_CALL, OPERATORS_READ, TABLES, VIEWS } from "./rights.ts";
import { fillTables } from "./rows.ts";

/** Every caller that PostgREST accepts: the secret key, and those without any right. */
async function insidersOf(rest: Rest): Promise<readonly Omit<RestCaller, "refusal">[]> {
  return [
    { caller: "secret key", headers: { apikey: rest.keys.secretKey } },
    ...limitedCallers(await unknownCallersOf(rest)),
  ];
}

async function names(sql: Sql, query: string): Promise<string[]> {
  const rows = await sql.unsafe<{ name: string }[]>(query);
  return rows.map(({ name }) => name);
}

const OTHER_SCHEMAS = `
  select nspname as name from pg_catalog.pg_namespace
  where nspname <> 'public' and nspname !~ '^pg_(toast|temp)' order by 1`;

Deno.test("no schema but public is served to any caller", () =>
  withRest(async (rest) => {
    const schemas = await names(rest.sql, OTHER_SCHEMAS);
    for (const schema of ["private", "net", "cron", "vault", "auth", "extensions", "pg_catalog"]) {
      ok(schemas.includes(schema), `there is a schema ${schema} to ask for`);
    }
    const before = await contentsOf(rest.sql);
    const wrong: string[] = [];
    for (const { caller, headers } of await insidersOf(rest)) {
      for (const schema of [...schemas, "graphql_public", "", '"private"', "public,private"]) {
        const asked: [string, HttpRequest][] = [
          ["settings", { method: "GET", headers: { "accept-profile": schema } }],
          ["secrets", { method: "GET", headers: { "accept-profile": schema } }],
          ["settings", { headers: { "content-profile": schema }, body: "{}" }],
          ["rpc/invoke_function", { headers: { "content-profile": schema }, body: "{}" }],
        ];
        for (const [path, shown] of asked) {
          const answer = inWords(
            await sendRequest(`${rest.restUrl}/${path}`, {
              ...shown,
              headers: { ...headers, ...Object.fromEntries(new Headers(shown.headers)) },
            }),
          );
          if (answer !== "406 PGRST106") wrong.push(`${schema}/${path} by ${caller}: ${answer}`);
        }
      }
    }
    deepStrictEqual(wrong, []);
    deepStrictEqual(await contentsOf(rest.sql), before);
  }));

Deno.test("partitions, helpers and objects of extensions have no address", () =>
  withRest(async (rest) => {
    const { sql } = rest;
    const partitions = await names(
      sql,
      "select partition_name as name from private.event_partitions",
    );
    ok(partitions.length >= 4, "there are partitions to ask for");
    const helpers = await names(
      sql,
      `select distinct proname as name from pg_catalog.pg_proc as proc
       join pg_catalog.pg_namespace as namespace on namespace.oid = proc.pronamespace
       where namespace.nspname in ('private', 'net', 'cron', 'vault')`,
    );
    ok(helpers.includes("invoke_function") && helpers.includes("create_secret"), `${helpers}`);
    const dangerous = ["pg_sleep", "pg_read_file", "query_to_xml", "set_config", "hmac", "dblink"];
    const before = await contentsOf(sql);
    const wrong: string[] = [];
    const paths = [
      ...partitions,
      ...partitions.map((name) => `private.${name}`),
      "private.settings",
      "settings",
      "job",
      "secrets",
      "decrypted_secrets",
      "http_request_queue",
      "_http_response",
      "pg_roles",
      "pg_authid",
      ...helpers.map((name) => `rpc/${name}`),
      ...helpers.map((name) => `rpc/private.${name}`),
      ...dangerous.map((name) => `rpc/${name}`),
    ];
    for (const { caller, headers } of await insidersOf(rest)) {
      for (const path of paths) {
        const method = path.startsWith("rpc/") ? "POST" : "GET";
        const answer = await sendRequest(`${rest.restUrl}/${path}`, { method, headers });
        if (answer.status !== 404) wrong.push(`${path} by ${caller}: ${inWords(answer)}`);
      }
    }
    deepStrictEqual(wrong, []);
    deepStrictEqual(await contentsOf(sql), before);
  }));

Deno.test("no table is readable through another one, and none is described to a caller who may not read it", () =>
  withRest(async (rest) => {
    await fillTables(rest.sql);
    const wrong: string[] = [];
    for (const { caller, headers, isSignedIn } of limitedCallers(await unknownCallersOf(rest))) {
      const embedding = await sendRequest(
        `${rest.restUrl}/schedule_ledger?select=match_id,schedule_identifiers(*)`,
        { method: "GET", headers },
      );
      if (embedding.code !== "42501") wrong.push(`embedding by ${caller}: ${embedding.text}`);
      const explained = await sendRequest(`${rest.restUrl}/event_claims`, {
        method: "GET",
        headers: { ...headers, accept: "application/vnd.pgrst.plan+json" },
      });
      if (explained.status < 400) wrong.push(`plan by ${caller}: ${explained.text}`);
      const described = await sendRequest(`${rest.restUrl}/`, { method: "GET", headers });
      const theirs = isSignedIn === true ? [...OPERATORS_READ, ...OPERATORS_CALL] : [];
      for (const name of [...Object.keys(TABLES), ...VIEWS, ...FUNCTIONS]) {
        if (theirs.includes(name)) continue;
        if (described.text.includes(`"/${name}"`) || described.text.includes(`"/rpc/${name}"`)) {
          wrong.push(`${name} is described to ${caller}`);
        }
      }
    }
    deepStrictEqual(wrong, []);
    const toTheKey = await sendRequest(`${rest.restUrl}/`, {
      method: "GET",
      headers: { apikey: rest.keys.secretKey },
    });
    ok(toTheKey.text.includes('"/teams"'), "the description would name it");
  }));

Deno.test("a preflight request returns the methods, and nothing else", () =>
  withRest(async (rest) => {
    await fillTables(rest.sql);
    for (const name of [...Object.keys(TABLES), ...VIEWS]) {
      const { text } = await sendRequest(`${rest.restUrl}/${name}`, {
        method: "OPTIONS",
        headers: { origin: "https://evil.example", "access-control-request-method": "GET" },
      });
      deepStrictEqual(text, "", name);
    }
  }));
