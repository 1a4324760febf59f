/** How many characters fit in a line of the output; Infinity where it is no terminal. */
export function terminalWidth(stream: { isTerminal(): boolean }): number {
  if (!stream.isTerminal()) return Infinity;
  try {
    return Deno.consoleSize().columns;
  } catch {
    // The size is asked of standard output, which may be elsewhere.
    return Infinity;
  }
}
