/**
 * The only door to the database: one SQL function, one round trip, one transaction.
 *
 * supabase-js never repeats an RPC. Here those are repeated that were written to be: each of them is idempotent,
 * so an answer that was lost on the way does no harm.
 */
import type { SupabaseClient } from "@supabase/supabase-js";
import type { z } from "zod";
import type { Clock } from "../runtime/clock.ts";
import type { Database, Json } from "../database.types.ts";
import type { SanitizeText } from "../runtime/sanitize_text.ts";

type Functions = Database["public"]["Functions"];
export type FunctionArguments<Name extends keyof Functions> = Functions[Name]["Args"];

const PAUSES_MS = [250, 1_000, 3_000];

/** `hint` is what our own SQL functions name their refusals by, as in `lease_lost`. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  constructor(
    readonly operation: string,
    readonly status: number,
    readonly code: string,
    readonly hint: string | null,
    detail: string,
  ) {
    super(`Cannot ${operation}: database answered ${status} ${code}: ${detail}`);
  }

  /** Nothing is known of the data: the database was away, busy or cut off. */
  get isUnavailable(): boolean {
    // 08 connection, 53 resources, 57 operator intervention, 55P03 and 40P01 locks, PGRST0 PostgREST itself.
    return this.status === 0 || this.status >= 502 || this.status === 401 ||
      /^(?:08|53|57|55P03|40P01|40001|PGRST0)/.test(this.code);
  }
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof DatabaseError && error.isUnavailable;
}

export interface Rpc {
  call<Name extends keyof Functions, T>(
    name: Name,
    args: FunctionArguments<Name>,
    answer: z.ZodType<T>,
    options?: { readonly repeatable: boolean },
  ): Promise<T>;
}

export function createRpc(
  supabase: SupabaseClient<Database>,
  clock: Clock,
  sanitizeText: SanitizeText,
): Rpc {
  return {
    async call(name, args, answer, { repeatable } = { repeatable: false }) {
      for (let attempt = 0;; attempt++) {
        const { data, error, status } = await supabase.rpc(name, args);
        if (error === null) return answer.parse(data);
        const failure = new DatabaseError(
          name,
          status,
          // Not only the database speaks here: what stands before it may repeat the key.
          sanitizeText(error.code ?? ""),
          quoteOrNull(error.hint),
          sanitizeText(error.message),
        );
        const pauseMs = PAUSES_MS[attempt];
        if (!repeatable || !failure.isUnavailable || pauseMs === undefined) throw failure;
        await clock.sleep(pauseMs);
      }
    },
  };

  function quoteOrNull(text: string | null | undefined): string | null {
    return text == null ? null : sanitizeText(text);
  }
}

/** Values built here become plain JSON when they are sent; the generated type only wants to hear it. */
export function toJson(value: unknown): Json {
  return value as Json;
}
