import { strictEqual } from "node:assert/strict";
import {
  failsClosed,
  isShut,
  readGate,
} from "../../../../supabase/functions/_shared/braze/campaign_gate.ts";
import { brazeTemplate } from "../../../support/braze_liquid.ts";
import { campaignDetails, failed, succeeded, timedOut } from "../../../support/fake_braze.ts";

for (
  const [what, changes, state] of [
    ["enabled", {}, "open"],
    ["not enabled", { enabled: false }, "stopped"],
    ["archived", { archived: true }, "archived"],
    ["archived and not enabled", { archived: true, enabled: false }, "archived"],
    ["a draft", { draft: true, enabled: false }, "draft"],
    ["without the field enabled", { enabled: null }, "unknown"],
    ["without the field archived", { archived: undefined }, "unknown"],
    ["without the field draft", { draft: "yes" }, "unknown"],
    ["not enabled, without the other fields", {
      enabled: false,
      archived: null,
      draft: null,
    }, "stopped"],
  ] as const
) {
  Deno.test(`readGate() returns for a campaign that is ${what}: ${state}`, () => {
    const gate = readGate(succeeded(campaignDetails(changes)));
    strictEqual(gate.state, state);
    strictEqual(isShut(gate), !["open", "unknown"].includes(state));
  });
}

for (
  const [what, result] of [
    ["timed out", timedOut],
    ["was refused", failed("rejected", 400)],
    ["was never made", failed("deadline")],
  ] as const
) {
  Deno.test(`readGate() returns unknown for a call that ${what}`, () => {
    const gate = readGate(result);
    strictEqual(gate.state, "unknown");
    strictEqual(isShut(gate), false);
  });
}

const CLOSED = await brazeTemplate("gate_fail_closed");
const OPEN = await brazeTemplate("gate_fail_open");
const push = (alert: string) => ({ channel: "ios_push", alert, title: "Soon" });
const webhook = (body: string) => ({ channel: "webhook", url: "https://example.test", body });

for (
  const [what, messages, expected] of [
    ["one message with the template", { a: push(`${CLOSED}Kick-off`) }, true],
    ["all messages with the template", {
      a: push(`${CLOSED}Kick-off`),
      b: webhook(`${CLOSED}{}`),
    }, true],
    ["the template with other blanks", {
      a: push(CLOSED.replaceAll("%}{%", "%}\n  {%").replace("{% if", "{%if")),
    }, true],
    ["a message without it", { a: push(`${CLOSED}Kick-off`), b: webhook("{}") }, false],
    ["the template that fails open", { a: push(`${OPEN}Kick-off`) }, false],
    ["one of two that fails open", { a: push(`${OPEN}Kick-off`), b: webhook(CLOSED) }, false],
    ["the request alone", { a: push(CLOSED.split("{% if")[0]!) }, false],
    ["the condition alone", { a: push(`{% if${CLOSED.split("{% if")[1]}`) }, false],
    ["another token", { a: push(CLOSED.replace("send_gate_token", "ledger_id")) }, false],
    ["no message", {}, null],
    ["messages that cannot be read", undefined, null],
  ] as const
) {
  Deno.test(`failsClosed() returns ${expected} for ${what}`, () => {
    strictEqual(failsClosed(succeeded(campaignDetails({ messages }))), expected);
  });
}

Deno.test("failsClosed() returns null where Braze does not answer", () => {
  strictEqual(failsClosed(timedOut), null);
});
