/** What the send gate judges by. */
import { z } from "zod";
import type { GatedGeneration } from "../auth/gate_token.ts";
import { CancelReason, LedgerStatus, MatchStatus, ScheduleState } from "./planning.ts";
import type { Rpc } from "./rpc.ts";

const Facts = z.object({
  generation: z.int(),
  status: LedgerStatus,
  cancel_reason: CancelReason.nullable(),
  match_status: MatchStatus,
  state: ScheduleState.nullable(),
}).transform((facts) => ({
  /** The ledger row's current one. */
  generation: facts.generation,
  status: facts.status,
  cancelReason: facts.cancel_reason,
  matchStatus: facts.match_status,
  /** Of the generation that was asked for; null where there is none. */
  state: facts.state,
}));
export type GateFacts = z.infer<typeof Facts>;

export interface Gate {
  /** Null where there is no such ledger row. */
  load(asked: GatedGeneration): Promise<GateFacts | null>;
}

export function createGate(rpc: Rpc): Gate {
  return {
    // Not repeated: Braze waits two seconds, and a late answer is none.
    load: ({ ledgerId, generation }) =>
      rpc.call(
        "load_gate_facts",
        { p_ledger_id: ledgerId, p_generation: generation },
        Facts.nullable(),
      ),
  };
}
