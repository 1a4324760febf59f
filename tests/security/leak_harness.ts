/** A stack whose neighbours can repeat the credentials they receive, and everything that is written in it. */
import { randomBytes } from "node:crypto";
import { addMinutes } from "date-fns";
import { roleToken } from "../../local/stack/keys.ts";
import type { Stack } from "../../local/stack/stack.ts";
import { signGateToken } from "../../supabase/functions/_shared/auth/gate_token.ts";
import { currentsSend } from "../support/bodies.ts";
import { THREE_AT_ONCE, withSuite } from "../support/suite.ts";
import { type HttpRequest, type HttpResponse, sendRequest } from "./send_request.ts";
import { type Leak, LeakFinder } from "./leaks.ts";
import { type EchoingProxy, startEchoingProxy } from "./echoing_proxy.ts";

const random = () => randomBytes(24).toString("base64url");
const letters = () => random().toLowerCase().replaceAll(/[^a-z]/g, "q");
const whsec = () => `whsec_${randomBytes(32).toString("base64")}`;

export const SECRETS = {
  legacyKey: `eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoieCJ9.${random()}`,
  webhookSecret: random(),
  formerWebhookSecret: random(),
  gateSecret: random(),
  signingSecret: whsec(),
  formerSigningSecret: whsec(),
  chat: letters(),
  chatQuery: random(),
  engineeringChat: random(),
};
export const PUSH_TOKENS = Object.fromEntries(
  [
    "inProperties",
    "inUser",
    "flat",
    "nested",
    "inMessage",
    "rejected",
    "unplaced",
    "cutOff",
    "inBody",
  ]
    .map((name) => [name, randomBytes(32).toString("hex")]),
);

export interface World {
  readonly stack: Stack;
  readonly braze: EchoingProxy;
  readonly database: EchoingProxy;
  readonly chat: EchoingProxy;
  readonly posted: string[];
  readonly logged: string[];
  readonly answers: HttpResponse[];
  readonly finder: LeakFinder;
}

export async function withWorld(test: (world: World) => Promise<void>): Promise<void> {
  const [braze, database, chat] = [startEchoingProxy(), startEchoingProxy(), startEchoingProxy()];
  const posted: string[] = [];
  const logged: string[] = [];
  const answers: HttpResponse[] = [];
  chat.answer = (_request, body) => {
    posted.push(body);
    return new Response("ok");
  };
  try {
    await withSuite({
      fixtures: THREE_AT_ONCE,
      sandbox: { users: { count: 20 }, switches: { listingMode: "per_schedule" } },
      onLog: (_name, line) => logged.push(line),
      env: {
        SUPABASE_URL: database.url,
        SUPABASE_SERVICE_ROLE_KEY: SECRETS.legacyKey,
        BRAZE_REST_URL: braze.url,
        BRAZE_WEBHOOK_SECRETS: `${SECRETS.webhookSecret},${SECRETS.formerWebhookSecret}`,
        SEND_GATE: "fail_closed",
        SEND_GATE_SECRETS: SECRETS.gateSecret,
        CRON_SIGNING_SECRETS: `${SECRETS.signingSecret},${SECRETS.formerSigningSecret}`,
        ALERT_WEBHOOK_URL: `${chat.url}/services/T0/B0/${SECRETS.chat}?key=${SECRETS.chatQuery}`,
        ALERT_WEBHOOK_URL_ENGINEERING: `${chat.url}/services/T0/B1/${SECRETS.engineeringChat}`,
      },
    }, async (stack) => {
      braze.target = stack.ready.braze_url;
      database.target = stack.ready.api_url;
      await stack.sql`update public.teams set braze_segment_id = 'segment of ' || name`;
      await stack.sql`
        select vault.update_secret(id, ${SECRETS.signingSecret})
        from vault.secrets where name = 'cron_signing_secret'`;
      const { keys } = stack;
      const finder = new LeakFinder({
        ...SECRETS,
        ...PUSH_TOKENS,
        secretKey: keys.secretKey,
        brazeApiKey: keys.brazeApiKey,
        operatorKey: keys.operatorKey.d,
        roleKey: keys.roleKey.k,
        // The header of every token looks the same.
        serviceToken: signatureOf(await roleToken(keys, "service_role")),
      });
      await test({ stack, braze, database, chat, posted, logged, answers, finder });
    });
  } finally {
    await Promise.all([braze, database, chat].map((server) => server.stop()));
  }
}

export function signatureOf(token: string): string {
  return token.split(".").at(-1) ?? "";
}

export async function ask(
  { stack, answers }: World,
  name: string,
  shown: HttpRequest,
): Promise<HttpResponse> {
  const answer = await sendRequest(`${stack.ready.functions_url}/${name}`, shown);
  answers.push(answer);
  return answer;
}

export async function run(world: World, name: string): Promise<HttpResponse> {
  if (name === "braze-send-gate") {
    const [row] = await world.stack.sql<{ ledger_id: string; id: string }[]>`
      select ledger_id, id from public.schedule_attempts where kind = 'create'`;
    const asked = {
      ledgerId: row?.ledger_id ?? crypto.randomUUID(),
      generation: 1,
      attemptId: row?.id ?? crypto.randomUUID(),
    };
    const token = await signGateToken(asked, SECRETS.gateSecret);
    return await ask(world, name, { method: "GET", query: `?token=${token}` });
  }
  return await ask(world, name, {
    headers: { apikey: world.stack.ready.secret_key },
    body: name === "braze-webhook" ? JSON.stringify({ events: [currentsSend()] }) : "{}",
  });
}

export async function advance({ stack }: World, minutes: number): Promise<void> {
  await stack.advanceTo(addMinutes(stack.timeline.now(), minutes));
}

/** Every answer and every log line of the functions, every table and every chat message. */
async function everythingWritten(world: World): Promise<(readonly [string, string])[]> {
  const { stack: { sql }, logged, answers, posted } = world;
  const tables = await sql<{ name: string }[]>`
    select class.oid::regclass::text as name from pg_catalog.pg_class as class
    where class.relnamespace in ('public'::regnamespace, 'private'::regnamespace, 'net'::regnamespace, 'cron'::regnamespace)
      and class.relkind in ('r', 'p', 'v') and not class.relispartition`;
  const dumps = await Promise.all(tables.map(async ({ name }) => {
    // Unreadable bodies are kept to the byte, and checked separately.
    const rows = await sql.unsafe<{ row: string }[]>(
      `select (to_jsonb(it) - 'body')::text as row from ${name} as it`,
    );
    return [name, rows.map(({ row }) => row).join("\n")] as const;
  }));
  return [
    ...dumps,
    ...logged.map((line) => ["log", line] as const),
    ...posted.map((message) => ["chat", message] as const),
    ...answers.map(({ text, headers }) =>
      ["answer", `${text} ${JSON.stringify([...headers])}`] as const
    ),
  ];
}

/** The first of each secret in each place. */
export async function findLeaks(world: World): Promise<Leak[]> {
  const found = new Map<string, Leak>();
  for (const [where, text] of await everythingWritten(world)) {
    for (const leak of world.finder.find(where, text)) {
      const key = `${leak.secret} in ${where}`;
      if (!found.has(key)) found.set(key, leak);
    }
  }
  return [...found.values()];
}
