/** Selects the variables that a child process inherits. All others, PG* and PGRST* above all, are dropped. */

/** Network access of this machine: certificates, proxies, and the npm registry. */
const NETWORK = new Set([
  ...["SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "DENO_CERT", "DENO_TLS_CA_STORE"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"],
  ...["REGISTRY", "CAFILE", "PROXY", "HTTPS_PROXY", "NOPROXY"].map((name) => `NPM_CONFIG_${name}`),
]);
/** The caches of Deno and npm, and how they print. */
const TOOLS = new Set(["HOME", "DENO_DIR", "XDG_CACHE_HOME", "NPM_CONFIG_CACHE", "NO_COLOR"]);

type Env = Record<string, string>;

/** The environment of every child. */
export function childEnv(caller: Env = Deno.env.toObject()): Env {
  return {
    PATH: caller.PATH ?? "/usr/bin:/bin",
    LC_ALL: "C",
    TZ: "UTC",
    ...pick(caller, NETWORK),
  };
}

/** The additional environment of a child that runs Deno or npm. */
export function toolEnv(caller: Env = Deno.env.toObject()): Env {
  return pick(caller, TOOLS);
}

/** Picks variables in upper and lower case, since tools read both. */
function pick(env: Env, names: ReadonlySet<string>): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => names.has(name.toUpperCase())));
}
