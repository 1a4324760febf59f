/** Reads the objects in the schemas public and private of a database as text that can be compared. */
import type postgres from "postgres";

/** Keys are objects: `function public.claim_run`, `column public.matches.id`, `privileges on table public.alerts`, … */
export type Catalogue = ReadonlyMap<string, string>;

export interface Difference {
  readonly object: string;
  /** undefined if the object does not exist. */
  readonly schemas: string | undefined;
  readonly migrations: string | undefined;
}

export function compareCatalogues(schemas: Catalogue, migrations: Catalogue): Difference[] {
  const objects = new Set([...schemas.keys(), ...migrations.keys()]);
  return [...objects].sort()
    .map((object) => ({
      object,
      schemas: schemas.get(object),
      migrations: migrations.get(object),
    }))
    .filter((one) => one.schemas !== one.migrations);
}

export function listDifferences(differences: readonly Difference[]): string {
  return differences.map(({ object, schemas, migrations }) =>
    `${object}\n  schemas:    ${schemas ?? "(none)"}\n  migrations: ${migrations ?? "(none)"}`
  ).join("\n");
}

export async function readCatalogue(sql: postgres.ISql): Promise<Catalogue> {
  const rows = await sql.unsafe<{ object: string; text: string }[]>(OBJECTS);
  const catalogue = new Map(rows.map(({ object, text }) => [object, text]));
  const tables = await sql<{ name: string; columns: string[] }[]>`
    select namespace.nspname || '.' || class.relname as name,
      array_agg(quote_ident(attribute.attname) order by attribute.attname) as columns
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = class.relnamespace
    join pg_attribute as attribute on attribute.attrelid = class.oid and attribute.attnum > 0
    where namespace.nspname in ('public', 'private') and class.relkind = 'r' and not class.relispartition
      and not attribute.attisdropped
      -- Times and random keys differ between databases.
      and attribute.atttypid not in ('timestamptz'::regtype, 'bytea'::regtype)
    group by 1`;
  const contents = await sql.unsafe<{ object: string; text: string | null }[]>(
    tables.map(({ name, columns }) =>
      `select 'rows of ${name}' as object, (
        select string_agg(line.text, '; ' order by line.text)
        from (select (row(${columns.join(", ")}))::text as text from ${name}) as line
      ) as text`
    ).join(" union all ") || "select '' as object, null as text where false",
  );
  for (const { object, text } of contents) if (text !== null) catalogue.set(object, text);
  return catalogue;
}

const acl = (column: string, kind: string, owner: string) =>
  `(
  select string_agg(
    case acl.grantee when 0 then 'public' else acl.grantee::regrole::text end || '='
      || acl.privilege_type || case when acl.is_grantable then '*' else '' end,
    ' ' order by acl.grantee::regrole::text collate "C", acl.privilege_type)
  from aclexplode(coalesce(${column}, acldefault('${kind}', ${owner}))) as acl
  where acl.grantee <> ${owner})`;

const OBJECTS = `
with namespaces as (
  select * from pg_namespace where nspname in ('public', 'private')
),
members as (
  select classid, objid from pg_depend where deptype = 'e'
),
relations as (
  select class.*, namespace.nspname || '.' || class.relname as name
  from pg_class as class join namespaces as namespace on namespace.oid = class.relnamespace
  where (1259, class.oid) not in (select classid, objid from members)
),
tables as (
  select * from relations where relkind in ('r', 'p')
),
functions as (
  select proc.*, namespace.nspname || '.' || proc.proname as name
  from pg_proc as proc join namespaces as namespace on namespace.oid = proc.pronamespace
  where proc.prokind in ('f', 'p') and (1255, proc.oid) not in (select classid, objid from members)
),
types as (
  select type.*, namespace.nspname || '.' || type.typname as name
  from pg_type as type join namespaces as namespace on namespace.oid = type.typnamespace
  left join pg_class as class on class.oid = type.typrelid
  where type.typtype in ('e', 'd', 'r') or class.relkind = 'c'
)
select 'schema ' || nspname as object, 'is there' as text from namespaces
union all
select 'privileges on schema ' || nspname, coalesce(${acl("nspacl", "n", "nspowner")}, '')
from namespaces where nspname = 'private'
union all
select 'extension ' || extname, extnamespace::regnamespace::text from pg_extension
union all
select 'type ' || name, concat_ws(', ',
  (select string_agg(enumlabel, ', ' order by enumsortorder) from pg_enum where enumtypid = types.oid),
  (select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum)
   from pg_attribute where attrelid = types.typrelid and attnum > 0 and not attisdropped),
  case typtype when 'd' then format_type(typbasetype, typtypmod) end)
from types
union all
select 'privileges on type ' || name, coalesce(${acl("typacl", "T", "typowner")}, '') from types
union all
select 'table ' || name, concat_ws(' ', relpersistence::text, array_to_string(reloptions, ','),
  case when relrowsecurity then 'row level security' end, case when relforcerowsecurity then 'forced' end,
  'partition by ' || pg_get_partkeydef(oid),
  'partition of ' || (select inhparent::regclass::text from pg_inherits where inhrelid = tables.oid),
  pg_get_expr(relpartbound, oid))
from tables
union all
select 'column ' || name || '.' || attname, concat_ws(' ', format_type(atttypid, atttypmod),
  case when attnotnull then 'not null' end, 'identity ' || nullif(attidentity::text, ''), 'generated ' || nullif(attgenerated::text, ''),
  pg_get_expr(adbin, adrelid), case when attcollation <> typcollation then attcollation::regcollation::text end)
from tables
join pg_attribute on attrelid = tables.oid and attnum > 0 and not attisdropped
join pg_type on pg_type.oid = atttypid
left join pg_attrdef on adrelid = attrelid and adnum = attnum
union all
select 'constraint ' || conname || ' on ' || name,
  pg_get_constraintdef(pg_constraint.oid) || case when convalidated then '' else ' (not validated)' end
from tables join pg_constraint on conrelid = tables.oid and contype <> 'n'
union all
select 'index ' || index.relname || ' on ' || name,
  pg_get_indexdef(indexrelid) || coalesce(' with ' || array_to_string(index.reloptions, ','), '')
    || case when indisvalid then '' else ' (not valid)' end
from tables join pg_index on indrelid = tables.oid join pg_class as index on index.oid = indexrelid
union all
select 'trigger ' || tgname || ' on ' || name, pg_get_triggerdef(pg_trigger.oid) || ' enabled ' || tgenabled::text
from relations join pg_trigger on tgrelid = relations.oid and not tgisinternal
union all
select 'policy ' || polname || ' on ' || name, concat_ws(' ', case when polpermissive then 'permissive' else 'restrictive' end,
  polcmd::text, 'to', array_to_string(array(
    select case role when 0 then 'public' else role::regrole::text end from unnest(polroles) as role order by 1), ', '),
  'using ' || pg_get_expr(polqual, polrelid), 'with check ' || pg_get_expr(polwithcheck, polrelid))
from tables join pg_policy on polrelid = tables.oid
union all
select 'view ' || name, concat_ws(E'\\n', array_to_string(reloptions, ','), pg_get_viewdef(oid))
from relations where relkind in ('v', 'm')
union all
select 'privileges on table ' || name, concat_ws(' ', ${acl("relacl", "r", "relowner")},
  (select string_agg(attname || '(' || ${
  acl("attacl", "c", "relowner")
} || ')', ' ' order by attname)
   from pg_attribute where attrelid = relations.oid and attacl is not null and not attisdropped))
from relations where relkind in ('r', 'p', 'v', 'm')
union all
select 'privileges on sequence ' || name, coalesce(${acl("relacl", "s", "relowner")}, '')
from relations where relkind = 'S'
union all
select 'function ' || name, string_agg(pg_get_functiondef(oid), E'\\n' order by oid::regprocedure::text)
from functions group by name
union all
select 'privileges on function ' || name,
  string_agg(coalesce(${acl("proacl", "f", "proowner")}, ''), '; ' order by oid::regprocedure::text)
from functions group by name
union all
select 'comment on ' || case relkind when 'v' then 'view ' when 'm' then 'view ' when 'i' then 'index ' when 'I' then 'index '
  when 'S' then 'sequence ' when 'c' then 'type ' else 'table ' end || name, description
from relations join pg_description on classoid = 1259 and objoid = relations.oid and objsubid = 0
union all
select 'comment on column ' || name || '.' || attname, description
from relations join pg_attribute on attrelid = relations.oid
join pg_description on classoid = 1259 and objoid = relations.oid and objsubid = attnum and objsubid > 0
union all
select 'comment on function ' || name, string_agg(description, '; ' order by functions.oid::regprocedure::text)
from functions join pg_description on classoid = 1255 and objoid = functions.oid
group by name
union all
select 'comment on schema ' || nspname, description
from namespaces join pg_description on classoid = 2615 and objoid = namespaces.oid where nspname = 'private'
union all
select 'comment on ' || kind || ' ' || part || ' on ' || name, description
from relations
join (
  select 'constraint' as kind, conname as part, conrelid as relation, oid, 'pg_constraint'::regclass as class from pg_constraint
  union all select 'policy', polname, polrelid, oid, 'pg_policy'::regclass from pg_policy
  union all select 'trigger', tgname, tgrelid, oid, 'pg_trigger'::regclass from pg_trigger
) as parts on relation = relations.oid
join pg_description on classoid = class and objoid = parts.oid
union all
select 'comment on type ' || name, description from types join pg_description on classoid = 1247 and objoid = types.oid
union all
select 'default privileges ' || concat_ws(' ', 'of', defaclrole::regrole, 'in ' || nullif(defaclnamespace, 0)::regnamespace,
  'for', defaclobjtype), array_to_string(array(select unnest(defaclacl)::text order by 1), ' ')
from pg_default_acl
union all
select 'cron job ' || coalesce(jobname, jobid::text), concat_ws(' ', schedule, command, case when active then 'active' else 'off' end)
from cron.job
`;
