/** Reads `Retry-After`: seconds from now, or an HTTP date; null when it is missing or invalid. */
export function readRetryAfter(text: string | null, now: Date): Date | null {
  if (text === null) return null;
  if (/^\s*[0-9]{1,12}\s*$/.test(text)) return new Date(now.getTime() + Number(text) * 1_000);
  const date = / GMT$/.test(text) ? new Date(text) : null;
  return date === null || Number.isNaN(date.getTime()) ? null : date;
}
