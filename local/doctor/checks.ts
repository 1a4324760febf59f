/**
 * Checks everything that a push needs before it can go out, without sending a push.
 *
 * All checks run even if one fails, so that one call reports every problem.
 */
import { readEnvironment } from "../../supabase/functions/_shared/runtime/config.ts";
import { createSanitizeText } from "../../supabase/functions/_shared/runtime/sanitize_text.ts";
import { checkAudiences } from "./audiences.ts";
import { checkBraze } from "./braze.ts";
import { checkChat } from "./chat.ts";
import { checkDatabase } from "./database.ts";
import { readDatabaseUrl } from "./database_url.ts";
import { type Finding, ok, wrong } from "./finding.ts";
import { checkFunctions } from "./functions.ts";
import { checkIngestDoor } from "./ingest_door.ts";
import { checkJournal } from "./journal.ts";
import type { DoctorTarget } from "./target.ts";
import { checkRest } from "./rest.ts";

export async function runChecks(target: DoctorTarget): Promise<readonly Finding[]> {
  let environment;
  try {
    environment = readEnvironment(target.env);
  } catch (error) {
    // The message names variables, never their values.
    const says = error instanceof Error ? error.message : String(error);
    const variables = wrong(
      "variables",
      says,
      "Set them as docs/deploy.md says; what needs them is looked at after that",
    );
    if (target.databaseUrl === null) return [variables];
    const findings = await checkDatabase({ ...target, environment: null });
    return hideSecrets([variables, ...findings], databaseSecrets(target));
  }
  const configured = { ...target, environment };
  const parts = await Promise.all([
    checkBraze(configured),
    checkJournal(configured),
    checkRest(configured),
    checkAudiences(configured),
    checkDatabase(configured),
    checkFunctions(configured),
    checkIngestDoor(configured),
    checkChat(configured),
  ]);
  const findings = [ok("variables", "complete and well formed"), ...parts.flat()];
  return hideSecrets(findings, [...environment.secrets, ...databaseSecrets(target)]);
}

function databaseSecrets({ databaseUrl }: DoctorTarget): readonly string[] {
  const read = databaseUrl === null ? null : readDatabaseUrl(databaseUrl);
  return read?.ok ? read.secrets : [];
}

function hideSecrets(findings: readonly Finding[], secrets: readonly string[]): Finding[] {
  const quote = createSanitizeText([...secrets]);
  return findings.map(({ says, ...finding }) => ({ ...finding, says: quote(says) }));
}
