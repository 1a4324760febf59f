/** Hostile texts in fixtures and teams: written and read through PostgREST, sent to Braze, shown in alerts, unchanged. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { Stack } from "../../local/stack/stack.ts";
import { liveSchedules, schedule, withSuite } from "../support/suite.ts";
import { structureOf } from "./digest.ts";
import { HOSTILE, UNSTORABLE } from "./hostile.ts";
import { type HttpResponse, sendRequest } from "./send_request.ts";

const KICKOFF_AT = "2024-12-07T15:00:00Z";
const SMALL = { sandbox: { users: { count: 20 } } } as const;

/** As the constraints of names allow them: not blank, nor blank outside, and composed. */
const NAMES = HOSTILE.filter((text) =>
  text !== "" && text === text.trim().normalize("NFC") &&
  !/^[\u200b-\u200d\u2060]|[\u200b-\u200d\u2060]$/.test(text)
);

const idOf = (index: number) => 1001 + index;

const matches = NAMES.map((text, index) => ({
  id: idOf(index),
  competition: text,
  home_team: text,
  away_team: `Away ${index}`,
  kickoff_at: KICKOFF_AT,
  trigger_properties: { [`x${text}`]: text, nested: { list: [text] } },
}));
const teams = NAMES.map((text) => ({ name: text, braze_attribute_value: text }));

function rest(
  { ready }: Stack,
  path: string,
  method: string,
  body?: unknown,
): Promise<HttpResponse> {
  return sendRequest(`${ready.rest_url}/${path}`, {
    method,
    headers: { apikey: ready.secret_key },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function fill(stack: Stack): Promise<void> {
  for (const [path, rows] of [["teams", teams], ["matches", matches]] as const) {
    const { status, text } = await rest(stack, path, "POST", rows);
    strictEqual(status, 201, text);
  }
}

Deno.test("text that is written through PostgREST is read back to the byte", () =>
  withSuite(SMALL, async (stack) => {
    const structure = await structureOf(stack.sql);
    await fill(stack);
    const { text } = await rest(
      stack,
      "matches?select=id,competition,home_team,away_team,trigger_properties&order=id",
      "GET",
    );
    deepStrictEqual(JSON.parse(text), matches.map(({ kickoff_at: _, ...row }) => row));
    deepStrictEqual(await structureOf(stack.sql), structure);
  }));

Deno.test("Braze gets every name as it is written, and the journal keeps it", () =>
  withSuite(SMALL, async (stack) => {
    await fill(stack);
    const summary = await schedule(stack);
    strictEqual(summary.outcome, "succeeded", JSON.stringify(summary));
    for (const [index, text] of NAMES.entries()) {
      const [live, ...more] = liveSchedules(stack, idOf(index));
      deepStrictEqual(more, []);
      const { match_id, home_team, competition, nested, [`x${text}`]: own } = live!
        .triggerProperties;
      deepStrictEqual(
        { match_id, home_team, competition, nested, own },
        {
          match_id: String(idOf(index)),
          home_team: text,
          competition: text,
          nested: { list: [text] },
          own: text,
        },
      );
      const [journal] = await stack.sql<{ value: string }[]>`
        select request -> 'audience' -> 'OR' -> 0 -> 'custom_attribute' -> 'value' ->> 0 as value
        from public.schedule_attempts where match_id = ${idOf(index)} and kind = 'create'`;
      strictEqual(journal?.value, text);
    }
    // Planning the same texts again gives the same plan.
    const again = await schedule(stack);
    deepStrictEqual(again.skipped, { unchanged: NAMES.length }, JSON.stringify(again));
  }));

Deno.test("an unknown team is named in an alert as it is written", () =>
  withSuite(SMALL, async (stack) => {
    const { status, text } = await rest(stack, "matches", "POST", matches);
    strictEqual(status, 201, text);
    await schedule(stack);
    const alerts = await stack.sql<{ fingerprint: string; title: string }[]>`
      select fingerprint, title from public.alerts where rule = 'unknown_team'`;
    // Both teams of each match.
    strictEqual(alerts.length, 2 * NAMES.length);
    const titles = new Map(alerts.map(({ fingerprint, title }) => [fingerprint, title]));
    for (const text of NAMES) {
      ok(titles.get(`unknown_team:${text}`)?.includes(`Team "${text}" has no row in teams`), text);
    }
    // Nothing in a message may notify a channel, or look like another message.
    ok(stack.alerts.messages.length > 0);
    for (const { text } of stack.alerts.messages) ok(!/<[!@#h]|\r/.test(text), text);
  }));

Deno.test("the trigger properties of a fixture cannot name another match", () =>
  withSuite(SMALL, async (stack) => {
    await rest(stack, "teams", "POST", [{ name: "Arsenal", braze_attribute_value: "Arsenal" }]);
    const forged = {
      match_id: "1",
      ledger_id: "00000000-0000-0000-0000-000000000001",
      generation: 7,
      competition: "its own",
    };
    await rest(stack, "matches", "POST", [{
      id: 1002,
      competition: "League",
      home_team: "Arsenal",
      away_team: "Chelsea",
      kickoff_at: KICKOFF_AT,
      trigger_properties: forged,
    }]);
    await schedule(stack);
    const [ledger] = await stack.sql`select id from public.schedule_ledger where match_id = 1002`;
    const { match_id, ledger_id, generation, competition } = liveSchedules(stack, 1002)[0]!
      .triggerProperties;
    deepStrictEqual(
      { match_id, ledger_id, generation: Number(generation), competition },
      { match_id: "1002", ledger_id: ledger?.id, generation: 1, competition: "its own" },
    );
  }));

Deno.test("a team with a blank attribute stops the pushes of its own matches, and of no other match", () =>
  withSuite(SMALL, async (stack) => {
    // Rows from before the constraints.
    await stack.sql`
      alter table public.teams drop constraint braze_attribute_value_is_not_blank,
        drop constraint braze_attribute_value_has_no_outer_blanks`;
    const blanks = HOSTILE.filter((text) => text.trim() === "").concat(" ", "\u00a0");
    await rest(stack, "teams", "POST", [
      { name: "Arsenal", braze_attribute_value: "Arsenal" },
      ...blanks.map((text, index) => ({ name: `Blank ${index}`, braze_attribute_value: text })),
    ]);
    await rest(stack, "matches", "POST", [
      ...blanks.map((_, index) => ({
        id: 2001 + index,
        competition: "League",
        home_team: `Blank ${index}`,
        away_team: "Nobody",
        kickoff_at: KICKOFF_AT,
      })),
      {
        id: 1002,
        competition: "League",
        home_team: "Arsenal",
        away_team: "Blank 0",
        kickoff_at: KICKOFF_AT,
      },
    ]);
    await schedule(stack);
    strictEqual(liveSchedules(stack, 1002).length, 1);
    for (const index of blanks.keys()) deepStrictEqual(liveSchedules(stack, 2001 + index), []);
    const raised = await stack.sql<{ fingerprint: string }[]>`
      select fingerprint from public.alerts where rule = 'unknown_team' order by fingerprint`;
    deepStrictEqual(
      raised.map(({ fingerprint }) => fingerprint),
      [...blanks.map((_, index) => `unknown_team:Blank ${index}`), "unknown_team:Nobody"],
    );
  }));

Deno.test("a fixture that no run could read is refused, and the others are scheduled as usual", () =>
  withSuite(SMALL, async (stack) => {
    const fixture = (changes: Record<string, unknown>) => ({
      id: 1002,
      competition: "League",
      home_team: "Arsenal",
      away_team: "Chelsea",
      kickoff_at: KICKOFF_AT,
      ...changes,
    });
    const nested = (depth: number) => ({
      a: JSON.parse(`${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}`),
    });
    const arsenal = { name: "Arsenal", braze_attribute_value: "Arsenal" };
    await rest(stack, "teams", "POST", [arsenal]);
    await rest(stack, "matches", "POST", [fixture({ trigger_properties: nested(64) })]);
    for (
      const [path, row, constraint] of [
        ["matches", fixture({ id: "9007199254740993" }), "id_is_a_safe_number"],
        ["matches", fixture({ id: -1 }), "id_is_a_safe_number"],
        ["matches", fixture({ id: 7, kickoff_at: "infinity" }), "kickoff_is_in_this_century"],
        ["matches", fixture({ id: 7, kickoff_at: "-infinity" }), "kickoff_is_in_this_century"],
        ["matches", fixture({ id: 7, kickoff_at: "20000-01-01" }), "kickoff_is_in_this_century"],
        ["matches", fixture({ id: 7, kickoff_at: "0044-03-15 BC" }), "kickoff_is_in_this_century"],
        [
          "matches",
          fixture({ id: 7, trigger_properties: nested(3_000) }),
          "trigger_properties_are_not_nested_deep",
        ],
        [
          "matches",
          fixture({ id: 7, trigger_properties: nested(66) }),
          "trigger_properties_are_not_nested_deep",
        ],
        [
          "teams",
          { ...arsenal, name: "Blank", braze_attribute_value: "\t \n" },
          "braze_attribute_value_has_no_outer_blanks",
        ],
        [
          "teams",
          { ...arsenal, name: "Blank", braze_attribute_value: "" },
          "braze_attribute_value_is_not_blank",
        ],
      ] as const
    ) {
      const { status, code, text } = await rest(stack, path, "POST", row);
      deepStrictEqual([status, code], [400, "23514"], text);
      ok(text.includes(constraint), text);
    }
    const moved = await rest(stack, "matches?id=eq.1002", "PATCH", { kickoff_at: "infinity" });
    strictEqual(moved.code, "23514", "nor is one turned into such a fixture");
    await schedule(stack);
    strictEqual(liveSchedules(stack, 1002).length, 1);
  }));

Deno.test("a text that Postgres cannot store is refused with a reason, and no part of it is written", () =>
  withSuite(SMALL, async (stack) => {
    for (const text of UNSTORABLE) {
      const { status } = await rest(stack, "teams", "POST", [
        { name: "Arsenal", braze_attribute_value: "Arsenal" },
        { name: text, braze_attribute_value: "x" },
      ]);
      strictEqual(status, 400, JSON.stringify(text));
    }
    strictEqual((await stack.sql`select 1 from public.teams`).length, 0);
  }));
