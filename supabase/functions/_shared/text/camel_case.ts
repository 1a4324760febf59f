/** Names are snake_case in JSON (of the database, of Braze) and camelCase in TypeScript. Both directions are here. */
import { z } from "zod";

export type CamelCase<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<CamelCase<Rest>>}`
  : Name;

type CamelCaseKeys<Columns> = {
  [Column in keyof Columns as CamelCase<Column & string>]: Columns[Column];
};

/**
 * A JSON object whose keys become camelCase: those of `columns`, and no others. The values stay as they are, so a
 * payload keeps its own keys; an object inside a row is a `row` itself.
 */
export function row<Columns extends z.ZodRawShape>(columns: Columns) {
  const names = Object.keys(columns).map((column) => [column, camelCase(column)] as const);
  return z.object(columns).transform((found) => {
    const values: Readonly<Record<string, unknown>> = found;
    return Object.fromEntries(
      names.map(([column, name]) => [name, values[column]]),
    ) as CamelCaseKeys<typeof found>;
  });
}

/** The same object with snake_case keys. The values stay as they are. */
export function snakeCase(object: object): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object).map(([name, value]) => [snakeCaseName(name), value]),
  );
}

export function snakeCaseName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
