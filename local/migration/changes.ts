/** Generates the statements of a migration that changes a database to match the schemas. Pure. */
import type { Difference } from "./catalogue.ts";
import type { Statement } from "./schemas.ts";

/** Objects that can be recreated at any time, so that a migration holds their whole text. */
const RECREATED = /^(?:function|view|policy|trigger|cron job|comment on|privileges on) /;
/** Objects that are dropped before a change of their table, since they cannot be replaced under the same name. */
const DROPPED_FIRST = /^(?:view|policy|trigger) /;
const RESULT = /^CREATE OR REPLACE FUNCTION (.*)\n RETURNS (.*)$/m;

export interface Split {
  /** The task generates statements for these. */
  readonly generated: readonly Difference[];
  /** A person writes statements for these, since existing rows may need a conversion. */
  readonly byHand: readonly Difference[];
}

/** New tables and types need no `alter`: they are created whole, with their columns, constraints and indexes. */
export function splitDifferences(differences: readonly Difference[]): Split {
  const isNew = (object: string) =>
    differences.some((one) => one.object === object && one.migrations === undefined);
  const generated = differences.filter(({ object }) => {
    if (RECREATED.test(object)) return true;
    const owner = /^(?:table|type) /.test(object) ? object : `table ${tableOf(object)}`;
    return isNew(owner);
  });
  return { generated, byHand: differences.filter((one) => !generated.includes(one)) };
}

function tableOf(object: string): string | undefined {
  const [, column] = /^column (.*)\.\w+$/.exec(object) ?? [];
  return column ?? /(?: on | of )([\w.]+)$/.exec(object)?.[1];
}

/** The statements that run before the part written by hand. */
export function writeDrops(differences: readonly Difference[]): readonly string[] {
  const gone = differences.filter(({ object, schemas, migrations }) =>
    migrations !== undefined && (
      DROPPED_FIRST.test(object) ||
      /^(?:function|cron job) /.test(object) && schemas === undefined ||
      object.startsWith("function ") && resultOf(schemas) !== resultOf(migrations)
    )
  );
  // A trigger, policy or view may call a function that is dropped too.
  const order = ["cron job", "trigger", "policy", "view", "function"];
  const rank = ({ object }: Difference) => order.findIndex((kind) => object.startsWith(kind));
  return gone.toSorted((a, b) => rank(a) - rank(b)).map(({ object }) =>
    object.startsWith("cron job ")
      ? `select cron.unschedule('${object.slice("cron job ".length)}');`
      : `drop ${object};`
  );
}

/** Parameters and result; if they change, the function cannot be replaced. */
function resultOf(definition: string | undefined): string | undefined {
  const [, parameters, result] = RESULT.exec(definition ?? "") ?? [];
  return parameters === undefined ? undefined : `${parameters} ${result}`;
}

/** The statements that run after the part written by hand, for the remaining differences. */
export function writeChanges(
  differences: readonly Difference[],
  statements: readonly Statement[],
): readonly string[] {
  const objects = new Set(differences.map(({ object }) => object));
  const made = statements.filter(({ object }) => objects.has(object))
    .map(({ text }) => `${text.replace(/^create function /m, "create or replace function ")};`);
  const commentsGone = differences
    .filter(({ object, schemas }) => object.startsWith("comment on ") && schemas === undefined)
    .map(({ object }) => `${object} is null;`);
  return [...made, ...commentsGone];
}
