/** The text of a migration that carries a database to what the schemas say. Pure. */
import type { Difference } from "./catalogue.ts";
import type { Statement } from "./schemas.ts";

/** Objects that can be replaced at any time, so that a migration holds their complete definition. */
const MADE_ANEW = /^(?:function|view|policy|trigger|cron job|comment on|privileges on) /;
/** What must go before a table changes under it, since none of these can be replaced by another one of its name. */
const DROPPED_FIRST = /^(?:view|policy|trigger) /;
const RESULT = /^CREATE OR REPLACE FUNCTION (.*)\n RETURNS (.*)$/m;

export interface Split {
  /** Statements for these can be generated. */
  readonly generated: readonly Difference[];
  /** A person has to say how the rows that are there get there. */
  readonly byHand: readonly Difference[];
}

/** New tables and types need no `alter`: they come whole, with all that is theirs. */
export function splitDifferences(differences: readonly Difference[]): Split {
  const isNew = (object: string) =>
    differences.some((one) => one.object === object && one.migrations === undefined);
  const generated = differences.filter(({ object }) => {
    if (MADE_ANEW.test(object)) return true;
    const owner = /^(?:table|type) /.test(object) ? object : `table ${tableOf(object)}`;
    return isNew(owner);
  });
  return { generated, byHand: differences.filter((one) => !generated.includes(one)) };
}

function tableOf(object: string): string | undefined {
  const [, column] = /^column (.*)\.\w+$/.exec(object) ?? [];
  return column ?? /(?: on | of )([\w.]+)$/.exec(object)?.[1];
}

/** Runs before what is written by hand. */
export function writeDrops(differences: readonly Difference[]): readonly string[] {
  const gone = differences.filter(({ object, schemas, migrations }) =>
    migrations !== undefined && (
      DROPPED_FIRST.test(object) ||
      /^(?:function|cron job) /.test(object) && schemas === undefined ||
      object.startsWith("function ") && resultOf(schemas) !== resultOf(migrations)
    )
  );
  // A trigger or policy may call a function that goes as well, and a view may too.
  const order = ["cron job", "trigger", "policy", "view", "function"];
  const rank = ({ object }: Difference) => order.findIndex((kind) => object.startsWith(kind));
  return gone.toSorted((a, b) => rank(a) - rank(b)).map(({ object }) =>
    object.startsWith("cron job ")
      ? `select cron.unschedule('${object.slice("cron job ".length)}');`
      : `drop ${object};`
  );
}

/** Parameters and result: where they change, a function cannot be replaced. */
function resultOf(definition: string | undefined): string | undefined {
  const [, parameters, result] = RESULT.exec(definition ?? "") ?? [];
  return parameters === undefined ? undefined : `${parameters} ${result}`;
}

/** Runs after what is written by hand, on what that left different. */
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
