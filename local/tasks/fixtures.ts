/** `deno task fixtures FILE`: shows what a file of fixtures changes in a project, and writes it with --apply. */
import { type ExitCode, runTask, type Writers } from "../cli/run_task.ts";
import { findTarget } from "../cli/target.ts";
import {
  type FixturesArguments,
  HELP,
  readArguments,
  readTimeZone,
} from "../fixtures/arguments.ts";
import { compareMatches, compareTeams } from "../fixtures/compare.ts";
import { likelyDoubles, refuseConflicts } from "../fixtures/conflicts.ts";
import { Faults } from "../fixtures/fault.ts";
import { readFixtures } from "../fixtures/read_file.ts";
import { asJson, describe, type Preview, writesOf } from "../fixtures/report.ts";
import { openTables, type Tables } from "../fixtures/tables.ts";
import { readTeams } from "../fixtures/teams.ts";
import { unknownTeams } from "../fixtures/unknown_teams.ts";
import { readText } from "../lib/read_text.ts";

const ZONE_VARIABLE = "FIXTURES_TIME_ZONE";
const DAY_MS = 86_400_000;

async function fixtures(given: FixturesArguments, { out, err }: Writers): Promise<ExitCode> {
  const target = await findTarget(given.target);
  const timeZone = given.timeZone ??
    readTimeZone(ZONE_VARIABLE, target.env(ZONE_VARIABLE) ?? Deno.env.get(ZONE_VARIABLE));
  const readTeamFile = async (path: string) => readTeams(path, await readText(path));
  const readMatchFile = async (path: string) =>
    readFixtures(path, await readText(path), { ...given, timeZone });
  // Both files are read before anything is asked of the project.
  const teamFile = given.teamsPath === null ? null : await readTeamFile(given.teamsPath);
  const matchFile = given.path === null ? null : await readMatchFile(given.path);
  for (
    const [path, file] of [[given.teamsPath, teamFile], [given.path, matchFile]] as const
  ) {
    if (file !== null && file.ignored.length > 0) {
      err.line(`Columns of ${path} that nothing reads: ${file.ignored.join(", ")}`);
    }
  }

  const tables = openTables(target);
  const now = await target.suiteNow();
  const storedTeams = await tables.readTeams();
  const teams = teamFile === null ? null : compareTeams(teamFile.teams, storedTeams);
  const { matches, doubles } = matchFile === null
    ? { matches: null, doubles: [] }
    : await comparison(given, matchFile.fixtures, tables, now);
  const known = new Set([...storedTeams, ...teamFile?.teams ?? []].map(({ name }) => name));
  const preview = {
    matches,
    teams,
    unknownTeams: unknownTeams(matches?.upcoming ?? [], known),
    doubles,
    isApplied: given.apply,
  };
  if (given.apply) await apply(preview, tables, now);
  out.line(given.json ? asJson(preview) : describe(preview));
  return preview.unknownTeams.length + doubles.length === 0 ? 0 : 1;
}

async function comparison(
  { path, cancelMissing }: FixturesArguments,
  fixtures: ReturnType<typeof readFixtures>["fixtures"],
  tables: Tables,
  now: Date,
) {
  const times = fixtures.map(({ kickoff }) => kickoff.at.getTime());
  const [first, last] = times.reduce(
    ([min, max], time) => [Math.min(min, time), Math.max(max, time)],
    [Infinity, -Infinity],
  );
  const ids = new Set(fixtures.map(({ id }) => id));
  const stored = await tables.readMatches(
    [...ids],
    new Date(first - DAY_MS),
    // The last day may be a whole one.
    new Date(last + 2 * DAY_MS),
  );
  const matches = compareMatches(fixtures, stored, { now, cancelMissing });
  const faults = new Faults();
  refuseConflicts(matches.changes, ids, stored, faults);
  faults.throwIfAny(path ?? "");
  return { matches, doubles: likelyDoubles(matches.changes, ids, stored) };
}

/** Teams first: a run of the scheduler between both finds no unknown team. */
async function apply(preview: Preview, tables: Tables, now: Date): Promise<void> {
  const { matches, teams } = writesOf(preview);
  if (teams > 0) await tables.writeTeams(preview.teams?.changes.map(({ write }) => write) ?? []);
  if (matches === 0) return;
  await tables.writeMatches(
    preview.matches?.changes.flatMap(({ write }) => write ?? []) ?? [],
    now,
  );
}

await runTask({ help: HELP, read: readArguments, run: fixtures });
