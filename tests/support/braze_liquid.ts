/**
 * Renders Liquid as Braze does, as far as our templates go: its `${…}` names, `json_escape`, `message_extras`,
 * `connected_content` and `abort_message`.
 *
 * Sources: Braze docs, "Supported personalization tags", "Message extras", "Advanced filters", "Connected Content",
 * "Aborting messages".
 */
import { Liquid, type TagToken } from "liquidjs";
import { readText } from "./sources.ts";

/** Over all keys and values; Braze truncates the rest. */
const EXTRAS_BYTES_MAX = 1_000;
const CONTENT = /^(\S.*\S)\s+:save\s+(\w+)$/;
const ABORT = /^\('([^']*)'\)$/;
const EXTRA = /^:key\s+(\S+)\s+:value\s+(?:\{\{\s*(\S+)\s*\}\}|(\S+))$/;

export interface Rendering {
  /** The text of the message. */
  readonly text: string;
  /** What goes into the Send event, as the JSON text that Currents carries. */
  readonly messageExtras: string | null;
  /** Why nothing is sent, if the template gives a reason. */
  readonly aborted: string | null;
}

/** Answers a Connected Content call: the body of a 2xx, or null for anything else. */
export type Answering = (url: string) => string | null;

export interface Personalization {
  /** `{{${user_id}}}` and its like. */
  readonly user: Readonly<Record<string, unknown>>;
  readonly campaign: Readonly<Record<string, unknown>>;
  readonly api_trigger_properties: Readonly<Record<string, unknown>>;
}

export async function renderBraze(
  template: string,
  known: Personalization,
  answering: Answering = () => null,
): Promise<Rendering> {
  const extras: Record<string, string> = {};
  let aborted: string | null = null;
  const engine = new Liquid();
  engine.registerFilter(
    "json_escape",
    (value) => JSON.stringify(String(value ?? "")).slice(1, -1),
  );
  engine.registerTag("message_extras", {
    parse({ args }: TagToken) {
      const found = EXTRA.exec(args);
      if (found === null) {
        throw new Error(`Cannot read message_extras: it must be :key k :value v, got ${args}`);
      }
      [, this.key, this.variable, this.literal] = found;
    },
    *render(context) {
      const value: unknown = this.variable === undefined
        ? this.literal
        : yield this.liquid.evalValue(this.variable, context);
      extras[this.key] = value === undefined || value === null ? "" : String(value);
    },
  });
  engine.registerTag("connected_content", {
    parse({ args }: TagToken) {
      const found = CONTENT.exec(args);
      if (found === null) {
        throw new Error(`Cannot read connected_content: it must be a URL :save name, got ${args}`);
      }
      this.url = this.liquid.parse(found[1]!);
      this.name = found[2]!;
    },
    *render(context, emitter) {
      const url: unknown = yield this.liquid.renderer.renderTemplates(this.url, context);
      context.bottom()[this.name] = parsed(answering(String(url)));
      emitter.write("");
    },
  });
  engine.registerTag("abort_message", {
    parse({ args }: TagToken) {
      this.reason = ABORT.exec(args)?.[1];
      if (this.reason === undefined) {
        throw new Error(`Cannot read abort_message: it must be ('reason'), got ${args}`);
      }
    },
    render() {
      aborted ??= this.reason;
    },
  });
  const text = await engine.parseAndRender(withoutDollars(template), known);
  const isEmpty = Object.keys(extras).length === 0;
  return { text, messageExtras: isEmpty ? null : JSON.stringify(cutOff(extras)), aborted };
}

/** JSON becomes an object with fields; anything else has no fields. */
function parsed(content: string | null): unknown {
  try {
    return content === null ? null : JSON.parse(content);
  } catch {
    return content;
  }
}

/** One of our templates, as it is pasted into Braze. */
export function brazeTemplate(name: string): Promise<string> {
  return readText(`braze/${name}.liquid`);
}

/** `campaign.${api_id}` is a property of the campaign, a lone `${user_id}` one of the user. */
function withoutDollars(template: string): string {
  return template.replaceAll(/(\w+)\.\$\{(\w+)\}/g, "$1.$2").replaceAll(/\$\{(\w+)\}/g, "user.$1");
}

function cutOff(extras: Readonly<Record<string, string>>): Record<string, string> {
  let left = EXTRAS_BYTES_MAX;
  return Object.fromEntries(
    Object.entries(extras).map(([key, value]) => {
      left -= key.length;
      const kept = new TextDecoder().decode(
        new TextEncoder().encode(value).subarray(0, Math.max(0, left)),
      );
      left -= value.length;
      return [key, kept];
    }),
  );
}
