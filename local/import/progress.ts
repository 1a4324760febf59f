/** The position of an import, kept in a file next to its source, so that a second start continues from there. */
import { z } from "zod";
import { StackFailure } from "../lib/failure.ts";
import { headDigest, type Source } from "./source.ts";

const Counts = z.object({
  lines: z.int(),
  received: z.int(),
  recorded: z.int(),
  duplicates: z.int(),
  rejected: z.int(),
});
export type Counts = z.infer<typeof Counts>;

export const NOTHING: Counts = { lines: 0, received: 0, recorded: 0, duplicates: 0, rejected: 0 };

const Progress = z.object({
  head_bytes: z.int(),
  head_sha256: z.string(),
  /** In bytes of the unpacked text, or in records of Avro. */
  offset: z.int(),
  counts: Counts,
});

export interface ImportPosition {
  readonly offset: number;
  readonly counts: Counts;
}

export interface ProgressFile {
  readonly start: ImportPosition;
  save(position: ImportPosition): Promise<void>;
}

export async function openProgress(source: Source): Promise<ProgressFile> {
  const path = `${source.path}.progress`;
  const kept = await read(path);
  if (kept !== null && await headDigest(source.path, kept.head_bytes) !== kept.head_sha256) {
    throw new StackFailure(
      `Cannot go on with ${source.path}: its beginning must be the same as when ${path} was written, got another file; ` +
        "delete that file to start again",
    );
  }
  // If the file grew, the digest of its first head stays.
  const head = kept ?? { head_bytes: source.headBytes, head_sha256: source.headSha256 };
  return {
    start: { offset: kept?.offset ?? 0, counts: kept?.counts ?? NOTHING },
    async save({ offset, counts }) {
      const { head_bytes, head_sha256 } = head;
      // Renamed into place, so that a crash while writing keeps the old file.
      await Deno.writeTextFile(
        `${path}.new`,
        JSON.stringify({ head_bytes, head_sha256, offset, counts }),
      );
      await Deno.rename(`${path}.new`, path);
    },
  };
}

async function read(path: string): Promise<z.infer<typeof Progress> | null> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
  try {
    return Progress.parse(JSON.parse(text));
  } catch {
    throw new StackFailure(
      `Cannot go on: ${path} must be what an earlier import wrote, got something else; delete it to start again`,
    );
  }
}
