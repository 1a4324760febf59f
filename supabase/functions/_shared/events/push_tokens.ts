/** Removes push tokens: a token is a secret that allows sends to the device, and the suite does not need it. */

const PUSH_TOKEN = /^(?:push|device|apns|fcm)?_?token$/i;

/** `value`: parsed JSON of limited depth. */
export function withoutPushTokens(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPushTokens);
  // Only JSON objects; an ExactNumber stays as it is.
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, held]) =>
      PUSH_TOKEN.test(name) ? [] : [[name, withoutPushTokens(held)]]
    ),
  );
}

/** By prototype, because the object may have a field called "constructor". */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null &&
    Object.getPrototypeOf(value) === Object.prototype;
}
