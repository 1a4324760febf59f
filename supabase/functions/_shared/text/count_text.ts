/** A number in a text for people: 1,430. */
export function countText(count: number): string {
  return count.toLocaleString("en-GB");
}
