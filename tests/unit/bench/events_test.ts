import { deepStrictEqual, notDeepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { currentsBody } from "../../../bench/contestants/ours.ts";
import { currentsEvent, EVENT_BYTES, makeEvents } from "../../../bench/events.ts";
import { makeMatchday } from "../../../bench/matchday.ts";
import { makeRequests } from "../../../bench/requests.ts";
import { SHAPES } from "../../../bench/shapes.ts";
import { at, CAMPAIGN } from "../../support/facts.ts";
import { read, text } from "../../support/bodies.ts";

const MATCHDAY = makeMatchday({
  seed: "1",
  campaignId: CAMPAIGN,
  matches: 30,
  until: at("14:00:00"),
});
const make = currentsEvent(MATCHDAY);

Deno.test("the same seed makes the same events, and another seed makes others", () => {
  deepStrictEqual(makeEvents("1", 500, make), makeEvents("1", 500, make));
  const ids = (seed: string) => [...makeEvents(seed, 500, make).uniqueIds];
  notDeepStrictEqual(ids("1"), ids("2"));
  strictEqual(new Set([...ids("1"), ...ids("2")]).size, ids("1").length + ids("2").length);
});

Deno.test("about one event in ten repeats an earlier one to the byte", () => {
  const { sent, uniqueIds } = makeEvents("1", 5_000, make);
  strictEqual(sent.length, 5_000);
  const share = 1 - uniqueIds.size / sent.length;
  ok(share > 0.08 && share < 0.12, `a tenth, got ${share}`);
  deepStrictEqual(new Set(sent.map(({ id }) => id)), uniqueIds);
  strictEqual(new Set(sent.map(({ json }) => json)).size, uniqueIds.size);
});

Deno.test("an event has the size that all contestants receive", () => {
  for (const { json } of makeEvents("1", 50, make).sent) strictEqual(json.length, EVENT_BYTES);
});

Deno.test("the webhook reads the schedule of each event, and rejects nothing", () => {
  const { sent } = makeEvents("1", 100, make);
  const { events, rejects } = read(currentsBody(sent.map(({ json }) => json)));
  strictEqual(rejects.length, 0);
  strictEqual(events.length, sent.length);
  for (const { evidence } of events) {
    const schedule = MATCHDAY.schedules.find(({ ledgerId }) =>
      ledgerId === evidence.echoedLedgerId
    );
    deepStrictEqual(
      [evidence.echoedMatchId, evidence.sendId, evidence.dispatchId, evidence.campaignId],
      [String(schedule?.matchId), schedule?.sendId, schedule?.dispatchId, CAMPAIGN],
    );
    const lateMs = evidence.sentAt.getTime() - schedule!.sendAt.getTime();
    ok(lateMs >= 0 && lateMs < 60_000, `within a minute of its send, got ${lateMs} ms`);
  }
});

Deno.test("a request is complete HTTP with as many events as its shape states", () => {
  const { sent } = makeEvents("1", 300, make);
  const postOf = (events: typeof sent) => ({
    path: "/events",
    headers: { "x-key": "k" },
    body: JSON.stringify(events.map(({ id }) => id)),
  });
  const { raw, bodyBytes } = makeRequests("1", sent, SHAPES.batch, postOf);
  strictEqual(raw.length, 3);
  const bodies = raw.map((request) => text(request).split("\r\n\r\n"));
  deepStrictEqual(
    bodies.flatMap(([, body]) => JSON.parse(body!)),
    sent.map(({ id }) => id),
  );
  const [head, body] = bodies[0]!;
  ok(head!.startsWith("POST /events HTTP/1.1\r\n"));
  ok(head!.includes(`content-length: ${body!.length}`) && head!.includes("x-key: k"));
  strictEqual(bodyBytes, bodies.reduce((sum, [, each]) => sum + each!.length, 0));
});

Deno.test("a duplicated request follows at once, with the same events in another order", () => {
  const { sent } = makeEvents("1", 200, make);
  const postOf = (events: typeof sent) => ({
    path: "/",
    headers: {},
    body: JSON.stringify(events.map(({ id }) => id)),
  });
  const { raw } = makeRequests("1", sent, SHAPES.doubled, postOf);
  const ids: string[][] = raw.map((request) => JSON.parse(text(request).split("\r\n\r\n")[1]!));
  strictEqual(ids.length, 4);
  notDeepStrictEqual(ids[0], ids[1]);
  deepStrictEqual(ids[0]!.toSorted(), ids[1]!.toSorted());
  deepStrictEqual(ids[2]!.toSorted(), ids[3]!.toSorted());
});
