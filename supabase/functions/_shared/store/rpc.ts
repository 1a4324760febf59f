/**
 * The only access to the database. A call runs one SQL function, in one round trip and one transaction.
 *
 * supabase-js does not repeat an RPC. This module repeats the calls that are marked as repeatable, when the database
 * is unavailable. Their SQL functions are idempotent, so a call whose answer was lost can run again.
 */
import type { SupabaseClient } from "@supabase/supabase-js";
import type { z } from "zod";
import type { Clock } from "../runtime/clock.ts";
import type { Database, Json } from "../database.types.ts";
import type { SanitizeText } from "../runtime/sanitize_text.ts";
import { type CamelCase, snakeCaseName } from "../text/camel_case.ts";

type Functions = Database["public"]["Functions"];
type SqlArguments<Name extends keyof Functions> = Functions[Name]["Args"];

/**
 * The arguments of a SQL function: `p_ledger_id` is `ledgerId` here. An optional argument may be null, which is its
 * default. JSON.stringify writes a Date as the text that Postgres reads.
 */
export type Arguments<Name extends keyof Functions> = {
  readonly [
    Key in keyof SqlArguments<Name> as Key extends `p_${infer Rest}` ? CamelCase<Rest> : never
  ]:
    | Argument<SqlArguments<Name>[Key]>
    | (Record<never, never> extends Pick<SqlArguments<Name>, Key> ? null : never);
};
type Argument<Value> = [Json] extends [Value] ? unknown
  : Value extends string ? string | Date
  : Value extends (infer Item)[] ? readonly Argument<Item>[]
  : Value;

const STATEMENT_TIMEOUT = "57014";
const PAUSES_MS = [250, 1_000, 3_000];

/** The option of a call whose SQL function is idempotent. */
export const REPEATABLE = { repeatable: true };

/** `hint` is the name that our SQL functions give to a refusal, such as `lease_lost`. */
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

  /** The database was unreachable, busy or cut off. It may or may not have run the call. */
  get isUnavailable(): boolean {
    // A statement that took too long takes too long again: repeating it only keeps the database busy.
    if (this.code === STATEMENT_TIMEOUT) return false;
    // 08 connection, 53 resources, 57 operator intervention, 55P03 and 40P01 locks, PGRST0 PostgREST itself.
    return this.status === 0 || this.status >= 502 || this.status === 401 ||
      /^(?:08|53|57|55P03|40P01|40001|PGRST0)/.test(this.code);
  }

  /** Classes 22 (data), 23 (constraint), 54 (limit exceeded): a retry fails in the same way. */
  get isOfData(): boolean {
    return /^(?:22|23|54)/.test(this.code);
  }
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof DatabaseError && error.isUnavailable;
}

export type Rpc = ReturnType<typeof createRpc>;

export function createRpc(
  supabase: SupabaseClient<Database>,
  clock: Clock,
  sanitizeText: SanitizeText,
) {
  return {
    async call<Name extends keyof Functions, T>(
      name: Name,
      args: Arguments<Name>,
      answer: z.ZodType<T>,
      { repeatable } = { repeatable: false },
    ): Promise<T> {
      const sqlArguments = Object.fromEntries(
        Object.entries(args).map(([key, value]) => [`p_${snakeCaseName(key)}`, value]),
      ) as SqlArguments<Name>;
      for (let attempt = 0;; attempt++) {
        const { data, error, status } = await supabase.rpc(name, sqlArguments);
        if (error === null) return answer.parse(data);
        const failure = new DatabaseError(
          name,
          status,
          // A proxy in front of the database writes these too, and may repeat the key.
          sanitizeText(error.code ?? ""),
          error.hint == null ? null : sanitizeText(error.hint),
          sanitizeText(error.message),
        );
        const pauseMs = PAUSES_MS[attempt];
        if (!repeatable || !failure.isUnavailable || pauseMs === undefined) throw failure;
        await clock.sleep(pauseMs);
      }
    },
  };
}
