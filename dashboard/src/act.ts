/** What an operator does: calls of edge functions with the operator's token, with a readable result. */
import { FunctionsHttpError } from "@supabase/supabase-js";
import type { Client } from "./client.ts";
import { plural } from "./format.ts";
import { type Verb, wordingOf } from "./verbs.ts";

export interface Done {
  readonly isGood: boolean;
  readonly text: string;
  /** Details, one per line. */
  readonly lines: readonly string[];
}

type Answer = Readonly<Record<string, unknown>>;

/** What a verb is about. */
export type Subject =
  | { readonly match_id: number; readonly action_id?: number }
  | { readonly match_ids: readonly number[] }
  | { readonly fingerprint: string; readonly of: number | null }
  | { readonly schedule_id: string; readonly of: number | null };

export interface Asked {
  readonly reason: string;
  /** A risk that the person accepts. */
  readonly accepts?: string | undefined;
  /** The match of a schedule that names none. */
  readonly adoptFor?: number | undefined;
}

interface Acted {
  readonly match_id: number | null;
  readonly done: boolean;
  readonly refused: string | null;
  readonly next: string | null;
}

/** Does it, or with `isDryRun` only says whether it can be done. */
export async function carryOut(
  client: Client,
  verb: Verb,
  subject: Subject,
  { reason, accepts, adoptFor }: Asked,
  isDryRun: boolean,
): Promise<Done> {
  const { of, ...named } = "of" in subject ? subject : {
    ...subject,
    of: "match_id" in subject ? subject.match_id : null,
  };
  const entry = {
    ...named,
    reason,
    ...(accepts === undefined ? {} : { [accepts]: true }),
    ...(adoptFor === undefined ? {} : { match_id: adoptFor }),
  };
  const answer = await call(client, "braze-scheduler", {
    [verb]: "match_ids" in entry ? entry : [entry],
    dry_run: isDryRun,
    // Only this match is planned, so that the answer is quick and says nothing of others.
    ...(of === null ? {} : { match_ids: [of] }),
  });
  if (!answer.ok) return answer.done;
  const acted = (answer.body.verbs ?? []) as readonly Acted[];
  const refused = acted.filter(({ done }) => !done);
  const isOfMany = acted.length > 1;
  const lines = isOfMany ? refused.map((one) => `Match ${one.match_id}: ${refusalOf(one)}`) : [];
  if (refused.length === acted.length) {
    const why = isOfMany ? "for none of the matches" : refusalOf(refused[0]);
    return { isGood: false, text: `It cannot be done: ${why}`, lines };
  }
  const extent = isOfMany ? ` for ${acted.length - refused.length} of ${acted.length} matches` : "";
  return isDryRun
    ? { isGood: true, text: `It can be done${extent}. Nothing is changed yet.`, lines }
    : {
      isGood: true,
      text: `${wordingOf(verb).did}${extent}`,
      lines: [...lines, ...followed(answer.body.done)],
    };
}

function refusalOf(acted: Acted | undefined): string {
  return (acted?.refused ?? "there was no answer")
    .replace(/ \(accept_\w+ overrides this\)$/, "")
    .replace(/, and repeat with accept_\w+$/, "");
}

const FOLLOWED: Readonly<Record<string, string>> = {
  created: "Braze has a new schedule for it",
  moved: "its schedule in Braze has a new time",
  recreated: "its schedule in Braze was replaced",
  superseded: "its schedule in Braze was replaced",
  reactivated: "its schedule counts again",
  cancelled: "its schedule is deleted in Braze",
  deleted: "an earlier schedule is deleted in Braze",
  failed: "Braze refused; it is tried again within 5 minutes",
  unknown: "Braze gave no clear answer; an alert follows",
  deferred: "Braze was not asked yet; it is within 5 minutes",
  frozen: "too close to the send to be changed in Braze",
  conflict: "something else changed the match; it is tried again within 5 minutes",
};

function followed(done: unknown): string[] {
  return Object.keys((done ?? {}) as Answer).map((name) => FOLLOWED[name] ?? name);
}

export async function runPreflight(client: Client): Promise<Done> {
  const answer = await call(client, "braze-preflight-check", {});
  if (!answer.ok) return answer.done;
  const { checked = 0, outcome, ...rest } = answer.body;
  return {
    isGood: outcome === "succeeded",
    text: checked === 0
      ? "No push is due within the next minutes, so there was nothing to check"
      : `Checked: ${plural(Number(checked), "push", "pushes")}`,
    lines: counts(rest),
  };
}

export async function reconcile(client: Client, dryRun: boolean): Promise<Done> {
  const answer = await call(client, "braze-reconcile", { dry_run: dryRun });
  if (!answer.ok) return answer.done;
  const checks = (answer.body.checks ?? {}) as Record<string, Answer | undefined>;
  return {
    isGood: answer.body.outcome === "succeeded",
    text: dryRun
      ? "This is what it would do; nothing was changed"
      : answer.body.outcome === "succeeded"
      ? "Compared with Braze, and brought in line"
      : "Compared with Braze only in part; the next run goes on",
    lines: Object.entries(checks).map(([name, report]) => {
      const shown = counts((report?.counts ?? {}) as Answer);
      return `${name.replaceAll("_", " ")}: ${
        shown.length > 0
          ? shown.join(", ")
          : String(report?.status ?? "not begun").replaceAll("_", " ")
      }`;
    }),
  };
}

async function call(client: Client, name: string, body: Answer) {
  const { data, error } = await client.functions.invoke(name, { body });
  if (error === null) {
    const ok = true as const;
    return { ok, body: data as Answer, done: { isGood: true, text: "", lines: [] } };
  }
  let text =
    `${name} did not answer: is it deployed, and does OPERATOR_ORIGINS have the address of this page?`;
  if (error instanceof FunctionsHttpError) {
    const body: unknown = await (error.context as Response).json().catch(() => null);
    const { code, message } = (body ?? {}) as { code?: string; message?: string };
    text = code === "run_in_progress"
      ? "A run is under way. Nothing was changed: try again in a minute"
      : `It was refused: ${message ?? code ?? (error.context as Response).status}`;
  }
  const ok = false as const;
  return { ok, body: {} as Answer, done: { isGood: false, text, lines: [] } };
}

function counts(answer: Answer): string[] {
  return Object.entries(answer).filter(([, value]) => typeof value === "number" && value > 0)
    .map(([name, value]) => `${value} ${name.replaceAll("_", " ")}`);
}
