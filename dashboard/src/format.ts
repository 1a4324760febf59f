/** Formats numbers and names. Pure. */

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : value.toLocaleString("en-GB");
}

export function signed(value: number | null): string {
  if (value === null) return "–";
  return value > 0 ? `+${count(value)}` : value < 0 ? `−${count(-value)}` : "0";
}

export function percent(share: number | null, digits = 1): string {
  if (share === null) return "–";
  // Never rounds a share below 1 up to 100 %.
  const shown = share < 1 ? Math.min(share * 100, 100 - 10 ** -digits) : share * 100;
  return `${shown.toFixed(share === 0 || share === 1 ? 0 : digits)} %`;
}

export function range(min: number | null, max: number | null, one: number | null): string {
  if (min === null || max === null || min === max) return count(one);
  return `${count(min)}–${count(max)}`;
}

export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** "braze-preflight-check" and "count_mismatch" in words. */
export function words(name: string): string {
  const text = name.replaceAll(/[_-]/g, " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
