/** Formats the issues of a schema as one line. */
import type { z } from "zod";

export function issueLine(what: string, error: z.ZodError): string {
  const issues = error.issues.map(({ path, message }) => `${path.join(".") || "body"}: ${message}`);
  return `${what} must fit its shape, got ${issues.slice(0, 5).join("; ")}`;
}
