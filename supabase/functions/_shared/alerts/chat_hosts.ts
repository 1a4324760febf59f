/**
 * The chats that alerts can be sent to: what each takes as a message, and which answer says that it took one. Pure.
 *
 * Texts hold names from outside (teams, Braze's messages). Each host gets them in a form in which they are plain text: a
 * team called `<!channel>` must not call the whole channel.
 */
import { z } from "zod";
import { readJson } from "../text/exact_json.ts";

/** Lines of plain text; the link stands below them. */
export interface ChatMessage {
  readonly lines: readonly string[];
  readonly link: string | null;
}

export interface ChatHost {
  readonly name: string;
  isAt(url: URL): boolean;
  /** The address to post to. */
  addressOf(url: URL): string;
  /** The JSON body of the request. */
  bodyOf(message: ChatMessage): unknown;
  /** Whether the answer is the one that the host documents for a message that it took. */
  isTaken(status: number, body: string): boolean;
}

/** Slack marks its own syntax with these three characters. */
const SLACK_ENTITIES = new Map([["&", "&amp;"], ["<", "&lt;"], [">", "&gt;"]]);
const escapeSlack = (text: string) =>
  text.replaceAll(/[&<>]/g, (character) => SLACK_ENTITIES.get(character)!);
const escapeMarkdown = (text: string) => text.replaceAll(/[\\`*_~|#<>[\]()]/g, "\\$&");
/** Ends a mention or a pair of marks where no escape exists. */
const ZERO_WIDTH_SPACE = "\u200b";

/**
 * 200 with the text `ok`; anything else is an error.
 * https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 *
 * `mrkdwn: false` shows `*` and `_` as they are; the three characters are escaped all the same, since they begin links
 * and mentions: https://docs.slack.dev/messaging/formatting-message-text
 */
const SLACK: ChatHost = {
  name: "Slack",
  isAt: () => true,
  addressOf: ({ href }) => href,
  bodyOf: (message) => ({
    text: textOf(message, escapeSlack, 30_000),
    mrkdwn: false,
    unfurl_links: false,
  }),
  isTaken: (status, body) => status === 200 && body.trim() === "ok",
};

/**
 * 200 with the text `ok`: https://developers.mattermost.com/integrate/webhooks/incoming/
 *
 * `mrkdwn` has no effect and every `@name` is linked: https://developers.mattermost.com/integrate/slash-commands/slack
 */
const MATTERMOST: ChatHost = {
  name: "Mattermost",
  isAt: ({ pathname }) => /\/hooks\/[a-z0-9]{26}$/.test(pathname),
  addressOf: ({ href }) => href,
  bodyOf: (message) => ({ text: textOf(message, escapeMattermost, 16_000) }),
  isTaken: SLACK.isTaken,
};

/**
 * With `wait` the answer is 200 with the message as JSON; without it, an empty 204 that does not say whether the message
 * was stored: https://discord.com/developers/docs/resources/webhook#execute-webhook
 *
 * An empty `parse` suppresses all mentions: https://discord.com/developers/docs/resources/message#allowed-mentions-object
 */
const DISCORD: ChatHost = {
  name: "Discord",
  isAt: ({ hostname, pathname }) =>
    /^(?:\w+\.)?discord(?:app)?\.com$/.test(hostname) && !/\/(?:slack|github)$/.test(pathname),
  addressOf(url) {
    const address = new URL(url);
    address.searchParams.set("wait", "true");
    return address.href;
  },
  bodyOf: (message) => ({
    content: textOf(message, escapeMarkdown, 2_000),
    allowed_mentions: { parse: [] },
    // SUPPRESS_EMBEDS
    flags: 4,
  }),
  isTaken: (status, body) => status === 204 || (status === 200 && hasText(body, "id", /^\d+$/)),
};

/**
 * 202 without a body: a workflow begins with a Request trigger, which answers so where the workflow has no Response
 * action: https://learn.microsoft.com/azure/connectors/connectors-native-reqres
 *
 * A TextRun knows no markup, and a card mentions only whom its `msteams.entities` list:
 * https://learn.microsoft.com/adaptive-cards/schema-explorer/text-run
 */
const TEAMS: ChatHost = {
  name: "Microsoft Teams (workflow)",
  isAt: ({ hostname }) => /\.(?:logic\.azure\.com|api\.powerplatform\.com)$/.test(hostname),
  addressOf: ({ href }) => href,
  bodyOf: ({ lines, link }) => ({
    type: "message",
    attachments: [{
      contentType: "application/vnd.microsoft.card.adaptive",
      content: {
        $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
        type: "AdaptiveCard",
        version: "1.4",
        body: fitting(lines, 20_000).map((text) => ({
          type: "RichTextBlock",
          inlines: [{ type: "TextRun", text }],
        })),
        ...(link === null
          ? {}
          : { actions: [{ type: "Action.OpenUrl", title: "Open the page", url: link }] }),
      },
    }],
  }),
  isTaken: (status) => status === 202,
};

/**
 * 200 with the message as JSON, whose `name` is `spaces/…/messages/…`:
 * https://developers.google.com/workspace/chat/quickstart/webhooks
 *
 * `<users/all>` mentions everybody, and no escape exists: https://developers.google.com/workspace/chat/format-messages
 */
const GOOGLE_CHAT: ChatHost = {
  name: "Google Chat",
  isAt: ({ hostname }) => hostname === "chat.googleapis.com",
  addressOf: ({ href }) => href,
  bodyOf: (message) => ({ text: textOf(message, breakMarks, 4_000) }),
  isTaken: (status, body) => status === 200 && hasText(body, "name", /^spaces\//),
};

/** Slack last: it stands for every address that takes `{"text"}` and answers `ok`. */
const HOSTS = [DISCORD, TEAMS, GOOGLE_CHAT, MATTERMOST, SLACK] as const;

export function chatHostOf(address: string): ChatHost {
  const url = new URL(address);
  return HOSTS.find((host) => host.isAt(url)) ?? SLACK;
}

function escapeMattermost(text: string): string {
  return escapeMarkdown(text).replaceAll("@", `@${ZERO_WIDTH_SPACE}`);
}

function breakMarks(text: string): string {
  return text.replaceAll(/[<*~`]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu, `$&${ZERO_WIDTH_SPACE}`);
}

function textOf(
  { lines, link }: ChatMessage,
  escape: (text: string) => string,
  charactersMax: number,
): string {
  const below = link === null ? [] : [link];
  const left = charactersMax - below.join("").length - 1;
  return [...fitting(lines.map(escape), left), ...below].join("\n");
}

/** Whole lines, as many as fit; no line is cut, since a cut could end within an escape. */
function fitting(lines: readonly string[], charactersMax: number): string[] {
  const kept: string[] = [];
  let left = charactersMax - "\n…".length;
  for (const line of lines) {
    left -= line.length + 1;
    if (left < 0) return [...kept, "…"];
    kept.push(line);
  }
  return kept;
}

function hasText(body: string, field: string, form: RegExp): boolean {
  const json = readJson(body);
  if (!json.ok) return false;
  const parsed = z.looseObject({ [field]: z.string().regex(form) }).safeParse(json.value);
  return parsed.success;
}
