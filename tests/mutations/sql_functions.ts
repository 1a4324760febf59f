/** Where each SQL function is made as it is now: later migrations make some anew, rename, move or drop them. Pure. */

export interface Migration {
  readonly file: string;
  readonly text: string;
}

export interface Place {
  readonly file: string;
  /** From its `create` up to the end of its body, as places in the text of the migration. */
  readonly from: number;
  readonly until: number;
}

const STATEMENT = new RegExp(
  [
    String.raw`^create (?:or replace )?function (?<created>[\w.]+)\(`,
    String.raw`^alter function (?<renamed>[\w.]+)\([^)]*\)\s+rename to (?<name>\w+);`,
    String.raw`^alter function (?<moved>[\w.]+)\([^)]*\)\s+set schema (?<schema>\w+);`,
    String.raw`^drop function (?:if exists )?(?<dropped>[\w.]+)\b`,
  ].join("|"),
  "gm",
);
const END_OF_BODY = "\n$$;";

/** By name, without parentheses. `migrations` in the order in which they are applied. */
export function findFunctions(migrations: readonly Migration[]): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  for (const { file, text } of migrations) {
    for (const { index, groups } of text.matchAll(STATEMENT)) {
      const { created, renamed, name, moved, schema, dropped } = groups ?? {};
      if (created !== undefined) {
        const end = text.indexOf(END_OF_BODY, index);
        places.set(created, { file, from: index, until: end < 0 ? text.length : end });
      }
      const gone = renamed ?? moved ?? dropped;
      if (gone === undefined) continue;
      const place = places.get(gone);
      places.delete(gone);
      if (place === undefined || dropped !== undefined) continue;
      const [oldSchema, oldName] = gone.split(".");
      places.set(`${schema ?? oldSchema}.${name ?? oldName}`, place);
    }
  }
  return places;
}
