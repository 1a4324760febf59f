/** Calls between parts of this machine go around a proxy: it cannot reach them, or another machine answers for them. */

const PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
const EXCEPTIONS = ["NO_PROXY", "no_proxy"] as const;
const THIS_MACHINE = ["127.0.0.1", "localhost", "::1"];

/** The value that NO_PROXY needs; null without a proxy, or if it excepts this machine already. Pure. */
export function exceptionsWith(env: Readonly<Record<string, string>>): string | null {
  if (!Object.keys(env).some((name) => PROXIES.includes(name.toUpperCase()))) return null;
  const given = EXCEPTIONS.flatMap((name) => (env[name] ?? "").split(","))
    .map((host) => host.trim()).filter((host) => host !== "");
  const all = [...new Set([...given, ...THIS_MACHINE])];
  const isSet = EXCEPTIONS.every((name) => (env[name] ?? "") === all.join(","));
  return isSet ? null : all.join(",");
}

/** Must run before the first fetch, at which Deno reads the variables. Children inherit them. */
export function exceptThisMachine(): void {
  const exceptions = exceptionsWith(Deno.env.toObject());
  if (exceptions === null) return;
  for (const name of EXCEPTIONS) Deno.env.set(name, exceptions);
}
