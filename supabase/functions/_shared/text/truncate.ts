const CHARACTERS_MAX = 500;

/** What others sent, where it is only named: in a message, a reason. */
export function truncate(text: string): string {
  if (text.length <= CHARACTERS_MAX) return text;
  // A pair of surrogates may have been cut in two.
  return `${text.slice(0, CHARACTERS_MAX).toWellFormed()}…`;
}
