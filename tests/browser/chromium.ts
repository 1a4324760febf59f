/** The path of Chromium: from TEST_CHROMIUM, or the usual places of Linux distributions. */

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
