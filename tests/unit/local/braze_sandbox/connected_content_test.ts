/** Templates that call the send gate: the request, how long an answer is cached, and the events of users who are turned away. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { count, postedEvents, type World, world } from "./support.ts";

const QUIET = {
  abortProbability: 0,
  bounceProbability: 0,
  openProbability: 0,
  currents: { duplicateProbability: 0 },
} as const;
const LATER = "2024-12-07T14:00:00Z";
const YES = '{"send":true}';
const NO = '{"send":false}';

/** Answers the gate's question with `content`, or not at all; events are taken. */
function answering(at: World, content: (url: URL) => string | number | Promise<never>): URL[] {
  const asked: URL[] = [];
  at.timeline.answerTo = (url) => {
    if (!url.pathname.endsWith("/braze-send-gate")) return undefined;
    asked.push(url);
    const answer = content(url);
    if (typeof answer === "string") return new Response(answer);
    return typeof answer === "number" ? new Response(YES, { status: answer }) : answer;
  };
  return asked;
}

const gated = (sendGate: "fail_open" | "fail_closed", more = {}) =>
  world({ ...QUIET, sendGate, ...more });
const withToken = (token: string) => ({
  trigger_properties: { match_id: 1, send_gate_token: token },
});

function typesOf(at: World): string[] {
  return [...new Set(postedEvents(at).map(({ event_type }) => event_type.split(".").at(-1)!))];
}

for (
  const [what, content, open, closed] of [
    ["yes", YES, "Send", "Send"],
    ["no", NO, "Abort", "Abort"],
    ["503", 503, "Send", "Abort"],
    ["a redirect", 302, "Send", "Abort"],
    ["a body that is not JSON", "<html>", "Send", "Abort"],
  ] as const
) {
  Deno.test(`of ${what} an open gate makes ${open}, a closed one ${closed}`, async () => {
    for (const [mode, expected] of [["fail_open", open], ["fail_closed", closed]] as const) {
      const at = gated(mode);
      answering(at, () => content);
      await at.schedule(withToken("t-1"));
      await at.timeline.advanceTo(LATER);
      deepStrictEqual(typesOf(at), [expected], mode);
    }
  });
}

Deno.test("a gate that takes longer than two seconds counts as unanswered", async () => {
  const at = gated("fail_closed");
  answering(at, () => at.timeline.unanswered());
  await at.schedule(withToken("t-1"));
  await at.timeline.advanceTo(LATER);
  deepStrictEqual(typesOf(at), ["Abort"]);
});

Deno.test("one request with the send's token serves all its users", async () => {
  const at = gated("fail_closed");
  const asked = answering(at, () => YES);
  await at.schedule(withToken("a+b/c="));
  await at.timeline.advanceTo(LATER);
  ok(postedEvents(at).length > 50);
  deepStrictEqual(asked.map(({ searchParams }) => searchParams.get("token")), ["a+b/c="]);
});

Deno.test("an answer is cached for five minutes, by token; a failure is not", async () => {
  const at = gated("fail_closed");
  const answers: (string | number)[] = [503, YES, NO, NO];
  const asked = answering(at, () => answers.shift()!);
  for (const time of ["11:00:00", "11:01:00", "11:05:59", "11:06:00", "11:06:30"]) {
    await at.schedule({ ...withToken("t-1"), schedule: { time: `2024-12-07T${time}Z` } });
  }
  await at.schedule({ ...withToken("t-2"), schedule: { time: "2024-12-07T11:07:00Z" } });
  await at.timeline.advanceTo(LATER);
  strictEqual(asked.length, 4);
  const outcomes = at.sandbox.model.schedules.all.map(({ id }) =>
    new Set(at.sandbox.model.groundTruth.of(id).map(({ type }) => type.split(".").at(-1)))
  );
  deepStrictEqual(
    outcomes.map((types) => [...types]),
    [["Abort"], ["Send"], ["Send"], ["Abort"], ["Abort"], ["Abort"]],
  );
});

Deno.test("a refused user gets one Abort for the push and no webhook message", async () => {
  const at = gated("fail_closed", { webhook: { enabled: true } });
  answering(at, () => NO);
  await at.schedule(withToken("t-1"));
  await at.timeline.advanceTo(LATER);
  const events = postedEvents(at);
  strictEqual(new Set(events.map(({ user }) => user.user_id)).size, events.length);
  strictEqual(
    count(events, ({ properties }) => properties.abort_type === "liquid_abort_message"),
    events.length,
  );
  strictEqual(count(at.sandbox.model.groundTruth.entries, ({ kind }) => kind === "webhook"), 0);
});

Deno.test("a schedule made by hand asks the gate without a token", async () => {
  const at = gated("fail_closed");
  const asked = answering(at, (url) => url.searchParams.get("token") === "" ? 401 : YES);
  await at.post("/_sandbox/dashboard/create", { send_at: "2024-12-07T11:30:00Z" });
  await at.timeline.advanceTo(LATER);
  strictEqual(asked.length, 1);
  deepStrictEqual(typesOf(at), ["Abort"]);
});
