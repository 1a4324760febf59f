import { deepStrictEqual, rejects } from "node:assert/strict";
import { dirname, join } from "node:path";
import { filesAt } from "../../../../local/import/files.ts";

async function withFiles(
  files: Readonly<Record<string, string>>,
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      await Deno.mkdir(join(folder, dirname(name)), { recursive: true });
      await Deno.writeTextFile(join(folder, name), content);
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("filesAt() returns a file itself, and all files below a folder in the order of their paths", () =>
  withFiles({
    "event_type=b/date=2/0.avro": "x",
    "event_type=b/date=1/1.avro": "x",
    "event_type=b/date=1/0.avro": "x",
    "event_type=a/date=3/0.avro": "x",
    "events.jsonl": "x",
    "events.jsonl.progress": "x",
    "events.jsonl.progress.new": "x",
    "event_type=a/_SUCCESS": "",
    ".DS_Store": "x",
    ".git/config": "x",
  }, async (folder) => {
    deepStrictEqual(
      await filesAt(folder),
      [
        "event_type=a/date=3/0.avro",
        "event_type=b/date=1/0.avro",
        "event_type=b/date=1/1.avro",
        "event_type=b/date=2/0.avro",
        "events.jsonl",
      ].map((name) => join(folder, name)),
    );
    deepStrictEqual(await filesAt(`${folder}/events.jsonl`), [`${folder}/events.jsonl`]);
  }));

Deno.test("filesAt() refuses what is not there, and a folder without files", () =>
  withFiles({ "a/events.jsonl.progress": "x" }, async (folder) => {
    await rejects(filesAt(`${folder}/a`), /must hold files of events, got none/);
    await rejects(filesAt(`${folder}/b`), /must be a readable file or folder, got .*No such file/);
  }));
