/**
 * The edge functions: deployed, started, and holding the same secrets as here.
 *
 * Each request is rejected before a run begins: it has no credential, an invalid body, a signature for another function
 * name, an empty batch, or a token for a ledger row that does not exist.
 */
import { Webhook } from "standardwebhooks";
import { MAY_CALL } from "../../supabase/functions/_shared/auth/callers.ts";
import { signGateToken } from "../../supabase/functions/_shared/auth/gate_token.ts";
import { type Finding, look, ok, unknown, wrong } from "./finding.ts";
import { type Configured, PATIENCE_MS } from "./target.ts";

const DEPLOY = "supabase functions deploy --use-api, then read the function's log";
const SET = "set it with supabase secrets set, the same here and there";
const A_TIMED_FUNCTION = "braze-count-audit";
const GATE = "braze-send-gate";
/** No ledger row has this id: the gate accepts the token and finds no schedule. */
const NO_ID = "00000000-0000-0000-0000-000000000000";
const NO_LEDGER_ROW = { ledgerId: NO_ID, generation: 1, attemptId: NO_ID };

interface Answer {
  readonly status: number;
  readonly code: string;
}

export async function checkFunctions(target: Configured): Promise<Finding[]> {
  const names = Object.keys(MAY_CALL);
  const functions = await Promise.all(
    names.map((name) =>
      look(`function:${name}`, DEPLOY, async () => {
        const answer = name === GATE ? await get(target, "") : await post(target, name, {});
        return judgeStart(name, answer);
      })
    ),
  );
  const { webhookSecrets, cronSigningSecrets, sendGateSecrets, databaseKey } = target.environment;
  const secrets = await Promise.all([
    look("functions_secret_key", DEPLOY, async () => {
      const answer = await post(target, A_TIMED_FUNCTION, { apikey: databaseKey }, "doctor");
      return judge("functions_secret_key", answer, "invalid_body", "SUPABASE_SECRET_KEYS");
    }),
    ...webhookSecrets.map((secret, index) => {
      const check = numbered("webhook_secret", index, webhookSecrets.length);
      return look(check, DEPLOY, async () => {
        const headers = { "x-webhook-secret": secret };
        const answer = await post(target, "braze-webhook", headers, '{"events": []}');
        return judge(check, answer, "", "BRAZE_WEBHOOK_SECRETS");
      });
    }),
    ...cronSigningSecrets.map((secret, index) => {
      const check = numbered("cron_secret", index, cronSigningSecrets.length);
      return look(check, DEPLOY, async () => {
        const answer = await postSigned(target, secret);
        return judge(check, answer, "wrong_function", "CRON_SIGNING_SECRETS");
      });
    }),
    ...sendGateSecrets.map((secret, index) => {
      const check = numbered("send_gate_secret", index, sendGateSecrets.length);
      return look(check, DEPLOY, async () => {
        const answer = await get(target, `?token=${await signGateToken(NO_LEDGER_ROW, secret)}`);
        return judge(check, answer, "unknown_schedule", "SEND_GATE_SECRETS");
      });
    }),
  ]);
  return [...functions, ...secrets];
}

/** A running function rejects a request without credentials with its own error code. */
function judgeStart(name: string, { status, code }: Answer): Finding {
  const check = `function:${name}`;
  if (code === "no_credential") return ok(check, "it answers");
  if (status === 404) return wrong(check, "it is not deployed", DEPLOY);
  if (status === 401) {
    return wrong(
      check,
      `the platform answered in its place (${code || status})`,
      "Deploy it with supabase/config.toml, where verify_jwt is false for each function",
    );
  }
  return wrong(check, `it answered ${status} ${code}`.trim(), DEPLOY);
}

function judge(check: string, { status, code }: Answer, wanted: string, variable: string): Finding {
  if (code === wanted && (wanted !== "" || status === 200)) {
    return ok(check, "the functions take it");
  }
  if (code === "bad_timestamp") {
    return wrong(check, "the functions' clock is minutes away from this one", "Set the clock here");
  }
  if (status === 401 || status === 403) {
    return wrong(check, `the functions have another ${variable}`, `${variable}: ${SET}`);
  }
  return unknown(check, `the function answered ${status} ${code}`.trim());
}

async function postSigned(target: Configured, secret: string): Promise<Answer> {
  const now = await target.suiteNow();
  const id = `doctor_${crypto.randomUUID()}`;
  const scheduledAt = `${now.toISOString().slice(0, 16)}:00Z`;
  const body = JSON.stringify({ function: "doctor", scheduled_at: scheduledAt });
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now.getTime() / 1_000)),
    "webhook-signature": new Webhook(secret).sign(id, now, body),
  };
  return await post(target, A_TIMED_FUNCTION, headers, body);
}

function post(
  target: Configured,
  name: string,
  headers: Record<string, string>,
  body = "{}",
): Promise<Answer> {
  return ask(target, name, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
}

function get(target: Configured, query: string): Promise<Answer> {
  return ask(target, `${GATE}${query}`, { method: "GET" });
}

async function ask(
  { environment, fetch }: Configured,
  path: string,
  init: RequestInit,
): Promise<Answer> {
  const response = await fetch(`${environment.supabaseUrl}/functions/v1/${path}`, {
    ...init,
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  const { code, reason = "" } = await response.json().catch(() => ({}));
  return { status: response.status, code: String(code ?? reason) };
}

function numbered(check: string, index: number, length: number): string {
  return length === 1 ? check : `${check}:${index + 1}`;
}
