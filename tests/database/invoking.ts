import { type Suite } from "./fixtures.ts";

/** Sends no request, and takes none from the queue before the test has read it. */
export async function holdQueue({ sql }: Suite, secrets: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(secrets)) {
    await sql`select vault.create_secret(${value}, ${name})`;
  }
}
