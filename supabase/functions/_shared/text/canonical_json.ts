/** JSON with sorted names, so that equal values have equal texts (for keys and hashes). */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, held: unknown) => {
    if (typeof held !== "object" || held === null || Array.isArray(held)) return held;
    return Object.fromEntries(
      Object.entries(held).sort(([a], [b]) => a < b ? -1 : a > b ? 1 : 0),
    );
  });
}
