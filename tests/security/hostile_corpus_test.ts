/** Every body in tests/fixtures/hostile to every function, compared with the table in the same folder. */
import { gunzipSync } from "node:zlib";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Stack } from "../../local/stack/stack.ts";
import { FUNCTIONS } from "../support/hostile/options.ts";
import { type Answer, THREE_AT_ONCE, withSuite } from "../support/suite.ts";

const FOLDER = new URL("../fixtures/hostile/", import.meta.url);

interface Specimen {
  readonly file: string;
  readonly body: Uint8Array;
  readonly stored: number;
  readonly kept: number;
  readonly withSecretKey: number;
}

async function readTable(): Promise<Specimen[]> {
  const text = await Deno.readTextFile(new URL("README.md", FOLDER));
  const rows = [...text.matchAll(/^\| (\S+\.\w+) \| .* \| (\d+) \| (\d+) \| (\d+) \|$/gm)];
  return await Promise.all(rows.map(async ([, file = "", ...counts]) => {
    const [stored = NaN, kept = NaN, withSecretKey = NaN] = counts.map(Number);
    return { file, body: await Deno.readFile(new URL(file, FOLDER)), stored, kept, withSecretKey };
  }));
}

const specimens = await readTable();

async function post(
  { ready }: Stack,
  name: string,
  { file, body }: Specimen,
  headers: Record<string, string>,
): Promise<Answer> {
  const response = await fetch(`${ready.functions_url}/${name}`, {
    method: "POST",
    headers: { ...headers, ...(file.endsWith(".gz") ? { "content-encoding": "gzip" } : {}) },
    body: body as BodyInit,
  });
  return { status: response.status, body: await response.json() };
}

/** The reasons of the rejects that do not occur in the body byte for byte. */
async function altered({ sql }: Stack, { file, body }: Specimen): Promise<string[]> {
  const rows = await sql<{ body: Buffer; reason: string }[]>`
    select body, reason from public.webhook_rejects where reason not like 'No partition%'`;
  const received = [Buffer.from(body), ...file === "two_in_one.gz" ? [gunzipSync(body)] : []];
  return rows.filter((row) => !received.some((bytes) => bytes.includes(row.body)))
    .map(({ reason }) => reason);
}

Deno.test("every hostile body is in the table, and in the folder", async () => {
  const files = await Array.fromAsync(Deno.readDir(FOLDER), ({ name }) => name);
  deepStrictEqual(
    specimens.map(({ file }) => file).sort(),
    files.filter((name) => name !== "README.md").sort(),
  );
  ok(specimens.length > 40);
});

Deno.test("every hostile body is stored or kept as the table says, once, and refused as options", (t) =>
  withSuite({ fixtures: THREE_AT_ONCE, sandbox: { users: { count: 20 } } }, async (stack) => {
    const braze = { authorization: `Bearer ${stack.ready.webhook_secret}` };
    const person = { apikey: stack.ready.secret_key };
    const webhook = (specimen: Specimen, headers: Record<string, string>) =>
      post(stack, "braze-webhook", specimen, headers);
    for (const specimen of specimens) {
      await t.step(specimen.file, async () => {
        const { stored, kept, withSecretKey } = specimen;
        await stack.sql`truncate public.webhook_rejects`;
        const first = await webhook(specimen, braze);
        const counts = ({ status, body }: Answer) => [
          status,
          body.received,
          body.recorded,
          body.duplicates,
          body.rejected,
        ];
        deepStrictEqual(counts(first), [200, stored + kept, stored, 0, kept]);
        deepStrictEqual(
          counts(await webhook(specimen, braze)),
          [200, stored + kept, 0, stored, kept],
        );
        deepStrictEqual(await altered(stack, specimen), []);

        const byPerson = await webhook(specimen, person);
        strictEqual(byPerson.status, withSecretKey);
        if (withSecretKey === 200) strictEqual(byPerson.body.recorded, 0);

        for (const name of FUNCTIONS.filter((name) => name !== "braze-webhook")) {
          const { status, body } = await post(stack, name, specimen, person);
          deepStrictEqual([name, status, body.code], [name, 400, "invalid_body"]);
        }
      });
    }
    const [runs] = await stack.sql`select count(*)::int as count from public.job_runs`;
    strictEqual(runs?.count, 0);
  }));
