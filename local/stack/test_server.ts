/** Starts the database server that tests share, with the template database that each test clones. */
import {
  type CitusServers,
  closeTemplate,
  createOnWorkers,
  distribute,
  startCitusServers,
} from "./citus_server.ts";
import { startDatabaseServer } from "./database_server.ts";
import { onFreePorts } from "./ports.ts";
import { databaseUrl } from "./postgres.ts";
import { ensurePartitions, MIGRATIONS, prepareProject } from "./project.ts";
import { connectSql } from "./sql.ts";
import { makeTemporaryFolder } from "../lib/temporary_folder.ts";

export const TEMPLATE = "suite_template";
/** The same with the partitions around `TEMPLATE_MONTH`, the month in which most tests set their clock. */
export const MONTH_TEMPLATE = "suite_template_month";
export const TEMPLATE_MONTH = "2024-12";

export interface TestServer {
  readonly url: string;
  readonly major: number;
  /** Addresses of the workers, where the events are spread over some. */
  readonly workers: readonly string[];
  stop(): Promise<void>;
}

/** `migrations`: the folder of another copy of the project, to test that copy. */
export function startTestServer(
  postgresBin?: string,
  migrations: URL = MIGRATIONS,
): Promise<TestServer> {
  return onFreePorts(({ database }) => startOn(database, migrations, postgresBin));
}

/** The same, with the events spread over two workers. */
export async function startDistributedTestServer(postgresBin: string): Promise<TestServer> {
  const servers = await startCitusServers(postgresBin);
  try {
    return await prepareDistributed(servers);
  } catch (error) {
    await servers.stop();
    throw error;
  }
}

async function prepareDistributed(
  { coordinator, workers, stop }: CitusServers,
): Promise<TestServer> {
  const urls = workers.map(({ url }) => url);
  const urlOf = (name: string) => {
    const url = new URL(coordinator.url);
    url.pathname = name;
    return url.href;
  };
  const admin = connectSql(coordinator.url, { max: 1 });
  try {
    await admin.unsafe(`create database ${TEMPLATE}`);
    await createOnWorkers(urls, TEMPLATE);
    const template = connectSql(urlOf(TEMPLATE), { max: 1 });
    await template.unsafe("create extension citus");
    await prepareProject(template, MIGRATIONS).finally(() => template.end());
    await distribute(urlOf(TEMPLATE), urls);
    await closeTemplate([coordinator.url, ...urls], TEMPLATE);
    for (const url of [...urls, coordinator.url]) {
      const node = connectSql(url, { max: 1 });
      await node.unsafe(`create database ${MONTH_TEMPLATE} template ${TEMPLATE} strategy file_copy`)
        .finally(() => node.end());
    }
    const month = connectSql(urlOf(MONTH_TEMPLATE), { max: 1 });
    await ensurePartitions(month, new Date(`${TEMPLATE_MONTH}-01T00:00:00Z`))
      .finally(() => month.end());
    await closeTemplate([coordinator.url, ...urls], MONTH_TEMPLATE);
  } finally {
    await admin.end();
  }
  return { url: coordinator.url, major: coordinator.major, workers: urls, stop };
}

async function startOn(port: number, migrations: URL, postgresBin?: string): Promise<TestServer> {
  const folder = await makeTemporaryFolder();
  const remove = () => Deno.remove(folder, { recursive: true });
  try {
    const server = await startDatabaseServer({
      dataFolder: folder,
      port,
      postgresBin,
      fsync: false,
      virtualClock: false,
      // The real pg_cron works in one database of a server, and each test has its own.
      preferExtensionStubs: true,
    });
    const stop = async () => {
      await server.stop();
      await Deno.remove(server.folder, { recursive: true });
      await remove().catch(() => {});
    };
    try {
      await prepareTemplates(
        server.url,
        databaseUrl(port, TEMPLATE),
        databaseUrl(port, MONTH_TEMPLATE),
        migrations,
      );
    } catch (error) {
      await stop();
      throw error;
    }
    return { url: server.url, major: server.major, workers: [], stop };
  } catch (error) {
    await remove().catch(() => {});
    throw error;
  }
}

/** Closes its connection at the end, since a template with connections cannot be cloned. */
async function prepareTemplates(
  serverUrl: string,
  templateUrl: string,
  monthTemplateUrl: string,
  migrations: URL,
): Promise<void> {
  const admin = connectSql(serverUrl, { max: 1 });
  const template = connectSql(templateUrl, { max: 1 });
  const monthTemplate = connectSql(monthTemplateUrl, { max: 1 });
  try {
    await admin.unsafe(`create database ${TEMPLATE}`);
    await prepareProject(template, migrations);
    await template.end();
    await admin.unsafe(`create database ${MONTH_TEMPLATE} template ${TEMPLATE} strategy file_copy`);
    await ensurePartitions(monthTemplate, new Date(`${TEMPLATE_MONTH}-01T00:00:00Z`));
  } finally {
    await Promise.all([template.end(), monthTemplate.end(), admin.end()]);
  }
}
