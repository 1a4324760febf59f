/** Reads `supabase/schemas`, the source of the database: its files in the order in which they apply, and the object of each statement. */
import { StackFailure } from "../lib/failure.ts";
import { splitStatements } from "../lib/split_statements.ts";

export interface SchemaFile {
  /** Relative to the folder of the schemas: `20_runs/claim_run.sql`. */
  readonly path: string;
  readonly text: string;
}

export interface Statement {
  /** The object that it creates or describes, as the catalogue names it. */
  readonly object: string;
  readonly text: string;
}

/** Tables come before the objects that use them; other files are in order of their names. */
const FIRST_IN_FOLDER = "tables.sql";

const COMMENTS = /^(?:\s|--[^\n]*\n)+/;
const NAME = String.raw`[\w.]+`;
const OBJECTS: readonly (readonly [RegExp, (...groups: string[]) => string])[] = [
  [re`create schema (?:if not exists )?(${NAME})`, (name) => `schema ${name}`],
  [re`create extension (?:if not exists )?(${NAME})`, (name) => `extension ${name}`],
  [re`create type (${NAME})`, (name) => `type ${name}`],
  // In a block, since another database of the server may have made it.
  [re`do [^;]*?create role (\w+)`, (name) => `role ${name}`],
  [re`create table (${NAME})`, (name) => `table ${name}`],
  [re`alter table (${NAME}) enable row level security$`, (name) => `table ${name}`],
  [re`create (?:unique )?index (\w+) on (${NAME})`, (name, table) => `index ${name} on ${table}`],
  [re`create function (${NAME})`, (name) => `function ${name}`],
  [re`create view (${NAME})`, (name) => `view ${name}`],
  [re`create policy (\w+) on (${NAME})`, (name, table) => `policy ${name} on ${table}`],
  [
    re`create trigger (\w+)\s[^;]*?\son (${NAME})`,
    (name, table) => `trigger ${name} on ${table}`,
  ],
  [re`comment on (\w+) (${NAME})`, (kind, name) => `comment on ${kind} ${name}`],
  [
    re`(?:grant|revoke)\s[^;]*?\son (?:(function|table|sequence|schema|type) )?(${NAME})`,
    (kind, name) => `privileges on ${kind ?? "table"} ${name}`,
  ],
  [re`select cron\.schedule\('([^']+)'`, (name) => `cron job ${name}`],
  [re`insert into (${NAME})`, (name) => `rows of ${name}`],
  [re`select private\.ensure_partitions\(`, () => "rows of private.event_partitions"],
];

export async function readSchemas(folder: URL): Promise<readonly SchemaFile[]> {
  const files: SchemaFile[] = [];
  for (const directory of await namesIn(folder, ({ isDirectory }) => isDirectory)) {
    const inside = new URL(`${directory}/`, folder);
    const names = await namesIn(inside, ({ isFile, name }) => isFile && name.endsWith(".sql"));
    for (const name of names) {
      const text = await Deno.readTextFile(new URL(name, inside));
      files.push({ path: `${directory}/${name}`, text });
    }
  }
  return inOrder(files);
}

export function inOrder(files: readonly SchemaFile[]): readonly SchemaFile[] {
  const key = ({ path }: SchemaFile) => {
    const [folder, name] = path.split("/") as [string, string];
    return `${folder}/${name === FIRST_IN_FOLDER ? "" : name}`;
  };
  return files.toSorted((a, b) => key(a) < key(b) ? -1 : 1);
}

export function statementsOf(files: readonly SchemaFile[]): readonly Statement[] {
  return files.flatMap(({ path, text }) =>
    splitStatements(text).map((statement) => ({
      object: objectOf(statement, path),
      text: statement,
    }))
  );
}

function objectOf(statement: string, path: string): string {
  const text = statement.replace(COMMENTS, "");
  for (const [pattern, name] of OBJECTS) {
    const match = pattern.exec(text);
    if (match !== null) return name(...match.slice(1) as string[]);
  }
  throw new StackFailure(
    `Cannot read ${path}: each statement must create an object, comment on it, grant, revoke, insert rows or ` +
      `schedule a job, got\n${statement}`,
  );
}

function re({ raw }: TemplateStringsArray, ...values: readonly string[]): RegExp {
  return new RegExp(`^${String.raw({ raw }, ...values)}`, "i");
}

async function namesIn(folder: URL, is: (entry: Deno.DirEntry) => boolean): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.filter(is).map(({ name }) => name).sort();
}
