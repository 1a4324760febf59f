const CHARACTERS_MAX = 500;
const CHARACTERS = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * Truncates external text for use in a message or a reason, to `charactersMax` UTF-16 units and an ellipsis. It cuts
 * between characters as people see them: neither a surrogate pair nor a letter and its accents are split.
 */
export function truncate(text: string, charactersMax = CHARACTERS_MAX): string {
  if (text.length <= charactersMax) return text;
  const end = CHARACTERS.segment(text).containing(charactersMax)?.index ?? charactersMax;
  // One "character" may be as long as its author likes.
  const kept = end > charactersMax / 2 ? text.slice(0, end) : text.slice(0, charactersMax);
  return `${kept.isWellFormed() ? kept : kept.slice(0, -1)}…`;
}
