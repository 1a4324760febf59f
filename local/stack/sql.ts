/** Database connections of the stack itself. */
import postgres from "postgres";

export type Sql = postgres.Sql;

export function connectSql(
  url: string,
  options: { readonly max?: number; readonly applicationName?: string } = {},
): Sql {
  return postgres(url, {
    max: options.max ?? 4,
    onnotice() {},
    connection: {
      application_name: options.applicationName ?? "local stack",
      TimeZone: "UTC",
    },
  });
}
