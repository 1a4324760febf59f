/** Reads what an event echoes of our trigger properties. Pure. */
import type { Context, Evidence, LedgerFacts } from "./evidence.ts";

const GUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
/** As we write it: the database finds an event by this text when its match appears. */
const MATCH_ID = /^(?:0|[1-9][0-9]{0,15})$/;
const GENERATION = /^[1-9][0-9]{0,5}$/;

export type Echo =
  | { readonly kind: "none" }
  /** An echoed value is no id, or names nothing that we know: the event belongs to another sender. */
  | { readonly kind: "unknown" }
  | {
    readonly kind: "named";
    readonly method: "ledger_id" | "match_id";
    readonly ledger: LedgerFacts;
    readonly generation: number | null;
    /** The row of the echoed match id, when it is another one. */
    readonly other: LedgerFacts | null;
  };

export function readEcho(evidence: Evidence, context: Context): Echo {
  const { echoedLedgerId, echoedMatchId, echoedGeneration, echoedAttemptId } = evidence;
  if (
    [echoedLedgerId, echoedMatchId, echoedGeneration, echoedAttemptId].every((echoed) =>
      echoed === null
    )
  ) {
    return { kind: "none" };
  }
  const matchId = matchIdOf(echoedMatchId);
  const generation = generationOf(echoedGeneration);
  const byLedger = echoedLedgerId === null ? null : context.ledger(ledgerIdOf(echoedLedgerId));
  const byMatch = matchId === null
    ? null
    : byLedger?.matchId === matchId
    ? byLedger
    : context.match(matchId);
  const ledger = byLedger === null ? byMatch : byLedger;
  if (
    byLedger === undefined || byMatch === undefined || ledger === null || ledger === undefined ||
    Number.isNaN(generation)
  ) {
    return { kind: "unknown" };
  }
  if (echoedAttemptId !== null) {
    const attempt = context.attempt(echoedAttemptId.toLowerCase());
    // After the restore of a backup, generations are given out again; attempt ids are not.
    if (
      attempt === undefined || attempt.ledgerId !== ledger.ledgerId ||
      (generation !== null && attempt.generation !== generation)
    ) return { kind: "unknown" };
  }
  return {
    kind: "named",
    method: echoedLedgerId === null ? "match_id" : "ledger_id",
    ledger,
    generation,
    other: byMatch === null || byMatch === ledger ? null : byMatch,
  };
}

/** Null: not echoed. NaN: no match id, so no match has it. */
export function matchIdOf(echoed: string | null): number | null {
  if (echoed === null) return null;
  const id = MATCH_ID.test(echoed) ? Number(echoed) : NaN;
  return Number.isSafeInteger(id) ? id : NaN;
}

/** The form in which the database holds it; a value that is no ledger id stays as it is. */
export function ledgerIdOf(echoed: string): string {
  return GUID.test(echoed) ? echoed.toLowerCase() : echoed;
}

export function isLedgerId(echoed: string | null): echoed is string {
  return echoed !== null && GUID.test(echoed);
}

/** Null: not echoed. NaN: no generation. */
export function generationOf(echoed: string | null): number | null {
  if (echoed === null) return null;
  return GENERATION.test(echoed) ? Number(echoed) : NaN;
}
