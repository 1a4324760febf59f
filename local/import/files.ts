/** The files of an import. */
import { join } from "node:path";
import { StackFailure } from "../lib/failure.ts";

/** What an import writes beside its files. */
const PROGRESS = /\.progress(\.new)?$/;

/**
 * `path` itself, or all files below it in the order of their paths. Omits empty files, hidden ones and those that keep
 * the progress; does not follow links to folders.
 */
export async function filesAt(path: string): Promise<string[]> {
  let stat: Deno.FileInfo;
  try {
    stat = await Deno.stat(path);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new StackFailure(
      `Cannot import ${path}: it must be a readable file or folder, got ${error.message}`,
    );
  }
  if (!stat.isDirectory) return [path];
  const files = (await Array.fromAsync(filesBelow(path))).sort();
  if (files.length > 0) return files;
  throw new StackFailure(`Cannot import ${path}: it must hold files of events, got none`);
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (name.startsWith(".") || PROGRESS.test(name)) continue;
    if (isDirectory) {
      yield* filesBelow(path);
      continue;
    }
    const { isFile, size } = await Deno.stat(path);
    if (isFile && size > 0) yield path;
  }
}
