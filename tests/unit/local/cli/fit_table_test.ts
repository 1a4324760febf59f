import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type Column, fitTable, fitText, wrap } from "../../../../local/cli/fit_table.ts";

interface Row {
  readonly id: string;
  readonly name: string;
  readonly why: string;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "id", text: ({ id }) => id, align: "right" },
  { title: "name", text: ({ name }) => name, spare: 1 },
  { title: "why", text: ({ why }) => why, wraps: true },
];
const ROWS: readonly Row[] = [
  { id: "7", name: "A – B", why: "Braze has its schedule" },
  { id: "1001", name: "A long name – Another one", why: "Nothing shows that it was sent so far" },
];

Deno.test("a table is as wide as its texts where nothing limits it", () => {
  deepStrictEqual(fitTable(COLUMNS, ROWS, { width: Infinity }).split("\n"), [
    "  id  name                       why",
    "─".repeat(4 + 2 + 25 + 2 + 37),
    "   7  A – B                      Braze has its schedule",
    "1001  A long name – Another one  Nothing shows that it was sent so far",
  ]);
});

Deno.test("a narrow table leaves out what can be spared, and wraps texts between words", () => {
  deepStrictEqual(fitTable(COLUMNS, ROWS, { width: 32 }).split("\n"), [
    "  id  why",
    "─".repeat(32),
    "   7  Braze has its schedule",
    "1001  Nothing shows that it was",
    "      sent so far",
  ]);
});

Deno.test("no line is longer than the terminal", () => {
  for (let width = 30; width < 90; width++) {
    for (const line of fitTable(COLUMNS, ROWS, { width }).split("\n")) {
      ok([...line].length <= width, `${width}: ${line}`);
    }
  }
});

Deno.test("each line of a coloured row has its colour", () => {
  const lines = fitTable(COLUMNS, ROWS, {
    width: 32,
    colourOf: ({ id }) => id === "1001" ? "red" : null,
  }).split("\n");
  strictEqual(lines[2], "   7  Braze has its schedule");
  strictEqual(lines[3], "\x1b[31m1001  Nothing shows that it was\x1b[0m");
  strictEqual(lines[4], "\x1b[31m      sent so far\x1b[0m");
});

Deno.test("a text that is wrapped keeps its indentation", () => {
  strictEqual(fitText("  all of it", 8), "  all of\n  it");
  strictEqual(fitText("  all of it", Infinity), "  all of it");
});

Deno.test("a word that is longer than a line is cut", () => {
  deepStrictEqual(wrap("go abcdefghij on", 4), ["go", "abcd", "efgh", "ij", "on"]);
  deepStrictEqual(wrap("", 4), [""]);
  deepStrictEqual(wrap("all of it", Infinity), ["all of it"]);
});
