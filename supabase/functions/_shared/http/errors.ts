/**
 * Every refusal that a caller can meet, in one place.
 *
 * Callers switch on the code and never on prose, so a code keeps its meaning and its status for ever.
 */

interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const RETRY_SOON = { "retry-after": "5" };

const refusals = {
  bad_credential: { status: 401, message: "A credential was sent, and it is not valid" },
  no_credential: { status: 401, message: "This function wants a credential" },
  several_credentials: { status: 401, message: "Send one kind of credential, not several" },
  bad_timestamp: {
    status: 401,
    message: "The signature must be made within five minutes of now",
  },
  not_allowed: { status: 403, message: "This caller may not use this function" },
  wrong_function: { status: 403, message: "The signed body names another function" },
  wrong_scheduled_time: {
    status: 403,
    message: "The signed scheduled time must be within an hour of its signature",
  },
  invalid_body: { status: 400, message: "The body is not what this function takes" },
  not_found: { status: 404, message: "There is no such thing" },
  method_not_allowed: { status: 405, message: "Use POST", headers: { allow: "POST, OPTIONS" } },
  get_only: { status: 405, message: "Use GET", headers: { allow: "GET" } },
  run_in_progress: {
    status: 409,
    message: "Another run of this function holds the lease",
    headers: RETRY_SOON,
  },
  body_too_large: { status: 413, message: "The body is larger than this function takes" },
  unsupported_encoding: { status: 415, message: "Send the body plain or as gzip" },
  internal: { status: 500, message: "The fault is ours: the log has the details" },
  body_cut_off: {
    status: 503,
    message: "The body did not arrive whole: send it again",
    headers: RETRY_SOON,
  },
  database_unavailable: {
    status: 503,
    message: "The database did not answer: try again",
    headers: RETRY_SOON,
  },
  not_stored: {
    status: 503,
    message: "Not everything could be finished: send it again",
    headers: RETRY_SOON,
  },
} as const satisfies Record<string, Refusal>;

export type ErrorCode = keyof typeof refusals;

export const ERRORS: Readonly<Record<ErrorCode, Refusal>> = refusals;
