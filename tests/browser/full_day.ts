/** 150 matches with the longest real names, at three widths. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Page } from "playwright-core";
import type { VerdictName } from "../../dashboard/src/rows.ts";
import { open, rowsOf, tooWide } from "./browser.ts";
import type { Check } from "./data.ts";
import { answerVerdicts, madeAlert, madeVerdict } from "./made_verdicts.ts";
import { keepPicture } from "./visual.ts";

const NAMES = [
  "Nooit Opgeven Altijd Doorzetten Aangenaam Door Vermaak En Nuttig Door Ontspanning Combinatie Breda",
  "Clwb Pêl Droed Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
  "Wolverhampton Wanderers Football Club",
  "Borussia Verein für Leibesübungen 1900 Mönchengladbach",
  "1. Fußball-Club Köln 01/07",
  "Brighton & Hove Albion",
  "Ajax",
];
const VERDICTS: readonly VerdictName[] = [
  "went_out",
  "went_out",
  "went_out",
  "scheduled",
  "confirmed_manually",
  "went_out",
  "will_not_go",
  "going_out",
  "in_doubt",
  "did_not_go",
  "called_off",
  "not_wanted",
];
const MATCHES = 150;
export const WIDTHS = [1_440, 1_024, 390] as const;

const DAY = Array.from({ length: MATCHES }, (_, index) =>
  madeVerdict({
    verdict: VERDICTS[index % VERDICTS.length]!,
    home: NAMES[index % NAMES.length]!,
    away: NAMES[(index + 3) % NAMES.length]!,
    changes: index % 10 === 6
      ? {
        alerts: [
          madeAlert("brought_forward_inside_freeze", "critical", "The kick-off moved too late"),
          madeAlert("unmanaged_send_expected", "warning", "Braze is to send what nobody planned"),
          madeAlert("low_confidence_share", "info", "Events carry no ids"),
        ],
      }
      : {},
  }, index));

const CAPTION = "Matches of the day, worst first";

export const checkFullDay: Check = async (page, { pages }) => {
  await answerVerdicts(page, DAY);
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      const height = width === 390 ? 844 : 900;
      await page.setViewportSize({ width, height });
      await open(page, pages.operator, "tonight");
      strictEqual(await page.locator(".night tbody tr").count(), MATCHES);
      ok(await tooWide(page) <= 0, `150 matches need no sideways scrolling at ${width} px`);
      const tallest = await page.locator(".night tbody tr").evaluateAll((rows) =>
        Math.max(...rows.map((row) => row.getBoundingClientRect().height))
      );
      ok(tallest < height / 2, `a row is ${tallest} px high at ${width} px`);
      await page.evaluate(() => scrollTo(0, 0));
      await keepPicture(page, `full_day_${colorScheme}_${width}`, false);
      await checkHeader(page, width);
      await keepPicture(page, `full_day_${colorScheme}_${width}_scrolled`, false);
    }
  }
};

/** Navigation, count of alerts and clock stay; so do the titles of the columns, where there are columns. */
async function checkHeader(page: Page, width: number) {
  await page.evaluate(() => scrollTo(0, 3_000));
  const tops = await page.evaluate(() =>
    ["header.top", ".night thead th"].map((selector) => {
      const box = document.querySelector(selector)!.getBoundingClientRect();
      return { top: box.top, bottom: box.bottom };
    })
  );
  const [top, titles] = tops;
  strictEqual(top?.top, 0);
  if (width > 760) strictEqual(Math.round(titles!.top), Math.round(top!.bottom));
}

export const checkSearch: Check = async (page, { pages }) => {
  await answerVerdicts(page, DAY);
  await open(page, pages.operator, "tonight");
  const search = page.getByRole("searchbox");
  const shown = async () => (await rowsOf(page, CAPTION)).length;
  const found = async (text: string) => {
    await search.fill(text);
    await page.waitForFunction(
      (text) => decodeURIComponent(location.hash).replaceAll("+", " ").includes(text),
      text,
    );
    return await shown();
  };
  strictEqual(await found("1077"), 1, "by id");
  strictEqual(await found("koln breda"), 0 + DAY.filter(isOf("Köln", "Breda")).length, "by teams");
  strictEqual(await found("in doubt"), DAY.filter(({ verdict }) => verdict === "in_doubt").length);
  strictEqual(await found("brought forward"), DAY.filter(({ alerts }) => alerts.length > 0).length);
  await search.fill("nobody plays here");
  await page.getByText("No match is found").waitFor();
  await search.fill("");
  await page.getByRole("button", { name: /^Confirmed by a person/ }).click();
  const rows = await rowsOf(page, CAPTION);
  deepStrictEqual(
    new Set(rows.map(({ Verdict }) => Verdict?.slice(0, 23))),
    new Set(["✎ Confirmed by a person"]),
  );
  // The link leads to the same list.
  const address = page.url();
  await page.goto("about:blank");
  await page.goto(address);
  await page.locator(".night").waitFor();
  strictEqual(await shown(), rows.length);
};

function isOf(one: string, other: string) {
  return ({ home_team, away_team }: { home_team: string; away_team: string }) => {
    const names = `${home_team} ${away_team}`;
    return names.includes(one) && names.includes(other);
  };
}
