/** Tables that fit the terminal: columns that can be spared go first, then texts wrap between words. Pure. */

const GAP = 2;
/** A text column is never narrower. */
const TEXT_CHARACTERS_MIN = 40;

export interface Column<Row> {
  readonly title: string;
  text(row: Row): string;
  readonly align?: "right";
  /** Its text may take several lines. */
  readonly wraps?: true;
  /** Left out where the terminal is too narrow; the highest number first. */
  readonly spare?: number;
}

const COLOURS = { red: 31, green: 32, yellow: 33 } as const;
export type Colour = keyof typeof COLOURS;

export interface FitOptions<Row> {
  /** Characters in a line; Infinity where nothing limits them. */
  readonly width: number;
  /** Of a whole row. */
  readonly colourOf?: (row: Row) => Colour | null;
}

export function fitTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { width, colourOf = () => null }: FitOptions<Row>,
): string {
  const fitting = [...columns];
  while (leastWidth(fitting, rows) > width) {
    const spare = fitting.filter((column) => column.spare !== undefined)
      .sort((a, b) => b.spare! - a.spare!)[0];
    if (spare === undefined) break;
    fitting.splice(fitting.indexOf(spare), 1);
  }
  const widths = widthsOf(fitting, rows, width);
  const line = (texts: readonly string[]) =>
    texts.map((text, index) =>
      fitting[index]?.align === "right"
        ? text.padStart(widths[index]!)
        : text.padEnd(widths[index]!)
    ).join(" ".repeat(GAP)).trimEnd();
  const body = rows.flatMap((row) => {
    const cells = fitting.map((column, index) => wrap(column.text(row), widths[index]!));
    const height = Math.max(...cells.map((cell) => cell.length));
    const colour = colourOf(row);
    return Array.from({ length: height }, (_, at) => {
      const text = line(cells.map((cell) => cell[at] ?? ""));
      return colour === null ? text : `\x1b[${COLOURS[colour]}m${text}\x1b[0m`;
    });
  });
  const head = line(fitting.map(({ title }) => title));
  return [head, "─".repeat(widths.reduce((sum, it) => sum + it + GAP, -GAP)), ...body].join("\n");
}

/** Wraps a text and keeps its indentation. */
export function fitText(text: string, width: number): string {
  const [indent = ""] = /^ */.exec(text) ?? [];
  return wrap(text.slice(indent.length), width - indent.length)
    .map((line) => indent + line).join("\n");
}

/** Between words; a word that is longer than a line is cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (let word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length <= width) {
      line += ` ${word}`;
      continue;
    }
    if (line !== "") lines.push(line);
    for (; word.length > width; word = word.slice(width)) lines.push(word.slice(0, width));
    line = word;
  }
  return [...lines, line];
}

function naturalWidth<Row>(column: Column<Row>, rows: readonly Row[]): number {
  return rows.reduce(
    (most, row) => Math.max(most, column.text(row).length),
    column.title.length,
  );
}

function leastWidth<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): number {
  return columns.reduce((sum, column) => {
    const natural = naturalWidth(column, rows);
    return sum + GAP + (column.wraps ? Math.min(natural, TEXT_CHARACTERS_MIN) : natural);
  }, -GAP);
}

/** Texts share what the other columns leave. */
function widthsOf<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): number[] {
  const naturals = columns.map((column) => naturalWidth(column, rows));
  const isText = columns.map((column) => column.wraps === true);
  const sumOf = (kind: boolean) =>
    naturals.reduce((sum, natural, index) => isText[index] === kind ? sum + natural : sum, 0);
  const left = width - sumOf(false) - GAP * (columns.length - 1);
  const wanted = sumOf(true);
  if (wanted <= left) return naturals;
  return naturals.map((natural, index) =>
    isText[index] ? Math.max(1, Math.min(natural, Math.floor(left * natural / wanted))) : natural
  );
}
