/** Tables, views and functions as PostgREST offers them: every request, by every caller. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { type Rest, type Sql, withRest } from "../support/database.ts";
import { contentsOf, structureOf } from "./digest.ts";
import { type HttpRequest, type HttpResponse, inWords, sendRequest } from "./send_request.ts";
import {
  limitedCallers,
  OPERATOR_CALLER,
  type RestCaller,
  unknownCallersOf,
} from "./rest_callers.ts";
import { OPERATORS_CALL, OPERATORS_READ } from "./rights.ts";
import { fillTables } from "./rows.ts";

interface Relation {
  readonly name: string;
  readonly kind: "table" | "view";
  /** A writable column, so that a refusal can only be about rights. */
  readonly column: string;
}

async function relationsOf(sql: Sql): Promise<Relation[]> {
  return await sql<Relation[]>`
    select class.relname as name, case class.relkind when 'v' then 'view' else 'table' end as kind,
      (
        select attribute.attname from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = class.oid and attribute.attnum > 0 and attribute.attidentity = ''
          and attribute.attgenerated = ''
        order by attribute.attnum limit 1
      ) as column
    from pg_catalog.pg_class as class
    where class.relnamespace = 'public'::regnamespace and class.relkind in ('r', 'p', 'v', 'm', 'f')
    order by 1`;
}

/** By name, with the arguments that they take. */
async function functionsOf(sql: Sql): Promise<Map<string, readonly string[]>> {
  const rows = await sql<{ name: string; args: string[] | null }[]>`
    select proc.proname as name, proc.proargnames as args
    from pg_catalog.pg_proc as proc
    where proc.pronamespace = 'public'::regnamespace and proc.prorettype <> 'trigger'::regtype
    order by 1`;
  return new Map(rows.map(({ name, args }) => [name, args ?? []]));
}

/** Every request to a table, by the letter of the right that it needs. */
function knocksAt({ column }: Relation): readonly [string, HttpRequest][] {
  const where = `?${column}=not.is.null`;
  // A time that has a partition, since Postgres looks for the partition before it checks the right.
  const row = JSON.stringify({ [column]: column.endsWith("_at") ? new Date() : null });
  const prefer = { prefer: "return=minimal" };
  return [
    ["s", { method: "GET", query: `?select=${column}` }],
    ["s", { method: "HEAD", query: `?select=${column}`, headers: { prefer: "count=exact" } }],
    ["i", { method: "POST", body: row, headers: prefer }],
    ["u", { method: "PATCH", query: where, body: row, headers: prefer }],
    ["d", { method: "DELETE", query: where, headers: prefer }],
  ];
}

function ask(rest: Rest, path: string, caller: RestCaller["headers"], shown: HttpRequest) {
  return sendRequest(`${rest.restUrl}/${path}`, {
    ...shown,
    headers: { ...caller, ...Object.fromEntries(new Headers(shown.headers)) },
  });
}

/** Collects unexpected answers, one line each, and counts the questions. */
class Answers {
  asked = 0;
  readonly wrong: string[] = [];

  add(question: string, got: string, wanted: string): void {
    this.asked++;
    if (got !== wanted) this.wrong.push(`${question}: wanted ${wanted}, got ${got}`);
  }
}

/** A HEAD has no body to say why. */
function wordsFor(answer: HttpResponse, { method }: HttpRequest): string {
  return method === "HEAD" ? `${answer.status}` : inWords(answer);
}

function refusalOf({ refusal }: RestCaller, { method }: HttpRequest): string {
  return method === "HEAD" ? refusal.slice(0, 3) : refusal;
}

/** A HEAD counts them. */
function seenIn({ status, text, headers }: HttpResponse, { method }: HttpRequest): string {
  if (status !== 200 && status !== 206) return `${status}`;
  const isEmpty = method === "HEAD" ? headers.get("content-range") === "*/0" : text === "[]";
  return isEmpty ? "no row" : "rows";
}

Deno.test("only the secret key reads, adds, changes or deletes a row, except for what operators read", () =>
  withRest(async (rest) => {
    const { sql } = rest;
    await fillTables(sql);
    const before = [await contentsOf(sql), await structureOf(sql)];
    const answers = new Answers();
    for (const relation of await relationsOf(sql)) {
      const [row] = await sql.unsafe(`select 1 from public.${relation.name} limit 1`);
      ok(row !== undefined, `${relation.name} has a row that could be seen`);
      for (const unknownCaller of await unknownCallersOf(rest)) {
        for (const [right, shown] of knocksAt(relation)) {
          // Postgres refuses to write through a view before it looks at rights.
          if (relation.kind === "view" && right !== "s") continue;
          const answer = await ask(rest, relation.name, unknownCaller.headers, shown);
          const isRead = right === "s" && unknownCaller.isSignedIn === true &&
            OPERATORS_READ.includes(relation.name);
          const question = `${shown.method} ${relation.name} by ${unknownCaller.caller}`;
          if (isRead) {
            const isOperator = unknownCaller.caller === OPERATOR_CALLER;
            answers.add(question, seenIn(answer, shown), isOperator ? "rows" : "no row");
          } else {
            answers.add(question, wordsFor(answer, shown), refusalOf(unknownCaller, shown));
          }
        }
      }
    }
    deepStrictEqual(answers.wrong, []);
    ok(answers.asked > 1_000, `${answers.asked} questions`);
    deepStrictEqual([await contentsOf(sql), await structureOf(sql)], before);
  }));

Deno.test("only the secret key calls a function, except for those that return data to operators", () =>
  withRest(async (rest) => {
    const { sql, keys } = rest;
    await fillTables(sql);
    const before = await contentsOf(sql);
    const answers = new Answers();
    const secret = {
      caller: "secret key",
      headers: { apikey: keys.secretKey },
      refusal: "reached",
    };
    // The key last: its calls may change rows.
    for (const unknownCaller of [...await unknownCallersOf(rest), secret]) {
      for (const [name, args] of await functionsOf(sql)) {
        const nothing = Object.fromEntries(args.map((arg) => [arg, null]));
        const asked: HttpRequest[] = [
          { method: "POST", body: JSON.stringify(nothing) },
          { method: "GET", query: `?${args.map((arg) => `${arg}=`).join("&")}` },
        ];
        for (const shown of asked) {
          const answer = await ask(rest, `rpc/${name}`, unknownCaller.headers, shown);
          // With the key, nulls may be refused by the function itself: the test checks only that it is reached.
          const mayCall = unknownCaller === secret ||
            "isSignedIn" in unknownCaller && OPERATORS_CALL.includes(name);
          const isReached = mayCall && ![401, 403, 404].includes(answer.status);
          answers.add(
            `${shown.method} ${name} by ${unknownCaller.caller}`,
            isReached ? "reached" : inWords(answer),
            mayCall ? "reached" : unknownCaller.refusal,
          );
        }
      }
      if (unknownCaller !== secret) {
        deepStrictEqual(await contentsOf(sql), before, unknownCaller.caller);
      }
    }
    deepStrictEqual(answers.wrong, []);
    ok(answers.asked > 1_000, `${answers.asked} questions`);
  }));

Deno.test("if everything were granted to every caller by mistake, they would still see no row", () =>
  withRest(async (rest) => {
    const { sql } = rest;
    await fillTables(sql);
    await sql.unsafe(`
      grant usage on schema private to anon, authenticated;
      grant all on all tables in schema public, private to anon, authenticated;
      grant usage on all sequences in schema public to anon, authenticated;
      grant execute on all functions in schema public, private to anon, authenticated`).simple();
    const before = await contentsOf(sql);
    const answers = new Answers();
    const limited = limitedCallers(await unknownCallersOf(rest));
    ok(limited.length >= 4, "the publishable key, two users and an operator");
    for (const { name, kind, column } of await relationsOf(sql)) {
      for (const { caller, headers } of limited) {
        // What operators read rests on policies; a view is no more than the tables that it reads.
        const isTheirs = caller === OPERATOR_CALLER &&
          (kind === "view" || OPERATORS_READ.includes(name));
        const { status, text } = await ask(rest, name, headers, { method: "GET" });
        // A view that counts says 0 where it sees nothing.
        const seen = JSON.parse(text.replaceAll(/"[a-z_]+":0,?/g, "").replace(/^\[\{\}\]$/, "[]"));
        if (!isTheirs) {
          answers.add(`${name} by ${caller}`, `${status} ${JSON.stringify(seen)}`, "200 []");
        }
        if (kind === "view") continue;
        const [, , add, change, remove] = knocksAt({ name, kind, column });
        // The refusal comes before any check of missing columns.
        const added = await ask(rest, name, headers, add![1]);
        answers.add(`POST ${name} by ${caller}`, `${added.code}`, "42501");
        for (const [, shown] of [change!, remove!]) await ask(rest, name, headers, shown);
      }
    }
    deepStrictEqual(answers.wrong, []);
    deepStrictEqual(await contentsOf(sql), before);
  }));
