/**
 * Makes the words of others fit to be kept and shown: an answer of Braze or of the database's gateway may repeat the
 * very key that it was asked with, be endless, or hold what Postgres cannot.
 */
import { createRedaction } from "./log.ts";

const CHARACTERS_MAX = 500;

export type SanitizeText = (text: string) => string;

export function createSanitizeText(secrets: readonly string[]): SanitizeText {
  const redact = createRedaction(secrets);
  return (text) =>
    // First cut out, then cut off: half a key would not be known as one.
    redact(text).slice(0, CHARACTERS_MAX)
      // Well formed only after the cut, which may go through the middle of a character.
      .replaceAll("\u0000", "\ufffd").toWellFormed();
}
