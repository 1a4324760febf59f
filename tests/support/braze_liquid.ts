/**
 * Renders Liquid as Braze does, as far as our templates go: its `${…}` names, `json_escape` and `message_extras`.
 *
 * Sources: Braze docs, "Supported personalization tags", "Message extras", "Advanced filters".
 */
import { Liquid, type TagToken } from "liquidjs";
import { readText } from "./sources.ts";

/** Over all keys and values; Braze cuts off what is more. */
const EXTRAS_BYTES_MAX = 1_000;
const EXTRA = /^:key\s+(\S+)\s+:value\s+(?:\{\{\s*(\S+)\s*\}\}|(\S+))$/;

export interface Rendering {
  /** What stands in the message. */
  readonly text: string;
  /** What goes into the Send event, as the JSON text that Currents carries. */
  readonly messageExtras: string | null;
}

export interface Personalization {
  /** `{{${user_id}}}` and its like. */
  readonly user: Readonly<Record<string, unknown>>;
  readonly campaign: Readonly<Record<string, unknown>>;
  readonly api_trigger_properties: Readonly<Record<string, unknown>>;
}

export async function renderBraze(template: string, known: Personalization): Promise<Rendering> {
  const extras: Record<string, string> = {};
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
  const text = await engine.parseAndRender(withoutDollars(template), known);
  const isEmpty = Object.keys(extras).length === 0;
  return { text, messageExtras: isEmpty ? null : JSON.stringify(cutOff(extras)) };
}

/** A template of ours, as it is to be pasted. */
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
