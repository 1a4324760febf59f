/** Compares names as people read them: without accents, case and punctuation. Pure. */

/** Letters that Unicode does not decompose. */
const PLAIN = new Map([["ø", "o"], ["đ", "d"], ["ł", "l"], ["ß", "ss"], ["æ", "ae"], ["œ", "oe"]]);
/** Words that clubs add or leave out. */
const LETTERS_A_WORD_MIN = 3;
/** Of the longer name: more differing letters are another name. */
const DIFFERING_SHARE_MAX = 0.34;

export function foldName(name: string): string {
  const plain = name.normalize("NFKD").replaceAll(/\p{M}/gu, "").toLowerCase()
    .replaceAll(/[øđłßæœ]/g, (letter) => PLAIN.get(letter) ?? letter);
  return plain.replaceAll(/[^\p{L}\p{N}]+/gu, " ").trim();
}

/** Whether one name has all words of the other: "Newcastle" and "Newcastle United". */
export function hasWordsOf(one: string, other: string): boolean {
  const [few, many] = [foldName(one).split(" "), foldName(other).split(" ")]
    .sort((a, b) => a.length - b.length) as [string[], string[]];
  return few.some((word) => word.length >= LETTERS_A_WORD_MIN) &&
    few.every((word) => many.includes(word));
}

/** The known name that `name` most likely stands for; null when none is like it. */
export function nearestName(name: string, known: Iterable<string>): string | null {
  let nearest: string | null = null;
  let least = DIFFERING_SHARE_MAX;
  for (const candidate of [...known].sort()) {
    const difference = differenceOf(name, candidate);
    if (difference < least) {
      nearest = candidate;
      least = difference;
    }
  }
  return nearest;
}

/** 0: alike when folded; 1: nothing in common. */
function differenceOf(one: string, other: string): number {
  const [a, b] = [foldName(one), foldName(other)];
  if (a === b) return 0;
  const share = editsBetween(a, b) / Math.max(a.length, b.length);
  return hasWordsOf(one, other) ? Math.min(share, DIFFERING_SHARE_MAX / 2) : share;
}

/** The Levenshtein distance. */
function editsBetween(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row.push(Math.min(
        previous[j]! + 1,
        row[j - 1]! + 1,
        previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1),
      ));
    }
    previous = row;
  }
  return previous[b.length]!;
}
