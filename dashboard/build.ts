/** Builds the dashboard: three files that any static host can serve. The local stack builds them in memory. */
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const HERE = new URL("./", import.meta.url);
const DIST = new URL("dist/", HERE);

export type Files = Readonly<Record<string, string>>;

/** By name, ready to be served. */
export async function buildDashboard(): Promise<Files> {
  const [bundle, page, style] = await Promise.all([
    build({
      cwd: fileURLToPath(HERE),
      input: "src/main.tsx",
      platform: "browser",
      write: false,
      logLevel: "warn",
      transform: { target: "es2022", jsx: { runtime: "automatic", importSource: "preact" } },
      output: { format: "esm", minify: true, codeSplitting: false },
    }),
    Deno.readTextFile(new URL("index.html", HERE)),
    Deno.readTextFile(new URL("style.css", HERE)),
  ]);
  const [main] = bundle.output;
  return { "index.html": page, "style.css": style, "main.js": main.code };
}

/** Writes the files for a static host, and a config.json to fill in; says what it wrote, line by line. */
export async function writeDashboard(): Promise<string[]> {
  const files = await buildDashboard();
  await Deno.mkdir(DIST, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(new URL(name, DIST), text);
  }
  const config = new URL("config.json", DIST);
  // What somebody filled in already stays.
  const isThere = await Deno.stat(config).then(() => true, () => false);
  if (!isThere) await Deno.copyFile(new URL("config.example.json", HERE), config);
  const lines = Object.entries(files).map(([name, text]) =>
    `  ${name.padEnd(12)}${(new TextEncoder().encode(text).length / 1_024).toFixed(0)} KB`
  );
  return [
    fileURLToPath(DIST),
    ...lines,
    `  ${isThere ? "config.json was kept" : "fill in config.json"}`,
  ];
}
