/** What a child process gets of the caller's environment. Everything else stays behind, PG* and PGRST* above all. */

/** How the network is reached from this machine: certificates, proxies, and where npm gets its packages. */
const NETWORK = new Set([
  ...["SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "DENO_CERT", "DENO_TLS_CA_STORE"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"],
  ...["REGISTRY", "CAFILE", "PROXY", "HTTPS_PROXY", "NOPROXY"].map((name) => `NPM_CONFIG_${name}`),
]);
/** Where Deno and npm keep what they have compiled and downloaded, and how they print. */
const TOOLS = new Set(["HOME", "DENO_DIR", "XDG_CACHE_HOME", "NPM_CONFIG_CACHE", "NO_COLOR"]);

type Env = Record<string, string>;

/** Of every child. */
export function childEnv(caller: Env = Deno.env.toObject()): Env {
  return {
    PATH: caller.PATH ?? "/usr/bin:/bin",
    LC_ALL: "C",
    TZ: "UTC",
    ...pick(caller, NETWORK),
  };
}

/** Of a child that runs Deno or npm, on top of that. */
export function toolEnv(caller: Env = Deno.env.toObject()): Env {
  return pick(caller, TOOLS);
}

/** In upper or lower case, since tools read either. */
function pick(env: Env, names: ReadonlySet<string>): Env {
  return Object.fromEntries(Object.entries(env).filter(([name]) => names.has(name.toUpperCase())));
}
