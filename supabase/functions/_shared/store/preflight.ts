/** The last look before a send: what is near, and what was found. */
import { z } from "zod";
import { type Fixture, instant, type LedgerRow, PlanInput, type Team } from "./planning.ts";
import { type Rpc, toJson } from "./rpc.ts";

/** These are stored: never rename one. */
export type PreflightResult =
  | "ok"
  | "absent"
  | "unknown"
  | "campaign_stopped"
  | "changed"
  | "no_schedule_id";

export interface NearSend {
  readonly fixture: Fixture;
  readonly ledger: LedgerRow;
  /** The first moment at which something may be sent. */
  readonly sendAt: Date;
  readonly dispatchId: string | null;
  readonly sendId: string | null;
  /** Whether it is to be checked now; false where that is done, and where an earlier check took it back. */
  readonly isDue: boolean;
}

const NearSends = z.object({
  checks: z.array(z.object({
    match_id: z.int(),
    send_at: instant,
    dispatch_id: z.string().nullable(),
    send_id: z.string().nullable(),
    is_due: z.boolean(),
  })),
  input: PlanInput,
}).transform(({ checks, input }) => {
  const byMatch = new Map(input.fixtures.map((fixture) => [fixture.matchId, fixture]));
  const sends = checks.flatMap((check): NearSend[] => {
    const fixture = byMatch.get(check.match_id);
    if (fixture === undefined || fixture.ledger === null) return [];
    return [{
      fixture,
      ledger: fixture.ledger,
      sendAt: check.send_at,
      dispatchId: check.dispatch_id,
      sendId: check.send_id,
      isDue: check.is_due,
    }];
  });
  return { sends, teams: input.teams };
});

export interface PreflightCheck {
  readonly ledgerId: string;
  readonly generation: number;
  readonly result: PreflightResult;
  /** As Braze lists them; null where it does not. */
  readonly dispatchId: string | null;
  readonly sendId: string | null;
}

const Noted = z.object({
  registered: z.array(z.object({
    kind: z.enum(["schedule_id", "dispatch_id", "send_id"]),
    value: z.string(),
    ledger_id: z.guid(),
    ambiguous: z.boolean(),
  })),
  cancelled: z.array(z.int()),
});

export interface Preflight {
  /** Soonest first. */
  load(window: {
    readonly from: Date;
    readonly until: Date;
    readonly now: Date;
  }): Promise<
    { readonly sends: readonly NearSend[]; readonly teams: readonly Team[] }
  >;
  /** Records results and identifiers, and cancels what is absent with `note`; says of which matches. */
  note(checks: readonly PreflightCheck[], note: string, now: Date): Promise<z.infer<typeof Noted>>;
}

export function createPreflight(rpc: Rpc): Preflight {
  return {
    load: ({ from, until, now }) =>
      rpc.call(
        "load_preflight",
        {
          p_from: from.toISOString(),
          p_until: until.toISOString(),
          p_now: now.toISOString(),
        },
        NearSends,
        { repeatable: true },
      ),
    note: (checks, note, now) =>
      rpc.call(
        "record_preflight",
        {
          p_checks: toJson(checks.map((check) => ({
            ledger_id: check.ledgerId,
            generation: check.generation,
            result: check.result,
            dispatch_id: check.dispatchId,
            send_id: check.sendId,
          }))),
          p_note: note,
          p_now: now.toISOString(),
        },
        Noted,
        { repeatable: true },
      ),
  };
}
