/** Connects to the project with the publishable key and the operator's token. */
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Database } from "../../supabase/functions/_shared/database.types.ts";

export type Client = SupabaseClient<Database>;

export interface Config {
  readonly supabase_url: string;
  readonly publishable_key: string;
  /** Where to read the database instead, such as a read replica; without it, `supabase_url`. */
  readonly reads_url?: string;
  /** On the local stack, which has no Supabase Auth: token and time come from the page's own server. */
  readonly local?: boolean;
}

/** The system clock, or the local stack's virtual clock. */
export interface PageClock {
  now(): Date;
  /** Reads the virtual clock again; does nothing with the system clock. */
  refresh(): Promise<void>;
}

export interface Connection {
  readonly client: Client;
  readonly clock: PageClock;
  readonly isLocal: boolean;
}

const TOKEN_KEPT_MS = 45 * 60_000;

export async function readConfig(): Promise<Config> {
  const response = await fetch("config.json", { cache: "no-store" });
  if (!response.ok) throw new Error(`Cannot read config.json: got ${response.status}`);
  const config: unknown = await response.json();
  for (const name of ["supabase_url", "publishable_key"]) {
    const value = (config as Record<string, unknown> | null)?.[name];
    if (typeof value !== "string" || value === "" || value.includes("<")) {
      throw new Error(`Cannot use config.json: ${name} must be filled in, got ${value}`);
    }
  }
  const read = config as Config;
  if (read.reads_url !== undefined && !URL.canParse(read.reads_url)) {
    throw new Error(`Cannot use config.json: reads_url must be an address, got ${read.reads_url}`);
  }
  if (/^sb_secret_/.test(read.publishable_key)) {
    throw new Error("Cannot use config.json: publishable_key must be public, got a secret key");
  }
  return read;
}

export function connect(config: Config): Connection {
  const { supabase_url: url, publishable_key: key, local: isLocal = false } = config;
  const global = { fetch: readingFrom(config) };
  if (!isLocal) {
    const clock = { now: () => new Date(), refresh: () => Promise.resolve() };
    return { client: createClient<Database>(url, key, { global }), clock, isLocal };
  }
  let offsetMs = 0;
  let token: { text: string; at: number } | undefined;
  const readLocal = async (what: string) =>
    await (await fetch(`local/${what}`, { cache: "no-store" })).json();
  const clock: PageClock = {
    now: () => new Date(Date.now() + offsetMs),
    async refresh() {
      const { now, virtual } = await readLocal("clock") as { now: string; virtual: boolean };
      offsetMs = virtual ? new Date(now).getTime() - Date.now() : 0;
    },
  };
  const client = createClient<Database>(url, key, {
    global,
    accessToken: async () => {
      if (token === undefined || Date.now() - token.at > TOKEN_KEPT_MS) {
        const { token: text } = await readLocal("session") as { token: string };
        token = { text, at: Date.now() };
      }
      return token.text;
    },
  });
  return { client, clock, isLocal };
}

/** Sends reads of the database to `reads_url`. Signing in and the verbs always use the project itself. */
function readingFrom({ supabase_url, reads_url = supabase_url }: Config): typeof fetch {
  const database = `${new URL(supabase_url).href.replace(/\/+$/, "")}/rest/v1/`;
  const replica = `${new URL(reads_url).href.replace(/\/+$/, "")}/rest/v1/`;
  return (input, init) => {
    const url = String(input instanceof Request ? input.url : input);
    const isRead = url.startsWith(database) && (init?.method ?? "GET") === "GET";
    return fetch(isRead ? replica + url.slice(database.length) : input, init);
  };
}
