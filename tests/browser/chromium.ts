/** Where Chromium is: said by TEST_CHROMIUM, or where Linux distributions put it. */

const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/snap/bin/chromium",
];

export function findChromium(
  said = Deno.env.get("TEST_CHROMIUM"),
  places: readonly string[] = PLACES,
): string | undefined {
  return (said === undefined ? places : [said]).find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}
