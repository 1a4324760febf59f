/**
 * `deno task demo`: Premier League matchday 15 of 2024-25, from a fixture list to a ledger that says `sent`.
 *
 * Three days pass on a virtual clock. Postgres, PostgREST and the edge functions are real; the Braze sandbox behaves as
 * Braze documents.
 */
import { SEED } from "../stack/project.ts";
import { fitText } from "../cli/fit_table.ts";
import { interrupted } from "../cli/interrupt.ts";
import { type ExitCode, INTERRUPTED, runTask, type Writers } from "../cli/run_task.ts";
import { type StatusWriter, withStatus } from "../cli/status_line.ts";
import { terminalWidth } from "../cli/terminal_width.ts";
import { examples, isProxied, listed, variables } from "../cli/try_next.ts";
import { StackFailure } from "../lib/failure.ts";
import { writeAddress } from "../stack/address.ts";
import { startDashboard } from "../stack/dashboard.ts";
import type { Sql } from "../stack/sql.ts";
import { type Stack, startStack } from "../stack/stack.ts";
import { type DemoArguments, HELP, readArguments } from "../demo/arguments.ts";
import { audit } from "../demo/audit.ts";
import { type Counter, createCounter } from "../demo/counter.ts";
import { progressText } from "../demo/progress.ts";
import { report, shortTime, type Verdict } from "../demo/report.ts";
import { type Anomaly, judgeAnomalies } from "../demo/anomalies.ts";
import { END, matchday, receivedEvents, START } from "../demo/matchday.ts";

/** The page of the first day. */
const DAY = `#/tonight?date=${START.toISOString().slice(0, 10)}`;

/** A workspace whose templates were never set up, which the suite has to report. */
const NO_EVIDENCE: Anomaly = {
  at: START,
  what: "No event carries evidence of its origin other than its time",
  rules: ["low_confidence_share", "unattributed_share"],
  matchIds: [],
  hours: 72,
  needsListing: false,
};

async function demo(given: DemoArguments, { out, err }: Writers): Promise<ExitCode> {
  const { listing, ids, echo, keep, json, postgresBin } = given;
  const stopped = interrupted();
  const stream = json ? Deno.stderr : Deno.stdout;
  const width = terminalWidth(stream);
  const say = withStatus(json ? err : out, stream, width);
  const counter = createCounter();
  const dashboard = keep ? startDashboard() : undefined;
  say.line("Starting Postgres, PostgREST, the functions and the Braze sandbox …");
  const starting = startStack({
    clock: START,
    postgresBin,
    seed: SEED,
    env: dashboard === undefined ? {} : { OPERATOR_ORIGINS: dashboard.origins },
    sandbox: {
      seed: 15,
      switches: {
        listingMode: listing,
        eventsCarryDispatchId: ids,
        eventsCarrySendId: ids,
        eventsCarryEcho: echo,
        createAnswersDispatchId: ids,
        // Starting a stopped campaign again restores its schedules.
        schedulesReturnOnResume: true,
      },
    },
    onLog: (functionName, line) => {
      const problem = counter.read(line);
      if (problem !== null) say.line(fitText(`  ${functionName}: ${problem}`, width));
    },
    onProblem: (message) => err.line(message),
  });
  if (await Promise.race([starting, stopped]) === "signal") {
    // The start completes before the stack is closed, or its children would have to be killed.
    await starting.then((stack) => stack.close(), () => {});
    return INTERRUPTED;
  }
  const stack = await starting;
  try {
    if (dashboard !== undefined) {
      dashboard.show({
        apiUrl: stack.ready.api_url,
        publishableKey: stack.ready.publishable_key,
        now: () => stack.timeline.now(),
        isVirtual: true,
        token: () => stack.operatorToken(),
      });
      say.line(`\nThe page, from now on:  ${dashboard.url}/${DAY}\n`);
    }
    const telling = tell(stack, given, counter, { say, out, width });
    // It fails when the stack is closed under it.
    telling.catch(() => {});
    const code = await Promise.race([telling, stopped]);
    if (code === "signal") return INTERRUPTED;
    if (dashboard === undefined) return code;
    await writeAddress(stack.folder, stack.ready);
    say.line(whatNext(stack, dashboard.url));
    const reason = await Promise.race([stopped, stack.broken]);
    if (reason !== "signal") throw new StackFailure(`Cannot go on: ${reason}`);
    return code;
  } finally {
    await dashboard?.close();
    await stack.close();
  }
}

interface Output {
  readonly say: StatusWriter;
  readonly out: Writers["out"];
  readonly width: number;
}

/** The three days and the report; whether all is as it must be. */
async function tell(
  stack: Stack,
  { listing, ids, echo, json }: DemoArguments,
  counter: Counter,
  { say, out, width }: Output,
): Promise<0 | 1> {
  const startedMs = performance.now();
  const anomalies = await matchday(stack, {
    say: (line) => say.line(line),
    width,
    onHour: (now) => {
      const elapsedMs = performance.now() - startedMs;
      const progress = progressText({ from: START, until: END, now, elapsedMs });
      say.status(`${shortTime(now)}  … ${progress}`);
    },
  });
  say.status("");
  if (!ids && !echo) anomalies.push(NO_EVIDENCE);
  const judgement = await judgeAnomalies(stack.sql, anomalies, listing);
  const found = await audit(stack.sql, stack.sandbox.model.groundTruth.entries);
  const seconds = (performance.now() - startedMs) / 1_000;
  const without = [...(ids ? [] : ["Braze's ids"]), ...(echo ? [] : ["our echo"])];
  say.line(
    `\n${
      report(found, judgement, {
        verdicts: await verdictsOf(stack.sql, END),
        colours: (json ? Deno.stderr : Deno.stdout).isTerminal() && !Deno.noColor,
        width,
        without,
      })
    }\n\nThree days in ${seconds.toFixed(1)} s`,
  );

  const { matches, attributed, wrongAttributions, lostEvents } = found;
  if (json) {
    out.line(JSON.stringify({
      matches: matches.length,
      scheduled: counter.created,
      sent: matches.filter(({ status }) => status === "sent").length,
      cancelled: matches.filter(({ status }) => status === "cancelled").length,
      events_true: found.eventsTrue,
      events_recorded: found.eventsRecorded,
      duplicates: (await receivedEvents(stack.sql)).duplicates,
      attributed,
      wrong_attributions: wrongAttributions,
      lost_events: lostEvents,
      pushes_without_schedule: found.pushesWithoutSchedule,
      anomalies_injected: judgement.outcomes.length,
      anomalies_detected: judgement.detected,
      false_alarms: judgement.falseAlarms.length,
      minutes_to_detect_max: judgement.minutesToDetectMax,
      unknowable: judgement.unknowable,
      seconds: Math.round(seconds * 10) / 10,
    }));
  }
  const unnoticed = judgement.outcomes.filter(({ noticedAt, unknowable }) =>
    noticedAt === null && !unknowable
  );
  const isGood = lostEvents === 0 && wrongAttributions === 0 && found.inventedEvents === 0 &&
    // Without ids or echoes some anomalies cannot be noticed, which these runs show.
    (without.length > 0 || (unnoticed.length === 0 && judgement.falseAlarms.length === 0));
  return isGood ? 0 : 1;
}

/** Of --keep: what to look at, and what to try. */
function whatNext({ ready, folder }: Stack, dashboardUrl: string): string {
  return [
    "",
    `The stack keeps running, its clock stands at ${shortTime(END)}. Ctrl-C stops everything.`,
    "",
    "Look at",
    "  the Saturday: what went out, what did not, and why",
    `    ${dashboardUrl}/${DAY}`,
    "  two schedules in Braze, and how the second one went away",
    `    ${dashboardUrl}/#/match/1003`,
    "  what was noticed, when, and who closed it",
    `    ${dashboardUrl}/#/alerts?show=past`,
    "",
    "Try, in another terminal",
    ...[
      ...variables(ready, isProxied(Deno.env.toObject())),
      ...listed(
        examples(true, `--local --data ${folder} --date ${START.toISOString().slice(0, 10)}`),
      ),
    ].map((line) => `  ${line}`),
  ].join("\n");
}

async function verdictsOf(sql: Sql, now: Date): Promise<ReadonlyMap<number, Verdict>> {
  const rows = await sql<(Verdict & { match_id: number })[]>`
    select judged.match_id::int, judged.verdict, judged.why
    from private.push_verdicts(array(select id from public.matches), '{}', ${now}) as judged`;
  return new Map(rows.map(({ match_id, verdict, why }) => [match_id, { verdict, why }]));
}

await runTask({ help: HELP, read: readArguments, run: demo });
