/** The pre-flight check: which sends are near, and what the check found. */
import { z } from "zod";
import { row, snakeCase } from "../text/camel_case.ts";
import { dropped, instant } from "./columns.ts";
import { PlanInput } from "./planning.ts";
import { type Arguments, REPEATABLE, type Rpc } from "./rpc.ts";

/** These values are stored: do not rename them. */
export type PreflightResult =
  | "ok"
  /** Braze lists only the next send of the campaign, and it is in the minute of this one. */
  | "not_contradicted"
  | "absent"
  | "unknown"
  | "campaign_stopped"
  | "changed"
  | "no_schedule_id";

const Check = row({
  match_id: z.int(),
  /** The first time at which something may be sent. */
  send_at: instant,
  dispatch_id: z.string().nullable(),
  send_id: z.string().nullable(),
  /** Whether to check it now. False where it was checked, and where an earlier check cancelled it. */
  is_due: z.boolean(),
});

const NearSends = z.object({ checks: z.array(Check), input: PlanInput })
  .transform(({ checks, input }) => {
    const byMatch = new Map(input.fixtures.map((fixture) => [fixture.matchId, fixture]));
    const sends = checks.flatMap(({ matchId, ...check }) => {
      const fixture = byMatch.get(matchId);
      if (fixture === undefined || fixture.ledger === null) return [];
      return [{ fixture, ledger: fixture.ledger, ...check }];
    });
    return { sends, teams: input.teams };
  });
export type NearSend = Readonly<z.infer<typeof NearSends>["sends"][number]>;

export interface PreflightCheck {
  readonly ledgerId: string;
  readonly generation: number;
  readonly result: PreflightResult;
  /** As Braze lists them; null where it does not. */
  readonly dispatchId: string | null;
  readonly sendId: string | null;
}

export function createPreflight(rpc: Rpc) {
  return {
    /** The soonest send first. */
    load: (window: Arguments<"load_preflight">) =>
      rpc.call("load_preflight", window, NearSends, REPEATABLE),

    /** Raises push_missed for what is due and cannot go out; returns how many are new. */
    raiseMissed: (due: { readonly leadSeconds: number; readonly now: Date }) =>
      rpc.call("raise_missed_pushes", due, z.int(), REPEATABLE),

    /** Raises push_unwanted for what went out although its match was off before; returns how many are new. */
    raiseUnwanted: (now: Date) => rpc.call("raise_unwanted_pushes", { now }, z.int(), REPEATABLE),

    /** Notes since when the send gate shuts out the superseded schedules of a campaign, or that it does not. */
    noteShutOut: (
      campaign: {
        readonly campaignId: string;
        readonly failsClosed: boolean;
        readonly from: Date;
        readonly now: Date;
      },
    ) => rpc.call("note_shut_out", campaign, dropped(z.null()), REPEATABLE),

    /** Records results and identifiers, and cancels absent schedules with `note`; returns their matches. */
    note: (checks: readonly PreflightCheck[], note: string, now: Date) =>
      rpc.call(
        "record_preflight",
        { checks: checks.map(snakeCase), note, now },
        z.array(z.int()),
        REPEATABLE,
      ),
  };
}
