/** Writes lines of text to standard output or standard error. */
export interface Writer {
  line(text: string): void;
}

/** Writes synchronously, so that lines of several requests never mix and none is lost at the end. */
export function createWriter(stream: { writeSync(bytes: Uint8Array): number }): Writer {
  const encoder = new TextEncoder();
  return {
    line(text) {
      const bytes = encoder.encode(`${text}\n`);
      try {
        for (let written = 0; written < bytes.length;) {
          written += stream.writeSync(bytes.subarray(written));
        }
      } catch (error) {
        // The reader has closed its end of the pipe; the task continues.
        if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      }
    },
  };
}
