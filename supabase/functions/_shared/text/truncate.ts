const CHARACTERS_MAX = 500;

/** Truncates external text for use in a message or a reason. */
export function truncate(text: string): string {
  if (text.length <= CHARACTERS_MAX) return text;
  // Truncating may split a surrogate pair.
  return `${text.slice(0, CHARACTERS_MAX).toWellFormed()}…`;
}
