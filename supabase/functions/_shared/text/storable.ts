/** Finds values that Postgres cannot store as jsonb: one such event would make it refuse the whole batch. */

export const DEPTH_MAX = 64;
export const TOO_DEEP = `JSON must not be nested deeper than ${DEPTH_MAX} levels`;

/** Why `value` cannot be stored, or null. `value` comes from JSON.parse. */
export function whyNotStorable(value: unknown, depth = 0): string | null {
  if (typeof value === "string") {
    if (value.includes("\u0000")) return "Text must not hold NUL";
    return value.isWellFormed() ? null : "Text must not hold a lone surrogate";
  }
  if (typeof value !== "object" || value === null) return null;
  if (depth >= DEPTH_MAX) return TOO_DEEP;
  for (const [key, inner] of Object.entries(value)) {
    const reason = (Array.isArray(value) ? null : whyNotStorable(key)) ??
      whyNotStorable(inner, depth + 1);
    if (reason !== null) return reason;
  }
  return null;
}
