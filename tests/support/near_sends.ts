/** Near sends, as the pre-flight check loads them. */
import type {
  LedgerRow,
  PlannedSchedule,
} from "../../supabase/functions/_shared/store/planning.ts";
import type { NearSend } from "../../supabase/functions/_shared/store/preflight.ts";
import { ledgerIdOf } from "./facts.ts";
import { match, row, SEND_AT, wanted } from "./matches.ts";

/** Due, pending and scheduled as wanted, with the changes of a test. */
export function nearSend(
  changes: {
    readonly matchId?: number;
    readonly fixture?: Parameters<typeof match>[0];
    readonly ledger?: Partial<LedgerRow>;
    readonly schedule?: Partial<PlannedSchedule>;
    readonly isDue?: boolean;
    readonly dispatchId?: string | null;
    readonly sendId?: string | null;
  } = {},
): NearSend {
  const { matchId = 1 } = changes;
  const ledger = row(
    {
      ledgerId: ledgerIdOf(matchId),
      signature: wanted(match({ matchId })).signature,
      ...changes.ledger,
    },
    { brazeScheduleId: `schedule-${matchId}`, ...changes.schedule },
  );
  return {
    fixture: match({ matchId, ledger, ...changes.fixture }),
    ledger,
    sendAt: SEND_AT,
    dispatchId: changes.dispatchId ?? null,
    sendId: changes.sendId === undefined ? `match-${matchId}` : changes.sendId,
    isDue: changes.isDue ?? true,
  };
}
