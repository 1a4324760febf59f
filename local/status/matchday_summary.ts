/** Asks the project for the matches of a day. */
import { z } from "zod";
import { StackFailure } from "../lib/failure.ts";
import type { Target } from "../cli/target.ts";

const DAY_MS = 86_400_000;
const PATIENCE_MS = 20_000;

const Alert = z.object({
  severity: z.string(),
  rule: z.string(),
  title: z.string(),
  match_id: z.number().nullish(),
  first_seen_at: z.coerce.date(),
});
export type Alert = z.infer<typeof Alert>;

const count = z.number().nullable();

const Match = z.object({
  match_id: z.number(),
  competition: z.string(),
  home_team: z.string(),
  away_team: z.string(),
  kickoff_at: z.coerce.date(),
  match_status: z.string(),
  send_at: z.coerce.date().nullable(),
  status: z.string().nullable(),
  cancel_reason: z.string().nullable(),
  sent_evidence: z.string().nullable(),
  generation: count,
  schedule_state: z.string().nullable(),
  preflight_at: z.coerce.date().nullable(),
  preflight_result: z.string().nullable(),
  expected: count,
  expected_min: count,
  expected_max: count,
  received: count,
  webhook_sends: count,
  braze_reported: count,
  high: count,
  medium: count,
  low: count,
  alerts: z.array(Alert),
});
export type Match = z.infer<typeof Match>;

const MatchdaySummary = z.object({ matches: z.array(Match), alerts: z.array(Alert) });
export type MatchdaySummary = z.infer<typeof MatchdaySummary>;

/** `date` is a day in UTC, like 2024-12-07. */
export async function readMatchdaySummary(target: Target, date: string): Promise<MatchdaySummary> {
  const from = new Date(`${date}T00:00:00Z`);
  const url = target.env("SUPABASE_URL")?.trim().replace(/\/+$/, "");
  if (url === undefined || !URL.canParse(url)) {
    throw new StackFailure(
      "Cannot choose a project: SUPABASE_URL must be set, or --local or --env-file be given (see --help)",
    );
  }
  const apikey = secretKey(target);
  let response: Response;
  try {
    response = await fetch(`${url}/rest/v1/rpc/matchday_summary`, {
      method: "POST",
      headers: { apikey, "content-type": "application/json" },
      body: JSON.stringify({ p_from: from, p_until: new Date(from.getTime() + DAY_MS) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
  } catch {
    throw new StackFailure(`Cannot read the matchday: ${url} must answer, got nothing`);
  }
  const answer: unknown = await response.json().catch(() => undefined);
  const summary = MatchdaySummary.safeParse(answer);
  if (response.ok && summary.success) return summary.data;
  throw new StackFailure(
    `Cannot read the matchday: the project must answer 200 with a summary, got ${response.status}; ` +
      "`deno task doctor` says what is wrong",
  );
}

function secretKey({ env }: Target): string {
  const keys = z.record(z.string(), z.string()).safeParse(
    parseJson(env("SUPABASE_SECRET_KEYS") ?? "{}"),
  );
  const key = keys.success
    ? keys.data.default ?? Object.values(keys.data)[0] ?? env("SUPABASE_SERVICE_ROLE_KEY")
    : undefined;
  if (key !== undefined) return key;
  throw new StackFailure(
    'Cannot read the matchday: SUPABASE_SECRET_KEYS must be like {"default": "sb_secret_…"}, got nothing of the kind',
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
