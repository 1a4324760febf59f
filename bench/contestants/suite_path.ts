/** Starts the path of a Supabase project: gateway, functions, PostgREST and Postgres, each as a process. */
import { join } from "node:path";
import { freePorts } from "../../local/stack/ports.ts";
import { startPostgrest } from "../../local/stack/postgrest.ts";
import { asAuthenticator, functionEnv, ingestEnv } from "../../local/stack/stack.ts";
import type { BenchServer } from "../bench_server.ts";
import { type ServerProcess, startServer } from "../processes.ts";

export interface SuitePath {
  /** The port for requests. */
  readonly port: number;
  /** The address of the functions' own process. */
  readonly functionsUrl: string;
  stop(): Promise<void>;
}

export interface SuitePathOptions {
  readonly name: string;
  readonly databaseUrl: string;
  readonly functions: URL;
  readonly hasGateway: boolean;
  readonly brazeUrl?: string;
}

export async function startSuitePath(
  bench: BenchServer,
  options: SuitePathOptions,
): Promise<SuitePath> {
  const { name, databaseUrl, functions, hasGateway } = options;
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const part of started.toReversed()) await part.stop();
  };
  try {
    const { rest: port, restAdmin: adminPort } = freePorts();
    const rest = await startPostgrest({
      databaseUrl: asAuthenticator(databaseUrl),
      port,
      adminPort,
      keys: bench.keys,
      log: join(bench.folder, `${name}-postgrest.log`),
    });
    started.push(rest);
    // The functions need the gateway's address before the gateway starts with theirs.
    const gatewayPort = freePorts().gateway;
    const apiUrl = `http://127.0.0.1:${gatewayPort}`;
    const functionsServer = await startServer({
      name: `${name}-functions`,
      folder: bench.folder,
      script: "./servers/functions.ts",
      args: [functions.href, ...(hasGateway ? [] : [rest.url, bench.keysFile])],
      env: {
        ...functionEnv({
          api_url: apiUrl,
          db_url: databaseUrl,
          braze_url: options.brazeUrl ?? apiUrl,
          control_url: apiUrl,
        }, bench.keys),
        ...ingestEnv(databaseUrl),
      },
    });
    started.push(functionsServer);
    const gateway: ServerProcess | undefined = hasGateway
      ? await startServer({
        name: `${name}-gateway`,
        folder: bench.folder,
        script: "./servers/gateway.ts",
        args: [rest.url, functionsServer.url, bench.keysFile],
        port: gatewayPort,
      })
      : undefined;
    if (gateway !== undefined) started.push(gateway);
    return { port: (gateway ?? functionsServer).port, functionsUrl: functionsServer.url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
