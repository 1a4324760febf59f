/** Asks the project for the verdicts of a day, the open alerts, and whether the timed functions run. */
import { z } from "zod";
import { StackFailure } from "../lib/failure.ts";
import { projectApi } from "../cli/project_api.ts";
import type { Target } from "../cli/target.ts";

const DAY_MS = 86_400_000;
const PATIENCE_MS = 20_000;

const count = z.number().nullable();
const time = z.coerce.date().nullable();

const Verdict = z.looseObject({
  match_id: z.number(),
  home_team: z.string(),
  away_team: z.string(),
  kickoff_at: z.coerce.date(),
  send_at: time,
  verdict: z.string(),
  why: z.string(),
  once: z.object({ answer: z.string(), users: count }),
  to_everyone: z.looseObject({ reached: z.number(), expected_min: count, expected_max: count }),
  next: z.looseObject({ at: time }),
});
export type Verdict = z.infer<typeof Verdict>;

const Alert = z.object({
  severity: z.string(),
  rule: z.string(),
  title: z.string(),
  match_id: z.number().nullable(),
  first_seen_at: z.coerce.date(),
});
export type Alert = z.infer<typeof Alert>;

const Jobs = z.object({
  cron_silent_since: time,
  functions: z.array(z.object({
    function_name: z.string(),
    period_minutes: z.number(),
    last_success_at: time,
    is_late: z.boolean(),
  })),
});
export type Jobs = z.infer<typeof Jobs>;

export interface Status {
  readonly matches: readonly Verdict[];
  readonly alerts: readonly Alert[];
  readonly jobs: Jobs;
}

const ALERTS = "alerts?resolved_at=is.null&order=first_seen_at,id" +
  "&select=severity,rule,title,match_id,first_seen_at";

/** `date` is a day in UTC, like 2024-12-07; `now` is the project's time. */
export async function readStatus(target: Target, date: string, now: Date): Promise<Status> {
  const from = new Date(`${date}T00:00:00Z`);
  const until = new Date(from.getTime() + DAY_MS);
  const read = readerOf(target);
  const day = new URLSearchParams({
    p_from: from.toISOString(),
    p_until: until.toISOString(),
    p_now: now.toISOString(),
  });
  const [matches, alerts, jobs] = await Promise.all([
    read(z.array(Verdict), `rpc/day_verdicts?${day}`),
    read(z.array(Alert), ALERTS),
    read(Jobs, `rpc/job_states?${new URLSearchParams({ p_now: now.toISOString() })}`),
  ]);
  return { matches, alerts, jobs };
}

/** Sends GET only: a load balancer may then send it to a read replica. */
function readerOf(target: Target) {
  const { url, secretKey: apikey } = projectApi(target);
  return async <Shape extends z.ZodType>(shape: Shape, path: string) => {
    let response: Response;
    try {
      response = await fetch(`${url}/rest/v1/${path}`, {
        headers: { apikey },
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
    } catch {
      throw new StackFailure(`Cannot read the status: ${url} must answer, got nothing`);
    }
    const answer = shape.safeParse(await response.json().catch(() => undefined));
    if (response.ok && answer.success) return answer.data as z.infer<Shape>;
    throw new StackFailure(
      `Cannot read the status: the project must answer 200 with the matches, alerts and jobs, got ${response.status}; ` +
        "`deno task doctor` says what is wrong",
    );
  };
}
