/** One call to the sandbox's API and its answer, without HTTP types. */
import type { Allowance } from "./limits.ts";

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** The values of the rate-limit headers; without it the headers are empty. */
  readonly allowance?: Allowance;
}

/** Braze's response format. It has no error codes, only English text. */
export function success(status: 200 | 201, fields: Readonly<Record<string, unknown>> = {}): Answer {
  return { status, body: { ...fields, message: "success" } };
}

export function refusal(status: number, message: string): Answer {
  return { status, body: { message, errors: [] } };
}

/** A time without a zone designator is in UTC. */
export function parseTime(value: unknown): Date | undefined {
  if (typeof value !== "string") return undefined;
  const [, date, time, zone] = ISO_8601.exec(value) ?? [];
  if (date === undefined) return undefined;
  const parsed = new Date(`${date}T${time ?? "00:00"}${zone ?? "Z"}`);
  return Number.isNaN(parsed.getTime()) ? undefined : parsed;
}

const ISO_8601 =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:?\d{2})?)?$/;
