/** The workflows on GitHub: readable, pinned, in the right order, and of the same versions as everything else. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { parse } from "yaml";
import { z } from "zod";
import { readText } from "../support/sources.ts";

const Workflow = z.looseObject({
  on: z.record(z.string(), z.unknown()),
  permissions: z.record(z.string(), z.string()),
  concurrency: z.strictObject({ group: z.string(), "cancel-in-progress": z.boolean() }),
  jobs: z.record(
    z.string(),
    z.looseObject({
      "runs-on": z.string(),
      container: z.string().optional(),
      steps: z.array(z.looseObject({ uses: z.string().optional(), run: z.string().optional() })),
    }),
  ),
});

const files = await Promise.all(
  [".github/workflows", ".github/ISSUE_TEMPLATE"].map(async (folder) => {
    const entries = await Array.fromAsync(
      Deno.readDir(new URL(`../../${folder}`, import.meta.url)),
    );
    return entries.map(({ name }) => `${folder}/${name}`);
  }),
);
const workflow = async (name: string) =>
  Workflow.parse(parse(await readText(`.github/workflows/${name}.yml`)));
const stepsOf = ({ jobs }: z.infer<typeof Workflow>) =>
  Object.values(jobs).flatMap((job) => job.steps);

Deno.test("every file under .github is valid YAML without duplicate keys", async () => {
  const paths = files.flat();
  ok(paths.length >= 5, paths.join(", "));
  for (const path of paths) {
    match(path, /\.yml$/);
    ok(parse(await readText(path), { strict: true, uniqueKeys: true }) instanceof Object, path);
  }
});

Deno.test("workflows pin actions to full versions and have read permission only", async () => {
  for (const name of ["ci", "deploy", "nightly"]) {
    const read = await workflow(name);
    deepStrictEqual(read.permissions, { contents: "read" });
    const used = stepsOf(read).flatMap(({ uses }) => uses === undefined ? [] : [uses]);
    ok(used.length > 0);
    for (const uses of used) match(uses, /^[\w-]+\/[\w-]+@v\d+\.\d+\.\d+$/);
    for (const { container, "runs-on": system } of Object.values(read.jobs)) {
      match(system, /^ubuntu-\d\d\.\d\d$/);
      if (container !== undefined) match(container, /^node:\d+\.\d+\.\d+-bookworm$/);
    }
  }
});

Deno.test("the workflow nightly runs existing tasks with the project's Deno, and uploads the table", async () => {
  const { tasks } = z.object({ tasks: z.record(z.string(), z.string()) })
    .parse(JSON.parse(await readText("deno.json")));
  const steps = stepsOf(await workflow("nightly"));
  const ran = steps.flatMap(({ run }) => run === undefined ? [] : [run]);
  const named = ran.map((run) => /npx -y deno@[\d.]+ task (\S+)/.exec(run)?.[1] ?? run);
  deepStrictEqual(named, ["simulate", "test", "test", "mutate"]);
  for (const name of named) ok(tasks[name] !== undefined, name);
  ok(steps.some(({ uses }) => uses?.startsWith("actions/upload-artifact@")));
});

Deno.test("the workflow ci runs .ci/run and nothing else", async () => {
  const ran = stepsOf(await workflow("ci")).flatMap(({ run }) => run === undefined ? [] : [run]);
  deepStrictEqual(ran, [".ci/run"]);
});

Deno.test("the workflow deploy runs database, secrets, functions, doctor in order, and never concurrently", async () => {
  const { concurrency, ...read } = await workflow("deploy");
  strictEqual(concurrency["cancel-in-progress"], false, "a deployment is not cut off half-way");
  match(concurrency.group, /inputs\.environment/);
  deepStrictEqual(Object.keys(read.on), ["workflow_dispatch"]);
  const ran = stepsOf({ concurrency, ...read }).map(({ run }) => run ?? "").join("\n");
  const order = ["link", "db push", "secrets set", "functions deploy", "task doctor"];
  const places = order.map((command) => ran.indexOf(command));
  deepStrictEqual(places, [...places].sort((a, b) => a - b));
  ok(places[0]! > 0);
  strictEqual(ran.includes("${{"), false, "no value becomes a part of a script");
});

Deno.test("the guide names the secrets that the workflow needs", async () => {
  const wanted = [
    ...(await readText(".github/workflows/deploy.yml")).matchAll(/secrets\.([A-Z_]+)/g),
  ].map(([, name]) => name);
  const guide = await readText("docs/deploy.md");
  const section = guide.slice(guide.indexOf("## From GitHub"), guide.indexOf("## Self-hosted"));
  const named = [...section.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, name]) => name);
  deepStrictEqual([...new Set(wanted)].sort(), named.sort());
});

for (const tool of ["deno", "supabase"]) {
  Deno.test(`one version of ${tool} is named everywhere`, async () => {
    const texts = await Promise.all([
      ...["README.md", "CONTRIBUTING.md", "docs/deploy.md", "docs/simulation.md", ".ci/run"],
      ...[".github/workflows/deploy.yml"],
    ].map(readText));
    // The functions' tests also run on the line of Deno that hosted projects have.
    const text = texts.join("\n").replace(/^hosted_deno=.*$/m, "");
    const versions = new Set(
      [...text.matchAll(new RegExp(`\\b${tool}@(\\d+\\.\\d+\\.\\d+)`, "g"))].map(([, it]) => it),
    );
    strictEqual(versions.size, 1, [...versions].join(", "));
  });
}
