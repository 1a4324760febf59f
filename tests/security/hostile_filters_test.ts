/** PostgREST's filters with every text that is syntax to it: they select only what they name. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { type Rest, withRest } from "../support/database.ts";
import { contentsOf, structureOf } from "./digest.ts";
import { HOSTILE, UNSTORABLE } from "./hostile.ts";
import { type HttpResponse, sendRequest } from "./send_request.ts";

const idOf = (index: number) => 1001 + index;

async function fill({ sql }: Rest): Promise<void> {
  for (const [index, text] of HOSTILE.entries()) {
    await sql`
      insert into public.matches (id, competition, home_team, away_team, kickoff_at, trigger_properties)
      values (${idOf(index)}, ${text}, 'A', 'B', now(), ${
      sql.json({ note: text, [`x${text}`]: 1 })
    })`;
  }
}

function get(rest: Rest, path: string, key = rest.keys.secretKey): Promise<HttpResponse> {
  return sendRequest(`${rest.restUrl}/${path}`, { method: "GET", headers: { apikey: key } });
}

async function idsOf(rest: Rest, filter: string): Promise<number[]> {
  const { status, text } = await get(rest, `matches?select=id&order=id&${filter}`);
  strictEqual(status, 200, `${filter}: ${text}`);
  return JSON.parse(text).map(({ id }: { id: number }) => id);
}

const encoded = encodeURIComponent;
const quoted = (text: string) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

Deno.test("each text selects its own row and no other, by every operator that compares whole values", () =>
  withRest(async (rest) => {
    await fill(rest);
    const wrong: string[] = [];
    for (const [index, text] of HOSTILE.entries()) {
      const filters = [
        `competition=eq.${encoded(text)}`,
        `competition=in.(${encoded(quoted(text))})`,
        `or=(competition.eq.${encoded(quoted(text))},id.eq.0)`,
        `and=(competition.eq.${encoded(quoted(text))},id.gt.0)`,
        `not.or=(competition.neq.${encoded(quoted(text))})`,
        `trigger_properties-%3E%3Enote=eq.${encoded(text)}`,
        `trigger_properties=cs.${encoded(JSON.stringify({ note: text }))}`,
      ];
      for (const filter of filters) {
        const found = JSON.stringify(await idsOf(rest, filter));
        if (found !== JSON.stringify([idOf(index)])) wrong.push(`${filter}: ${found}`);
      }
    }
    deepStrictEqual(wrong, []);
  }));

Deno.test("a text in the place of a name, an order, a page or an operator is refused, or selects what any caller may see", () =>
  withRest(async (rest) => {
    await fill(rest);
    const before = [await contentsOf(rest.sql), await structureOf(rest.sql)];
    const wrong: string[] = [];
    let refused = 0;
    for (const text of [...HOSTILE, ...UNSTORABLE.map((text) => text.toWellFormed())]) {
      const it = encoded(text);
      const paths = [
        `matches?select=${it}`,
        `matches?select=id,${it}:competition`,
        `matches?select=competition::${it}`,
        `matches?${it}=eq.1`,
        `matches?order=${it}`,
        `matches?order=id.${it}`,
        `matches?limit=${it}&offset=${it}`,
        `matches?id=${it}`,
        `matches?id=eq.${it}`,
        `matches?or=${it}`,
        `matches?competition=like.${it}`,
        `matches?competition=match.${it}`,
        `matches?competition=fts(${it}).x`,
        `matches?on_conflict=${it}`,
        `matches?columns=${it}`,
        `${it}?select=id`,
        `rpc/${it}`,
        `rpc/match_timeline?p_match_id=${it}`,
        `rpc/match_timeline?${it}=1`,
      ];
      for (const path of paths) {
        const { status, text: answer } = await get(rest, path);
        if (status >= 500 || answer.includes("P0001")) wrong.push(`${status} ${path}: ${answer}`);
        if (status >= 400) refused++;
        const byAnyone = await get(rest, path, rest.keys.publishableKey);
        // An unknown caller may only get an answer without our rows.
        if (byAnyone.status < 400) wrong.push(`${byAnyone.status} ${path} to anybody`);
      }
    }
    deepStrictEqual(wrong, []);
    ok(refused > 300, `${refused} refused`);
    deepStrictEqual([await contentsOf(rest.sql), await structureOf(rest.sql)], before);
  }));

Deno.test("headers that steer PostgREST carry no SQL either", () =>
  withRest(async (rest) => {
    await fill(rest);
    const before = [await contentsOf(rest.sql), await structureOf(rest.sql)];
    const wrong: string[] = [];
    // Only texts that a header can hold.
    const texts = HOSTILE.filter((text) => /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text));
    ok(texts.length > 20, "there are texts to send");
    for (const text of texts) {
      for (
        const name of [
          "prefer",
          "range",
          "range-unit",
          "accept",
          "accept-profile",
          "x-forwarded-for",
        ]
      ) {
        const { status, text: answer } = await sendRequest(
          `${rest.restUrl}/matches?select=id&limit=1`,
          {
            method: "GET",
            headers: { apikey: rest.keys.secretKey, [name]: text },
          },
        );
        if (status >= 500) wrong.push(`${status} ${name}: ${text}: ${answer}`);
      }
    }
    deepStrictEqual(wrong, []);
    deepStrictEqual([await contentsOf(rest.sql), await structureOf(rest.sql)], before);
  }));
