/**
 * Sanitizes external text before it is stored or shown: a response of Braze or of the database's gateway may repeat the
 * API key, be very long, or contain characters that Postgres cannot store.
 */
import { createRedaction } from "./log.ts";

const CHARACTERS_MAX = 500;

export type SanitizeText = (text: string) => string;

export function createSanitizeText(secrets: readonly string[]): SanitizeText {
  const redact = createRedaction(secrets);
  return (text) =>
    // Redact before truncating: a truncated key would not be recognised.
    redact(text).slice(0, CHARACTERS_MAX)
      // toWellFormed() after truncating, which may split a surrogate pair.
      .replaceAll("\u0000", "\ufffd").toWellFormed();
}
