/** Renders the templates for Braze: the output contains what correlation needs, for any name of a user or a match. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { isAborted } from "../../../local/braze_sandbox/connected_content.ts";
import { correlate } from "../../../supabase/functions/_shared/attribution/correlate.ts";
import {
  type Evidence,
  TEST_DISPATCH_ID,
} from "../../../supabase/functions/_shared/attribution/evidence.ts";
import {
  readGateToken,
  signGateToken,
} from "../../../supabase/functions/_shared/auth/gate_token.ts";
import { echo } from "../../../local/braze_sandbox/echo.ts";
import { currentsSend, readOne, whyRejected } from "../../support/bodies.ts";
import { brazeTemplate, type Personalization, renderBraze } from "../../support/braze_liquid.ts";
import { CAMPAIGN, contextOf, ledger, ledgerIdOf } from "../../support/facts.ts";
import { readText } from "../../support/sources.ts";

const DISPATCH = "6b1f0c9de2a84f7795b3c1d0e4aa7f12";
const ECHO = {
  match_id: "1002",
  ledger_id: ledgerIdOf(1002),
  generation: 3,
  attempt_id: "0b9f6f6e-2f3a-4d6c-9a51-7f6d0c1e2002",
};
const WEBHOOK = await brazeTemplate("webhook");
const PUSH = await brazeTemplate("push");
const GATE_FAIL_CLOSED = await brazeTemplate("gate_fail_closed");
const GATE_FAIL_OPEN = await brazeTemplate("gate_fail_open");

const GATES = [["fail_closed", GATE_FAIL_CLOSED], ["fail_open", GATE_FAIL_OPEN]] as const;

function person(changes: Partial<Personalization> = {}): Personalization {
  return {
    user: { user_id: "u-1001", braze_id: "64f0a1b2c3d4e5f601234567" },
    campaign: { api_id: CAMPAIGN, dispatch_id: DISPATCH, message_api_id: "3ac2" },
    api_trigger_properties: { home_team: "Everton", ...ECHO },
    ...changes,
  };
}

const webhookBody = async (known: Personalization) => (await renderBraze(WEBHOOK, known)).text;

function echoOf(evidence: Evidence) {
  const { echoedLedgerId, echoedMatchId, echoedGeneration, echoedAttemptId } = evidence;
  return [echoedLedgerId, echoedMatchId, echoedGeneration, echoedAttemptId];
}

async function pushSend(known: Personalization, body = "Everton – Liverpool, in an hour") {
  const { text, messageExtras } = await renderBraze(`${body}${PUSH}`, known);
  return { text, event: readOne(currentsSend({ properties: { message_extras: messageExtras } })) };
}

Deno.test("the webhook template becomes a message with every field that we read", async () => {
  const { externalUserId, evidence, claim } = readOne(await webhookBody(person()));
  strictEqual(externalUserId, "u-1001");
  strictEqual(claim, "strong");
  const { sentAt: _, receivedAt: __, ...said } = evidence;
  deepStrictEqual(said, {
    eventType: "send",
    channel: "webhook",
    timeKind: "receipt",
    campaignId: CAMPAIGN,
    canvasId: null,
    echoedLedgerId: ECHO.ledger_id,
    echoedMatchId: "1002",
    echoedGeneration: "3",
    echoedAttemptId: ECHO.attempt_id,
    hasForeignExtras: false,
    scheduleId: null,
    dispatchId: DISPATCH,
    sendId: null,
  });
});

for (
  const userId of ['say "hi"', "back\\slash", "line\nbreak", "{{campaign}}", "Zoë 🏟", '","x":"y']
) {
  Deno.test(`the webhook template carries the user ${JSON.stringify(userId)} unchanged`, async () => {
    const body = await webhookBody(person({ user: { user_id: userId } }));
    strictEqual(readOne(body).externalUserId, userId);
  });
}

Deno.test("the webhook template without trigger properties still names dispatch and campaign", async () => {
  const { evidence } = readOne(await webhookBody(person({ api_trigger_properties: {} })));
  deepStrictEqual(
    [echoOf(evidence), evidence.dispatchId],
    // Blanks are an echo that no match has.
    [[null, "", null, null], DISPATCH],
  );
});

Deno.test("the webhook template without an external id makes one message for each of Braze's users", async () => {
  const of = async (brazeId: string) =>
    readOne(await webhookBody(person({ user: { user_id: null, braze_id: brazeId } })));
  const [one, other] = [await of("a"), await of("b")];
  strictEqual(one.externalUserId, null);
  ok(one.eventId !== other.eventId);
});

Deno.test("a test send of the webhook template is recognised", async () => {
  const campaign = { api_id: CAMPAIGN, dispatch_id: TEST_DISPATCH_ID };
  const { evidence } = readOne(await webhookBody(person({ campaign })));
  strictEqual(correlate(evidence, contextOf([])).method, "test_send");
});

Deno.test("trigger properties that our scheduler did not write cannot name another match", async () => {
  const hostile = { ...ECHO, match_id: '1002", "match_id": "1003' };
  const body = await webhookBody(person({ api_trigger_properties: hostile }));
  strictEqual(whyRejected(body), "Object must not hold a name twice");
});

Deno.test("the push template echoes match, ledger row, generation and attempt, and displays none of it", async () => {
  const { text, event } = await pushSend(person());
  strictEqual(text.trim(), "Everton – Liverpool, in an hour");
  deepStrictEqual(echoOf(event.evidence), [ECHO.ledger_id, "1002", "3", ECHO.attempt_id]);
});

Deno.test("the sandbox echoes what the templates echo", async () => {
  for (const properties of [ECHO, { match_id: 1002 }, {}]) {
    const { messageExtras } = await renderBraze(
      PUSH,
      person({ api_trigger_properties: properties }),
    );
    deepStrictEqual(JSON.parse(messageExtras ?? "null"), echo(properties));
  }
});

Deno.test("the push template is one line and adds at most a line break to a push", () => {
  strictEqual(PUSH.trimEnd().includes("\n"), false);
});

for (
  const [what, properties] of [
    ["without trigger properties", {}],
    ["with more than Braze carries", { ...ECHO, match_id: "9".repeat(2_000) }],
    ["with texts that are not ids", { match_id: "x'\"", ledger_id: "{}", generation: "one" }],
  ] as const
) {
  Deno.test(`the push template ${what} makes an event that names no match`, async () => {
    const { event } = await pushSend(person({ api_trigger_properties: properties }));
    const evidence = { ...event.evidence, campaignId: CAMPAIGN };
    const context = contextOf([ledger(1002, { sendAt: evidence.sentAt })]);
    strictEqual(correlate(evidence, context).method, "unknown_match");
    strictEqual(evidence.dispatchId, "dispatch-1", "the event itself is good");
  });
}

for (const [gate, template] of GATES) {
  for (
    const [what, content] of [
      ["yes", '{"send":true,"reason":"current"}'],
      ["no", '{"send":false,"reason":"superseded"}'],
      ["nothing, or anything but 2xx", null],
      ["an empty body", ""],
      ["a page", "<html>Sorry</html>"],
      ["JSON of another service", '{"code":"database_unavailable"}'],
      ["yes as text", '{"send":"true"}'],
      ["a list", "[true]"],
    ] as const
  ) {
    Deno.test(`the ${gate} gate treats ${what} as the sandbox does`, async () => {
      const { text, aborted } = await renderBraze(`${template}Kick-off!`, person(), () => content);
      strictEqual(aborted !== null, isAborted(gate, content));
      strictEqual(text.trim().replace(/\s+/, " "), "Kick-off!", "it shows nothing of itself");
    });
  }

  Deno.test(`the ${gate} gate asks for the schedule's own token`, async () => {
    const secret = "s".repeat(32);
    const asked = {
      ledgerId: ECHO.ledger_id,
      generation: ECHO.generation,
      attemptId: ECHO.attempt_id,
    };
    const token = await signGateToken(asked, secret);
    const urls: string[] = [];
    const properties = { ...ECHO, send_gate_token: token };
    await renderBraze(template, person({ api_trigger_properties: properties }), (url) => {
      urls.push(url);
      return null;
    });
    strictEqual(urls.length, 1);
    const { pathname, searchParams } = new URL(urls[0]!.replace("<ref>", "ref"));
    strictEqual(pathname, "/functions/v1/braze-send-gate");
    deepStrictEqual(await readGateToken(searchParams.get("token") ?? "", [secret]), asked);
  });
}

Deno.test("only the fail_open gate allows a send without an answer", () => {
  deepStrictEqual(GATES.map(([gate]) => [gate, isAborted(gate, null)]), [
    ["fail_closed", true],
    ["fail_open", false],
  ]);
});

Deno.test("the guide shows the templates exactly as in their files", async () => {
  const guide = await readText("docs/braze-setup.md");
  const shown = [...guide.matchAll(/^```liquid\n([\s\S]*?)^```$/gm)].map(([, text]) => text);
  deepStrictEqual(shown, [PUSH, WEBHOOK, GATE_FAIL_CLOSED, GATE_FAIL_OPEN]);
});
