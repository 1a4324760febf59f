/**
 * All error responses.
 *
 * Callers depend on the code, so a code never changes its meaning or status. Messages may change.
 */

interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const RETRY_SOON = { "retry-after": "5" };

const refusals = {
  bad_credential: { status: 401, message: "Invalid credential" },
  no_credential: { status: 401, message: "Missing credential" },
  several_credentials: { status: 401, message: "Several kinds of credentials: send only one" },
  bad_timestamp: {
    status: 401,
    message: "The signature is more than five minutes old or in the future",
  },
  not_allowed: { status: 403, message: "This caller may not call this function" },
  wrong_function: { status: 403, message: "The body was signed for another function" },
  wrong_scheduled_time: {
    status: 403,
    message: "The signed scheduled time must be within an hour of the signature",
  },
  invalid_body: { status: 400, message: "Invalid request body" },
  not_found: { status: 404, message: "Not found" },
  method_not_allowed: { status: 405, message: "Use POST", headers: { allow: "POST, OPTIONS" } },
  get_only: { status: 405, message: "Use GET", headers: { allow: "GET" } },
  run_in_progress: {
    status: 409,
    message: "Another run of this function holds the lease",
    headers: RETRY_SOON,
  },
  body_too_large: { status: 413, message: "The body is too large" },
  unsupported_encoding: { status: 415, message: "Send the body uncompressed or as gzip" },
  internal: { status: 500, message: "Internal error: see the function's log" },
  body_cut_off: {
    status: 503,
    message: "The body is incomplete: send it again",
    headers: RETRY_SOON,
  },
  database_unavailable: {
    status: 503,
    message: "The database is unavailable: try again",
    headers: RETRY_SOON,
  },
  not_stored: {
    status: 503,
    message: "The request was not completed: send it again",
    headers: RETRY_SOON,
  },
} as const satisfies Record<string, Refusal>;

export type ErrorCode = keyof typeof refusals;

export const ERRORS: Readonly<Record<ErrorCode, Refusal>> = refusals;
