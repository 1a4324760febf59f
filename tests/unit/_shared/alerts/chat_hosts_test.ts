import { deepStrictEqual, doesNotMatch, match, ok, strictEqual } from "node:assert/strict";
import { chatHostOf } from "../../../../supabase/functions/_shared/alerts/chat_hosts.ts";

const HOSTS = {
  slack: "https://hooks.slack.com/services/T0/B0/x",
  discord: "https://discord.com/api/webhooks/1/x?thread_id=7",
  discordAsSlack: "https://discord.com/api/webhooks/1/x/slack",
  teams:
    "https://prod-1.westeurope.logic.azure.com:443/workflows/x/triggers/manual/paths/invoke?sig=x",
  powerPlatform: "https://default1.environment.api.powerplatform.com/powerautomate/x?sig=x",
  googleChat: "https://chat.googleapis.com/v1/spaces/x/messages?key=x&token=y",
  mattermost: "https://chat.club.example/hooks/abcdefghijklmnopqrstuvwxyz",
  other: "https://chat.club.example/in",
} as const;

const EVIL =
  "A <!channel> & <https://evil.test|here> @everyone *b* _i_ `c` <users/all> [t](https://evil.test)";

const bodyOf = (address: string, lines: string[] = [EVIL], link: string | null = null) =>
  chatHostOf(address).bodyOf({ lines, link });
const textOf = (address: string, lines?: string[], link?: string) => {
  const body = bodyOf(address, lines, link) as Record<string, string>;
  return body.text ?? body.content ?? "";
};

Deno.test("chatHostOf() knows a host by its address", () => {
  deepStrictEqual(Object.values(HOSTS).map((address) => chatHostOf(address).name), [
    "Slack",
    "Discord",
    "Slack",
    "Microsoft Teams (workflow)",
    "Microsoft Teams (workflow)",
    "Google Chat",
    "Mattermost",
    "Slack",
  ]);
});

for (
  const [host, taken, refused] of [
    ["slack", [[200, "ok"]], [[200, ""], [200, "<html>"], [200, "no_service"], [204, ""], [
      201,
      "ok",
    ]]],
    ["mattermost", [[200, "ok"]], [[200, "<html>"], [201, "ok"]]],
    ["discord", [[204, ""], [200, '{"id": "123"}']], [[200, ""], [200, '{"message": "x"}'], [
      202,
      "",
    ]]],
    ["teams", [[202, ""]], [[200, ""], [200, "1"], [204, ""]]],
    ["googleChat", [[200, '{"name": "spaces/x/messages/y"}']], [
      [200, "{}"],
      [200, '{"error": {"code": 400}}'],
      [200, "<html>Sign in</html>"],
    ]],
  ] as const
) {
  Deno.test(`a message counts as taken by ${host} only with the answer that the host documents`, () => {
    const { isTaken } = chatHostOf(HOSTS[host]);
    for (const [status, body] of taken) ok(isTaken(status, body), `${status} ${body}`);
    for (const [status, body] of refused) ok(!isTaken(status, body), `${status} ${body}`);
  });
}

Deno.test("Slack gets names without its own marks", () => {
  const body = bodyOf(HOSTS.slack) as Record<string, unknown>;
  strictEqual(body.mrkdwn, false);
  doesNotMatch(String(body.text), /<[!@h]/);
  match(String(body.text), /&lt;!channel&gt; &amp; /);
});

Deno.test("Discord gets names without marks, and mentions nobody", () => {
  const body = bodyOf(HOSTS.discord) as Record<string, unknown>;
  deepStrictEqual(body.allowed_mentions, { parse: [] });
  match(String(body.content), /\\\*b\\\* \\_i\\_ \\`c\\` \\<users/);
  strictEqual(
    chatHostOf(HOSTS.discord).addressOf(new URL(HOSTS.discord)),
    "https://discord.com/api/webhooks/1/x?thread_id=7&wait=true",
  );
});

Deno.test("Mattermost gets no name that it would link", () => {
  const text = textOf(HOSTS.mattermost);
  doesNotMatch(text, /@(?:everyone|channel|all|here)|<!\w+>/);
  match(text, /\\\*b\\\*/);
});

Deno.test("Google Chat gets names whose marks are broken, and words with an underscore whole", () => {
  const text = textOf(HOSTS.googleChat, [EVIL, "create_unknown · seen"]);
  doesNotMatch(text, /<users\/all>|\*b\*|<https/);
  match(text, /create_unknown/);
});

Deno.test("Teams gets a card of texts that know no markup, with the link as a button", () => {
  const body = bodyOf(HOSTS.teams, [EVIL, "two"], "https://push.example/#/match/1");
  const { attachments: [card] } = body as { attachments: [{ content: Record<string, unknown> }] };
  deepStrictEqual(
    card.content.body,
    [EVIL, "two"].map((text) => ({
      type: "RichTextBlock",
      inlines: [{ type: "TextRun", text }],
    })),
  );
  deepStrictEqual(card.content.actions, [
    { type: "Action.OpenUrl", title: "Open the page", url: "https://push.example/#/match/1" },
  ]);
});

Deno.test("a text keeps within what the host takes: whole lines, and the link", () => {
  const lines = Array.from({ length: 100 }, (_, index) => `${index} ${"_".repeat(100)}`);
  for (
    const [address, max] of [[HOSTS.discord, 2_000], [HOSTS.googleChat, 4_096], [
      HOSTS.mattermost,
      16_383,
    ]] as const
  ) {
    const text = textOf(address, lines, "https://push.example/");
    ok(text.length <= max, `${text.length}`);
    match(text, /\n…\nhttps:\/\/push\.example\/$/);
    ok(text.length > max / 2);
  }
});
