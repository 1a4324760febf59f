/** Builds the database from the schemas, for comparison with what the migrations build. */
import { StackFailure } from "../lib/failure.ts";
import { bootstrap } from "../stack/project.ts";
import type { Sql } from "../stack/sql.ts";
import { type SchemaFile, statementsOf } from "./schemas.ts";

/** As `prepareProject()`, from the schemas themselves; nothing is recorded of it. */
export async function prepareFromSchemas(sql: Sql, files: readonly SchemaFile[]): Promise<void> {
  await bootstrap(sql);
  await sql.begin(async (transaction) => {
    for (const { text } of statementsOf(files)) {
      await transaction.unsafe(text).simple().catch((error: Error) => {
        throw new StackFailure(
          `Cannot apply the schemas: each statement must run, got "${error.message}"\n${text}`,
        );
      });
    }
  });
}
