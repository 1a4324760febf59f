/** `deno task start`: starts the stack, prints its addresses, and stops it on Ctrl-C. */
import { removeAddress, writeAddress } from "../stack/address.ts";
import { startDashboard } from "../stack/dashboard.ts";
import { HELP, readOptions, type StartOptions } from "../cli/start_options.ts";
import { orphaned } from "../cli/orphan.ts";
import { DASHBOARD_OFFSET, fixedPorts } from "../stack/ports.ts";
import { SEED } from "../stack/project.ts";
import { requestLine, summary } from "../cli/start_summary.ts";
import { runTask, type Writers } from "../cli/run_task.ts";
import { DEFAULT_DATA } from "../cli/target.ts";
import { type Stack, startStack } from "../stack/stack.ts";

async function start(options: StartOptions, { out, err }: Writers): Promise<number> {
  const say = options.json ? err : out;
  const stop = untilSignal();
  const started = performance.now();
  const dataFolder = options.ephemeral ? undefined : options.dataFolder;
  // Checks the stack's ports first, so that a second start fails with them and not with the dashboard's.
  if (!options.ephemeral) fixedPorts(options.portBase);
  const dashboard = startDashboard(
    options.ephemeral ? undefined : options.portBase + DASHBOARD_OFFSET,
  );
  const starting = startStack({
    env: { OPERATOR_ORIGINS: dashboard.origins, SEND_GATE: options.sendGate },
    sandbox: { switches: { sendGate: options.sendGate } },
    clock: options.clock,
    dataFolder,
    portBase: options.ephemeral ? undefined : options.portBase,
    postgresBin: options.postgresBin,
    seed: options.ephemeral ? undefined : SEED,
    onRequest: (line) => say.line(requestLine(line)),
    onLog: (functionName, line) => say.line(`${" ".repeat(25)}${functionName}: ${line}`),
    onProblem: (message) => err.line(message),
  });
  const first = await Promise.race([starting, stop.signalled]);
  if (first === "signal") {
    // The start completes before the stack is closed, or its children would have to be killed.
    await starting.then((stack) => stack.close(), () => {});
    return 0;
  }
  dashboard.show({
    apiUrl: first.ready.api_url,
    publishableKey: first.ready.publishable_key,
    now: () => first.timeline.now(),
    isVirtual: options.clock !== undefined,
    token: () => first.operatorToken(),
  });
  announce(first, say);
  await warnOfLostSchedules(first, say);
  say.line(summary({
    stack: first,
    seconds: (performance.now() - started) / 1_000,
    clock: options.clock,
    dataFolder,
    dashboardUrl: dashboard.url,
  }));
  if (dataFolder !== undefined) await writeAddress(dataFolder, first.ready);
  if (options.json) out.line(JSON.stringify({ ...first.ready, dashboard_url: dashboard.url }));

  const reason = await Promise.race([stop.signalled, first.broken]);
  stop.ignoreNoMore();
  if (reason !== "signal") err.line(`Cannot go on: ${reason}`);
  const { pending } = first.functions;
  if (pending > 0) say.line(`Waiting for ${pending} runs to end (Ctrl-C again aborts them)`);
  await dashboard.close();
  await first.close();
  if (dataFolder !== undefined) await removeAddress(dataFolder);
  say.line("Stopped");
  return reason === "signal" ? 0 : 1;
}

function announce({ migrations, isSeeded }: Stack, say: { line(text: string): void }): void {
  for (const name of migrations.applied) say.line(`Applied migration ${name}`);
  if (isSeeded) say.line("Applied supabase/seed.sql");
  for (const name of migrations.changed) {
    say.line(
      `Note: ${name} changed after it was applied; delete the data folder to apply it again`,
    );
  }
}

/** The sandbox keeps its schedules in memory, so it never sends those of an earlier start. */
async function warnOfLostSchedules(
  { sql, timeline }: Stack,
  say: { line(text: string): void },
): Promise<void> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from public.braze_schedules
    where state = 'live' and send_at_utc > ${timeline.now()}`;
  if (row === undefined || row.count === 0) return;
  say.line(
    `Note: the Braze sandbox lost ${row.count} schedules of an earlier start, since it keeps them in memory`,
  );
}

/** The first signal stops the stack cleanly; the second one ends the process at once, and its children with it. */
function untilSignal() {
  const { promise, resolve } = Promise.withResolvers<"signal">();
  let isLast = false;
  const onSignal = () => {
    if (isLast) Deno.exit(130);
    resolve("signal");
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    Deno.addSignalListener(name, onSignal);
  }
  orphaned().then(resolve);
  return { signalled: promise, ignoreNoMore: () => void (isLast = true) };
}

await runTask({
  help: HELP,
  read: (args) => readOptions(args, DEFAULT_DATA),
  run: start,
});
