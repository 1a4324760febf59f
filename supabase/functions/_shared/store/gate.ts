/** What the send gate decides from. */
import { z } from "zod";
import type { GatedGeneration } from "../auth/gate_token.ts";
import { row } from "../text/camel_case.ts";
import { CancelReason, instant, LedgerStatus, MatchStatus, ScheduleState } from "./columns.ts";
import type { Rpc } from "./rpc.ts";

const GateFacts = row({
  /** The current generation of the ledger row; null when the match was pushed and is to be pushed again. */
  generation: z.int().nullable(),
  status: LedgerStatus,
  cancel_reason: CancelReason.nullable(),
  match_status: MatchStatus,
  push: z.boolean(),
  /** Too many matches were called off at once: until a person confirms it, they are pushed. */
  removal_held: z.boolean(),
  kickoff_at: instant,
  /** Another schedule of the match was seen going out. */
  is_held: z.boolean(),
  /** The state of the requested generation; null where there is none, or where another call created it. */
  state: ScheduleState.nullable(),
  /** The last time at which it may be planned; null where `state` is. */
  send_at: instant.nullable(),
});
export type GateFacts = z.infer<typeof GateFacts>;

export function createGate(rpc: Rpc) {
  return {
    /** Null where there is no such ledger row. Not repeated: Braze waits two seconds for the answer. */
    load: (gated: GatedGeneration) => rpc.call("load_gate_facts", gated, GateFacts.nullable()),
  };
}
