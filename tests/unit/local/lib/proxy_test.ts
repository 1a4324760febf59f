import { strictEqual } from "node:assert/strict";
import { exceptionsWith } from "../../../../local/lib/proxy.ts";

const ALL = "127.0.0.1,localhost,::1";

Deno.test("without a proxy nothing is excepted", () => {
  strictEqual(exceptionsWith({ PATH: "/bin" }), null);
});

Deno.test("with a proxy, whatever its variable is called, this machine is excepted", () => {
  for (const name of ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "all_proxy"]) {
    strictEqual(exceptionsWith({ [name]: "http://proxy:3128" }), ALL, name);
  }
});

Deno.test("what is excepted already stays, and both variables hold all of it", () => {
  const env = { http_proxy: "http://proxy:3128", no_proxy: "intranet, localhost" };
  strictEqual(exceptionsWith(env), "intranet,localhost,127.0.0.1,::1");
  strictEqual(exceptionsWith({ ...env, no_proxy: ALL }), ALL, "NO_PROXY lacks it");
  strictEqual(exceptionsWith({ ...env, no_proxy: ALL, NO_PROXY: ALL }), null);
});
