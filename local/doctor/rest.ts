/** Checks through the project's API with the secret key: it answers, and calls by pg_cron arrive. */
import { z } from "zod";
import { type Finding, look, ok, unknown, wrong } from "./finding.ts";
import { type Configured, PATIENCE_MS } from "./target.ts";

const MINUTE_MS = 60_000;
/** Pre-flight is called every five minutes. */
const SILENCE_MS_MAX = 11 * MINUTE_MS;
const VAULT = "Look at the checks of vault and cron, then at select * from net._http_response";

const Runs = z.array(z.object({
  called_at: z.coerce.date(),
  outcome: z.string(),
  error: z.string().nullable(),
}));

export async function checkRest(target: Configured): Promise<Finding[]> {
  const { environment } = target;
  const rest = await look(
    "secret_key",
    "Set SUPABASE_URL to https://<ref>.supabase.co and SUPABASE_SECRET_KEYS to a secret key of that project",
    async () => {
      const response = await get(target, "/job_runs?select=run_id&limit=1");
      if (response.ok) return ok("secret_key", `${environment.supabaseUrl} takes it`);
      const { message = "", hint = "" } = await response.json().catch(() => ({}));
      const says = `the project answered ${response.status}: ${message} ${hint ?? ""}`.trim();
      return response.status === 404
        ? wrong("secret_key", says, "Bring the database up to date: supabase db push")
        : wrong("secret_key", says, "Set SUPABASE_SECRET_KEYS to a secret key of this project");
    },
  );
  if (rest.result !== "ok") return [rest, unknown("cron_calls", "the project did not answer")];
  return [rest, await look("cron_calls", VAULT, () => lastCall(target))];
}

async function lastCall(target: Configured): Promise<Finding> {
  const response = await get(
    target,
    "/job_runs?select=called_at,outcome,error&caller=eq.cron" +
      "&function_name=eq.braze-preflight-check&order=called_at.desc&limit=2",
  );
  const [last, before] = Runs.parse(await response.json());
  if (last === undefined) {
    return unknown(
      "cron_calls",
      "pg_cron has called nothing yet",
      "The first call comes within five minutes",
    );
  }
  const suiteNow = await target.suiteNow();
  const agoMs = suiteNow.getTime() - last.called_at.getTime();
  const at = last.called_at.toISOString().slice(0, 16).replace("T", " ");
  if (agoMs > SILENCE_MS_MAX) {
    const expectedForMs = suiteNow.getTime() - (await target.cronSince()).getTime();
    if (expectedForMs <= SILENCE_MS_MAX) {
      return unknown(
        "cron_calls",
        `the last call was at ${at} UTC, before this start`,
        "The next comes within five minutes of the stack's clock",
      );
    }
    return wrong("cron_calls", `the last call was at ${at} UTC`, VAULT);
  }
  // The newest call may be under way.
  const judged = last.outcome === "called" && before !== undefined && agoMs < MINUTE_MS
    ? before
    : last;
  if (judged.outcome === "called" && agoMs >= MINUTE_MS) {
    return wrong("cron_calls", `the call at ${at} UTC was not taken by the function`, VAULT);
  }
  if (judged.outcome === "failed" || judged.outcome === "lost") {
    return wrong(
      "cron_calls",
      `the run of ${at} UTC ended ${judged.outcome}: ${judged.error ?? ""}`,
      "Read the log of braze-preflight-check",
    );
  }
  return ok("cron_calls", `the last one came at ${at} UTC and ended ${judged.outcome}`);
}

export async function get({ environment, fetch }: Configured, path: string): Promise<Response> {
  return await fetch(`${environment.supabaseUrl}/rest/v1${path}`, {
    headers: { apikey: environment.databaseKey },
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
}
