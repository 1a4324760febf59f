/** Lines of text, and below them one line that is replaced: on a terminal only. */
import type { Writer } from "./writer.ts";

export interface StatusWriter extends Writer {
  /** Replaces the last line; empty to remove it. */
  status(text: string): void;
}

export interface Terminal {
  isTerminal(): boolean;
  writeSync(bytes: Uint8Array): number;
}

const CLEAR = "\r\x1b[K";

/** `width`: characters in a line; a longer text is cut, since it could not be replaced. */
export function withStatus(writer: Writer, stream: Terminal, width: number): StatusWriter {
  let shown = "";
  const show = (text: string) => {
    if (!stream.isTerminal() || text === shown) return;
    shown = text;
    stream.writeSync(new TextEncoder().encode(CLEAR + text));
  };
  return {
    line(text) {
      const before = shown;
      show("");
      writer.line(text);
      show(before);
    },
    status: (text) => show(text.slice(0, Math.max(0, width - 1))),
  };
}
