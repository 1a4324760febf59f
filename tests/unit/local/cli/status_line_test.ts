import { deepStrictEqual } from "node:assert/strict";
import { withStatus } from "../../../../local/cli/status_line.ts";

function written(isTerminal: boolean): string[] {
  const texts: string[] = [];
  const stream = {
    isTerminal: () => isTerminal,
    writeSync(bytes: Uint8Array) {
      texts.push(new TextDecoder().decode(bytes));
      return bytes.length;
    },
  };
  const writer = withStatus({ line: (text) => void texts.push(`${text}\n`) }, stream, 10);
  writer.status("34 %, about 2 min left");
  writer.line("07:00");
  writer.status("");
  return texts;
}

Deno.test("a status is replaced, stays below the lines, and is cut at the width of the terminal", () => {
  const clear = "\r\x1b[K";
  deepStrictEqual(written(true), [
    `${clear}34 %, abo`,
    clear,
    "07:00\n",
    `${clear}34 %, abo`,
    clear,
  ]);
});

Deno.test("there is no status where nothing can be replaced", () => {
  deepStrictEqual(written(false), ["07:00\n"]);
});
