/** Reads a text file as editors and shells write it: UTF-8, or UTF-16 as of PowerShell, with a byte order mark or without. */
import { StackFailure } from "./failure.ts";

/** Without the byte order mark. Throws a `StackFailure` if there is no such file, or if it is no text. */
export async function readText(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    throw new StackFailure(
      `Cannot read ${path}: it must be a file, got ${error instanceof Error ? error.name : error}`,
    );
  }
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch {
    throw new StackFailure(
      `Cannot read ${path}: it must be text in UTF-8, got another encoding; save it as UTF-8`,
    );
  }
}

/** UTF-16 begins with a byte order mark in practice. */
function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return "utf-16le";
  return first === 0xfe && second === 0xff ? "utf-16be" : "utf-8";
}
