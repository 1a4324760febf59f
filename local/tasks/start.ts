/** `deno task start`: starts the stack, prints its addresses, and stops it on Ctrl-C. */
import { removeAddress, writeAddress } from "../stack/address.ts";
import { startDashboard } from "../stack/dashboard.ts";
import { measureAudiences } from "../demo/audiences.ts";
import { describeHour } from "../stack/hour_report.ts";
import { whatMatters } from "../cli/function_line.ts";
import { interrupted } from "../cli/interrupt.ts";
import { openRequestLog } from "../cli/request_log.ts";
import { HELP, readOptions, type StartOptions } from "../cli/start_options.ts";
import { DASHBOARD_OFFSET, fixedPorts } from "../stack/ports.ts";
import { SEED } from "../stack/project.ts";
import { requestLine, summary, timeText } from "../cli/start_summary.ts";
import { type ExitCode, runTask, type Writers } from "../cli/run_task.ts";
import { DEFAULT_DATA } from "../cli/target.ts";
import { explainOutput } from "../lib/explain.ts";
import { StackFailure } from "../lib/failure.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { startOver } from "../stack/start_over.ts";

async function start(options: StartOptions, { out, err }: Writers): Promise<ExitCode> {
  const say = options.json ? err : out;
  const stopped = interrupted();
  const started: { readonly at: number; stack?: Stack } = { at: performance.now() };
  const now = () => timeText(started.stack?.timeline.now() ?? options.clock ?? new Date());
  const dataFolder = options.ephemeral ? undefined : options.dataFolder;
  // Checks the stack's ports first, so that a second start fails with them and not with the dashboard's.
  if (!options.ephemeral) fixedPorts(options.portBase);
  if (options.fresh) await startOver(options.dataFolder);
  const log = dataFolder === undefined
    ? null
    : openRequestLog(dataFolder, (message) => err.line(message));
  const dashboard = startDashboard(
    options.ephemeral ? undefined : options.portBase + DASHBOARD_OFFSET,
  );
  const keep = (text: string) => {
    log?.line(text);
    if (options.verbose) say.line(text);
  };
  let lastProblem = "";
  const onProblem = (message: string) => {
    const text = explainOutput("go on as before", message)?.message ?? message;
    // A full disk fails every job of every minute.
    if (text !== lastProblem) err.line(text);
    lastProblem = text;
  };
  const starting = startStack({
    env: { OPERATOR_ORIGINS: dashboard.origins, SEND_GATE: options.sendGate },
    sandbox: {
      switches: {
        sendGate: options.sendGate,
        // As in the demo: otherwise a schedule that is lost in Braze shows only after its push was due.
        ...(options.ephemeral ? {} : { listingMode: "per_schedule" }),
      },
    },
    clock: options.clock,
    dataFolder,
    portBase: options.ephemeral ? undefined : options.portBase,
    postgresBin: options.postgresBin,
    seed: options.ephemeral ? undefined : SEED,
    onRequest: (line) => keep(requestLine(line)),
    onLog: (functionName, line) => {
      keep(`${" ".repeat(25)}${functionName}: ${line}`);
      const text = options.verbose ? null : whatMatters(functionName, line);
      if (text !== null) say.line(`${now()}  ${text}`);
    },
    onAlert: ({ at, audience, text }) =>
      say.line(`${timeText(at)}  Alert to ${audience}: ${text.split("\n")[0]}`),
    onHour: (report) => say.line(`${timeText(new Date(report.now))}  ${describeHour(report)}`),
    onProblem,
  });
  const first = await Promise.race([starting, stopped]);
  if (first === "signal") {
    // The start completes before the stack is closed, or its children would have to be killed.
    await starting.then((stack) => stack.close(), () => {});
    return 0;
  }
  started.stack = first;
  if (first.isSeeded || first.hasNewRound) await measureAudiences(first);
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
    seconds: (performance.now() - started.at) / 1_000,
    clock: options.clock,
    dataFolder,
    dashboardUrl: dashboard.url,
    requestLog: log?.path,
  }));
  if (dataFolder !== undefined) await writeAddress(dataFolder, first.ready);
  if (options.json) out.line(JSON.stringify({ ...first.ready, dashboard_url: dashboard.url }));

  const reason = await Promise.race([stopped, first.broken]);
  const { pending } = first.functions;
  if (pending > 0) say.line(`Waiting for ${pending} runs to end (Ctrl-C again aborts them)`);
  await dashboard.close();
  await first.close();
  if (dataFolder !== undefined) await removeAddress(dataFolder);
  if (reason !== "signal") throw new StackFailure(`Cannot go on: ${reason}`);
  say.line("Stopped");
  return 0;
}

function announce(
  { migrations, isSeeded, hasNewRound }: Stack,
  say: { line(text: string): void },
): void {
  for (const name of migrations.applied) say.line(`Applied migration ${name}`);
  if (isSeeded) say.line("Applied supabase/seed.sql");
  if (hasNewRound) say.line("Added a round of ten matches, the first push within half an hour");
  for (const name of migrations.changed) {
    say.line(
      `Note: ${name} changed after it was applied; start with --fresh to apply it again`,
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
    `Note: the Braze sandbox lost ${row.count} schedules of an earlier start, since it keeps them in memory; the suite ` +
      "will find them missing. --fresh starts over",
  );
}

await runTask({
  help: HELP,
  read: (args) => readOptions(args, DEFAULT_DATA),
  run: start,
});
