/**
 * Looks at everything that must be right before a push can go out, without sending anything.
 *
 * Where one thing is wrong the rest is still looked at, so that one call tells of all there is to mend.
 */
import { readEnvironment } from "../../supabase/functions/_shared/config.ts";
import { createQuote } from "../../supabase/functions/_shared/quotation.ts";
import { examineBraze } from "./braze.ts";
import { examineDatabase } from "./database.ts";
import { type Finding, ok, wrong } from "./finding.ts";
import { examineFunctions } from "./functions.ts";
import { examineJournal } from "./journal.ts";
import type { Patient } from "./target.ts";
import { examineRest } from "./rest.ts";

export async function examine(patient: Patient): Promise<readonly Finding[]> {
  let environment;
  try {
    environment = readEnvironment(patient.env);
  } catch (error) {
    // It names variables and never their values.
    const says = error instanceof Error ? error.message : String(error);
    return [
      wrong("variables", says, "Set them as docs/deploy.md says; all else is looked at after that"),
    ];
  }
  const configured = { ...patient, environment };
  const parts = await Promise.all([
    examineBraze(configured),
    examineJournal(configured),
    examineRest(configured),
    examineDatabase(configured),
    examineFunctions(configured),
  ]);
  const findings = [ok("variables", "complete and well formed"), ...parts.flat()];
  const password = patient.databaseUrl === null ? "" : new URL(patient.databaseUrl).password;
  const quote = createQuote([
    ...environment.secrets,
    ...(password === "" ? [] : [password, decodeURIComponent(password)]),
  ]);
  return findings.map(({ says, ...finding }) => ({ ...finding, says: quote(says) }));
}
