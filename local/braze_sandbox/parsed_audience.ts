/** What reading an audience or one of its filters gives: a predicate, or why Braze refuses it. */
import type { User } from "./users.ts";

export type Predicate = (user: User, now: Date) => boolean;

export type ParsedAudience =
  | { readonly ok: true; readonly matches: Predicate }
  | { readonly ok: false; readonly reason: string };

export function refused(reason: string): ParsedAudience {
  return { ok: false, reason };
}
