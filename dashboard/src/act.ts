/** The operator's actions: calls of edge functions with the operator's token, with a readable result. */
import { FunctionsHttpError } from "@supabase/supabase-js";
import type { Client } from "./client.ts";

export interface Done {
  readonly isGood: boolean;
  readonly text: string;
  /** Details, one per line. */
  readonly lines: readonly string[];
}

type Answer = Readonly<Record<string, unknown>>;

/** What braze-scheduler and braze-reconcile answer for each thing that a person does. */
interface Acted {
  readonly done: boolean;
  readonly refused: string | null;
  readonly next: string | null;
}

export async function markSent(client: Client, matchId: number, reason: string): Promise<Done> {
  const answer = await call(client, "braze-reconcile", {
    mark_sent: [{ match_id: matchId, reason }],
  });
  if (!("run_id" in answer.body) || !answer.ok) return answer.done;
  const [acted] = (answer.body.verbs ?? []) as readonly Acted[];
  return acted?.done !== true
    ? { isGood: false, text: "Nothing was changed", lines: [acted?.refused ?? "no answer"] }
    : {
      isGood: true,
      text: `Match ${matchId} is marked as sent; your user id and the reason are stored`,
      lines: [],
    };
}

export async function runPreflight(client: Client): Promise<Done> {
  const answer = await call(client, "braze-preflight-check", {});
  if (!answer.ok) return answer.done;
  const { checked = 0, outcome, ...rest } = answer.body;
  return {
    isGood: outcome === "succeeded",
    text: checked === 0
      ? "Pre-flight ran: no push is due within its window, so there was nothing to check"
      : `Pre-flight ran and checked ${checked}`,
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
      ? "Dry run: planned changes only; nothing was changed"
      : `Reconciled: ${answer.body.outcome}`,
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
    "The function did not answer: check that it is deployed and that OPERATOR_ORIGINS has this page's origin";
  if (error instanceof FunctionsHttpError) {
    const body: unknown = await (error.context as Response).json().catch(() => null);
    const { code, message } = (body ?? {}) as { code?: string; message?: string };
    text = `${name} refused: ${message ?? code ?? (error.context as Response).status}`;
  }
  const ok = false as const;
  return { ok, body: {} as Answer, done: { isGood: false, text, lines: [] } };
}

function counts(answer: Answer): string[] {
  return Object.entries(answer).filter(([, value]) => typeof value === "number" && value > 0)
    .map(([name, value]) => `${value} ${name.replaceAll("_", " ")}`);
}
