/** `deno task fixtures` as a process of its own, against the stack. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { join } from "node:path";
import type { Stack } from "../../local/stack/stack.ts";
import { command, type Ended } from "../support/command.ts";
import { withStack } from "../support/database.ts";
import { readText } from "../support/sources.ts";
import { freeBase } from "../support/ports.ts";

const POSTGRES_BIN = Deno.env.get("TEST_POSTGRES_BIN");
const ZONE = ["--time-zone", "Europe/London"];
/** The task compares with the clock of this machine, so the matches are far ahead of it. */
const DAY = "2090-12-09";

/** Runs the task with files in a folder of their own. */
async function withFiles(
  test: (stack: Stack, run: (files: Files, ...args: string[]) => Promise<Ended>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await withStack({ sandbox: { users: { count: 20 } } }, async (stack) => {
      await stack.sql`select cron.unschedule(jobname) from cron.job`;
      await stack.sql`
        insert into public.teams (name, braze_attribute_value)
        select name, name from unnest(${[
        "Arsenal",
        "Chelsea",
        "Everton",
        "Liverpool",
      ]}::text[]) as team (name)`;
      await test(stack, async (files, ...args) => {
        const paths: string[] = [];
        for (const [name, text] of Object.entries(files)) {
          const path = join(folder, name);
          await Deno.writeTextFile(path, text);
          if (name.startsWith("teams")) paths.push("--teams");
          paths.push(path);
        }
        return await command("local/tasks/fixtures.ts", [...paths, ...ZONE, ...args], {
          SUPABASE_URL: stack.ready.api_url,
          SUPABASE_SECRET_KEYS: JSON.stringify({ default: stack.ready.secret_key }),
        });
      });
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

type Files = Readonly<Record<string, string>>;

const HEADER = "id,competition,home_team,away_team,date,time,status";
const csv = (...rows: readonly string[]) => [HEADER, ...rows].join("\n");
const BEFORE = csv(
  `1,Cup,Arsenal,Chelsea,${DAY},15:00,`,
  `2,Cup,Everton,Liverpool,${DAY},15:00,`,
  "3,Cup,Liverpool,Chelsea,2090-12-13,20:00,",
  "4,Cup,Arsenal,Everton,2090-12-16,20:00,",
  "5,Cup,Chelsea,Everton,2090-12-20,15:00,",
);

interface Held {
  readonly id: string;
  readonly kickoff_at: Date;
  readonly status: string;
  readonly kickoff_confirmed: boolean;
  readonly updated_at: Date;
}

async function held({ sql }: Stack): Promise<Held[]> {
  return [
    ...await sql<Held[]>`
      select id, kickoff_at, status, kickoff_confirmed, updated_at from public.matches order by id`,
  ];
}

async function changes({ sql }: Stack): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from public.match_changes`;
  return row?.count ?? -1;
}

Deno.test("fixtures are previewed, written once, and a repetition changes nothing", () =>
  withFiles(async (stack, run) => {
    const preview = await run({ "a.csv": BEFORE });
    deepStrictEqual([preview.code, preview.stderr], [0, ""]);
    match(preview.stdout, /^Matches: 5 added, 0 moved, 0 taken off, 0 changed otherwise, 0 unch/);
    match(preview.stdout, /\n {2}1 {2}2090-12-09 15:00 {2}Arsenal – Chelsea\n/);
    match(preview.stdout, /Nothing is written yet; --apply writes 0 teams and 5 matches\n$/);
    deepStrictEqual(await held(stack), []);

    const applied = await run({ "a.csv": BEFORE }, "--apply");
    strictEqual(applied.code, 0, applied.stderr);
    match(applied.stdout, /Written: 0 teams and 5 matches\n$/);
    const first = await held(stack);
    strictEqual(first.length, 5);

    const repeated = await run({ "a.csv": BEFORE }, "--apply");
    match(repeated.stdout, /^Matches: 0 added, .*, 5 unchanged\nNothing to write\n$/);
    deepStrictEqual(await held(stack), first);
    strictEqual(await changes(stack), 5);
  }));

Deno.test("a match that moves keeps its row, one that is off is told, one that is missing stays until it is asked for", () =>
  withFiles(async (stack, run) => {
    await run({ "a.csv": BEFORE }, "--apply");
    await stack
      .sql`update public.matches set push = false, trigger_properties = '{"a": 1}' where id = 1`;
    const after = csv(
      `1,Cup,Arsenal,Chelsea,${DAY},15:00,`,
      `2,Cup,Everton,Liverpool,${DAY},17:30,`,
      "3,Cup,Liverpool,Chelsea,2090-12-13,20:00,postponed",
      "5,Cup,Chelsea,Everton,2090-12-21,,",
      "6,Cup,Everton,Arsenal,2090-12-28,,",
    );
    const applied = await run({ "a.csv": after }, "--apply");
    strictEqual(applied.code, 0, applied.stderr);
    deepStrictEqual(applied.stdout.split("\n").filter((line) => line !== ""), [
      "Matches: 1 added, 2 moved, 1 taken off, 0 changed otherwise, 1 unchanged",
      "added (times UTC):",
      "  6  2090-12-28 00:00 (not confirmed)  Everton – Arsenal",
      "moved (times UTC):",
      "  2  2090-12-09 15:00 → 2090-12-09 17:30  Everton – Liverpool",
      "  5  2090-12-20 15:00 → 2090-12-21 00:00 (not confirmed)  Chelsea – Everton",
      "taken off (times UTC):",
      "  3  2090-12-13 20:00  Liverpool – Chelsea; status scheduled → postponed",
      "not in the file, left as they are; --cancel-missing takes them off (times UTC):",
      "  4  2090-12-16 20:00  Arsenal – Everton",
      "Written: 0 teams and 4 matches",
    ]);
    const statuses = async () => (await held(stack)).map(({ id, status }) => `${id} ${status}`);
    deepStrictEqual(await statuses(), [
      "1 scheduled",
      "2 scheduled",
      "3 postponed",
      "4 scheduled",
      "5 scheduled",
      "6 scheduled",
    ]);
    const [kept] = await stack.sql`
      select push, trigger_properties from public.matches where id = 1`;
    deepStrictEqual({ ...kept }, { push: false, trigger_properties: { a: 1 } });

    const cancelled = await run({ "a.csv": after }, "--apply", "--cancel-missing");
    match(cancelled.stdout, /^Matches: 0 added, 0 moved, 1 taken off/);
    deepStrictEqual((await statuses())[3], "4 cancelled");
    strictEqual(
      (await run({ "a.csv": after }, "--cancel-missing")).stdout.includes("Nothing to"),
      true,
    );
  }));

Deno.test("a wrong row writes nothing, whichever file it is in", () =>
  withFiles(async (stack, run) => {
    const teams = "name,braze_attribute_value\nFulham,Fulham\n";
    const wrong = await run({
      "teams.csv": teams,
      "a.csv": csv(`1,Cup,Arsenal,Chelsea,${DAY},15:00,`, `2,Cup,Everton,Fulham,${DAY},3pm,FT`),
    }, "--apply");
    deepStrictEqual([wrong.code, wrong.stdout], [2, ""]);
    match(wrong.stderr, /^Cannot use .*a\.csv: every row must be right, got 1 wrong; nothing was/);
    match(wrong.stderr, /\n {2}line 3: kickoff_at must be like .*, got "2090-12-09 3pm"\n$/);
    const wrongTeams = await run({ "teams.csv": `${teams}Leeds,\n`, "a.csv": BEFORE }, "--apply");
    deepStrictEqual([wrongTeams.code, wrongTeams.stdout], [2, ""]);
    match(wrongTeams.stderr, /line 3: braze_attribute_value must be a text, got nothing/);

    await run({ "a.csv": BEFORE }, "--apply");
    const twin = await run({ "a.csv": csv(`11,Cup,Arsenal,Chelsea,${DAY},15:00,`) }, "--apply");
    strictEqual(twin.code, 2);
    match(
      twin.stderr,
      /a new match must be the only one .*, got Cup: Arsenal – Chelsea \(match 1\)/,
    );
    const alike = await run({ "a.csv": csv(`21,The Cup,Arsenal,Chelsea,${DAY},15:00,`) });
    strictEqual(alike.code, 1, alike.stderr);
    match(alike.stdout, /two ids, .*:\n {2}21 Arsenal – Chelsea and 1 Arsenal – Chelsea \(Cup\)\n/);
    strictEqual(await changes(stack), 5);
    const [row] = await stack.sql`select count(*)::int as count from public.teams`;
    deepStrictEqual({ ...row }, { count: 4 });
  }));

Deno.test("an unknown team is told with the nearest name and the exit code 3; --teams makes it known", () =>
  withFiles(async (stack, run) => {
    const fixtures = csv(`1,Cup,Arsenal FC,Real Sociedad,${DAY},15:00,`);
    const unknown = await run({ "a.csv": fixtures });
    strictEqual(unknown.code, 1, unknown.stderr);
    match(
      unknown.stdout,
      /Unknown teams, whose fans get no push:\n {2}Arsenal FC, 1 match: is it "Arsenal"\?\n {2}Real Sociedad, 1 match\n/,
    );
    const teams = "name,braze_attribute_value,notify,braze_segment_id\n" +
      "Arsenal FC,Arsenal,,s-1\nReal Sociedad,Sociedad,no,\nChelsea,Chelsea F.C.,,\n";
    const known = await run({ "teams.csv": teams, "a.csv": fixtures }, "--apply", "--json");
    strictEqual(known.code, 0, known.stderr);
    const said = JSON.parse(known.stdout);
    deepStrictEqual([said.applied, said.unknown_teams, said.matches.added.length], [true, [], 1]);
    await stack.sql`
      update public.teams set notify = false, audience_size = 7, audience_measured_at = now()
      where name = 'Arsenal FC'`;
    const repeated = await run({ "teams.csv": teams }, "--apply");
    match(repeated.stdout, /^Teams: 0 added, 0 changed, 3 unchanged\nNothing to write\n$/);
    const rows = await stack.sql`
      select name, braze_attribute_value as value, notify, braze_segment_id as segment, audience_size as size
      from public.teams where name in ('Arsenal FC', 'Chelsea', 'Real Sociedad') order by name`;
    deepStrictEqual(rows.map((row) => Object.values(row)), [
      ["Arsenal FC", "Arsenal", false, "s-1", 7],
      ["Chelsea", "Chelsea F.C.", true, null, null],
      ["Real Sociedad", "Sociedad", false, null, null],
    ]);
  }));

Deno.test("teams are written before matches; what the database refuses is told, and a repetition completes it", () =>
  withFiles(async (stack, run) => {
    const files = { "teams.csv": "name,braze_attribute_value\nFulham,Fulham\n", "a.csv": BEFORE };
    await stack.sql`alter table public.matches add constraint broken check (id <> 5)`;
    const refused = await run(files, "--apply");
    deepStrictEqual([refused.code, refused.stdout], [2, ""]);
    match(
      refused.stderr,
      /^Cannot write matches: the project must accept it, got 400 \(.*"broken".*\)\. The same command, repeated/,
    );
    deepStrictEqual(await held(stack), []);
    const [fulham] = await stack.sql`select name from public.teams where name = 'Fulham'`;
    deepStrictEqual({ ...fulham }, { name: "Fulham" });
    await stack.sql`alter table public.matches drop constraint broken`;
    match((await run(files, "--apply")).stdout, /Written: 0 teams and 5 matches\n$/);
  }));

Deno.test("many matches of all three kinds of file are written in batches and found again", () =>
  withFiles(async (stack, run) => {
    const teams = ["Arsenal", "Chelsea", "Everton", "Liverpool"];
    const days = Array.from({ length: 2_500 }, (_, index) => {
      const day = new Date(Date.UTC(2080, 0, 1 + index)).toISOString().slice(0, 10);
      return { day, home: teams[index % 4]!, away: teams[(index + 1) % 4]! };
    });
    const json = JSON.stringify({
      name: "League 2080/90",
      matches: days.map(({ day, home, away }, index) => ({
        round: `Matchday ${index}`,
        date: day,
        ...(index % 2 === 0 ? { time: "15:00" } : {}),
        team1: home,
        team2: away,
      })),
    });
    const calendar = [
      "BEGIN:VCALENDAR",
      ...["BEGIN:VEVENT", "UID:a", `DTSTART;TZID=Europe/Madrid:20901209T210000`],
      ...["SUMMARY:Arsenal v Chelsea", "STATUS:CONFIRMED", "END:VEVENT"],
      "END:VCALENDAR",
    ].join("\r\n");
    const many = await run({ "a.json": json }, "--apply");
    strictEqual(many.code, 0, many.stderr);
    match(many.stdout, /^Matches: 2500 added/);
    match(many.stdout, /… and 2480 more \(--json shows all\)\n/);
    const one = await run({ "a.ics": calendar }, "--apply", "--competition", "Cup");
    strictEqual(one.code, 0, one.stderr);
    const rows = await held(stack);
    strictEqual(rows.length, 2_501);
    strictEqual(rows.filter((row) => !row.kickoff_confirmed).length, 1_250);
    ok(rows.some(({ kickoff_at }) => kickoff_at.toISOString() === "2090-12-09T20:00:00.000Z"));
    match((await run({ "a.json": json }, "--apply")).stdout, /, 2500 unchanged\nNothing to write/);
    match((await run({ "a.ics": calendar }, "--competition", "Cup")).stdout, /, 1 unchanged\n/);
  }));

Deno.test("arguments, a file and a project that refuse end with 2, and say why", () =>
  withFiles(async (stack, run) => {
    const cup = { "a.csv": BEFORE };
    for (
      const [files, args, message] of [
        [{}, [], /must name one file, got 0/],
        [{ ...cup, "b.csv": BEFORE }, [], /must name one file, got 2/],
        [cup, ["--time-zone", "Mars"], /--time-zone must be a time zone like .*, got "Mars"/],
        [cup, ["--local", "--env-file", "x"], /must be --local or --env-file, got both/],
        [cup, ["--id-column", "Number"], /CSV with the column "Number", got none/],
        [{ "a.txt": "" }, [], /it must hold a match, got none/],
      ] as const
    ) {
      const ended = await run(files, ...args);
      deepStrictEqual([ended.code, ended.stdout], [2, ""], ended.stderr);
      match(ended.stderr, message);
    }
    const away = await command("local/tasks/fixtures.ts", ["--teams", "/nowhere.csv"], {});
    deepStrictEqual([away.code, away.stdout], [2, ""]);
    match(away.stderr, /^Cannot read \/nowhere\.csv: it must be a file, got NotFound/);
    const file = await Deno.makeTempFile();
    await Deno.writeTextFile(file, BEFORE);
    const env = (url: string) => ({
      SUPABASE_URL: url,
      SUPABASE_SECRET_KEYS: '{"default": "sb_secret_of-another"}',
    });
    for (
      const [url, message] of [
        [
          stack.ready.api_url,
          /^Cannot read teams: the project must accept it, got 401 \(.*\)\. .*doctor.*\n$/,
        ],
        [`http://127.0.0.1:${freeBase()}`, /^Cannot read teams: .*, got no answer \(.*\)\. .*\n$/],
      ] as const
    ) {
      const refused = await command("local/tasks/fixtures.ts", [file, ...ZONE], env(url));
      deepStrictEqual([refused.code, refused.stdout], [2, ""]);
      match(refused.stderr, message);
    }
    await Deno.remove(file);
  }));

Deno.test("docs/fixtures.md names every column, and its requests are accepted, twice", () =>
  withFiles(async (stack) => {
    const guide = await readText("docs/fixtures.md");
    for (const table of ["matches", "teams"]) {
      const [, section = ""] = guide.split(`\n## ${table}\n`);
      const named = [...section.split("\n## ")[0]!.matchAll(/^\| (`[^|]+) \|/gm)]
        .flatMap(([, cell = ""]) => [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name));
      const columns = await stack.sql`
        select column_name as name from information_schema.columns
        where table_schema = 'public' and table_name = ${table} order by ordinal_position`;
      deepStrictEqual(named.sort(), columns.map(({ name }) => name).sort());
    }
    const requests = [
      ...guide.matchAll(
        /"https:\/\/<ref>\.supabase\.co(\/rest\/v1\/[^"]+)"[^']+"Prefer: ([^"]+)"[^']+'([^']+)'/g,
      ),
    ];
    strictEqual(requests.length, 2);
    for (const [, path, prefer = "", body = ""] of [...requests, ...requests]) {
      const response = await fetch(`${stack.ready.api_url}${path}`, {
        method: "POST",
        headers: { apikey: stack.ready.secret_key, "content-type": "application/json", prefer },
        body,
      });
      ok([200, 201].includes(response.status), String(response.status));
      strictEqual(await response.text(), "");
    }
    deepStrictEqual((await held(stack)).map(({ id }) => id), ["1002"]);
    strictEqual(await changes(stack), 1);
  }));

Deno.test("fixtures --local uses the running stack and its clock, and the scheduler finds what it wrote", async () => {
  const data = await Deno.makeTempDir();
  await Deno.chmod(data, 0o755);
  const file = join(data, "a.csv");
  await Deno.writeTextFile(
    file,
    "id,competition,home_team,away_team,kickoff_at\n" +
      "1002,Premier League,Aston Villa,Southampton,2024-12-07T17:30:00Z\n" +
      "1001,Premier League,Everton,Liverpool,2024-12-07T12:30:00Z\n" +
      "90,Premier League,Arsenal,Everton,2024-12-01T12:30:00Z\n",
  );
  const started = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "local/tasks/start.ts", "--json", "--data", data],
      ...["--port", String(freeBase()), "--clock", "2024-12-06T08:00:00Z"],
      ...(POSTGRES_BIN === undefined ? [] : ["--postgres-bin", POSTGRES_BIN]),
    ],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  try {
    const reader = started.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let line = "";
    while (!line.includes("\n")) {
      const { done, value } = await reader.read();
      ok(!done, "it is ready");
      line += value;
    }
    const ready = JSON.parse(line);
    const applied = await command("local/tasks/fixtures.ts", [
      ...[file, "--apply", "--local", "--data", data],
    ]);
    strictEqual(applied.code, 0, applied.stderr);
    match(
      applied.stdout,
      /^Matches: 0 added, 1 moved, .*, 1 unchanged; 1 not added, since their kick-off has passed\n/,
    );
    const response = await fetch(`${ready.functions_url}/braze-scheduler`, {
      method: "POST",
      headers: { apikey: ready.secret_key, "content-type": "application/json" },
      body: JSON.stringify({ match_ids: [1002] }),
    });
    deepStrictEqual((await response.json()).done, { created: 1 });
    const rows = await fetch(
      `${ready.api_url}/rest/v1/schedule_ledger?select=send_at_utc&match_id=eq.1002`,
      { headers: { apikey: ready.secret_key } },
    );
    deepStrictEqual(await rows.json(), [{ send_at_utc: "2024-12-07T16:30:00+00:00" }]);
    const moved = await fetch(`${ready.api_url}/rest/v1/matches?select=updated_at&id=eq.1002`, {
      headers: { apikey: ready.secret_key },
    });
    // By the stack's clock, not by this machine's.
    match((await moved.json())[0].updated_at, /^2024-12-06T08:/);
  } finally {
    started.kill("SIGTERM");
    await started.status;
    await Deno.remove(data, { recursive: true });
  }
});
