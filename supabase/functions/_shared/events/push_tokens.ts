/** A push token is its device's secret: whoever holds it can address the device. No question here needs it. */

const PUSH_TOKEN = /^(?:push|device|apns|fcm)?_?token$/i;

/** `value` is JSON as it was read, and not nested deep. */
export function withoutPushTokens(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPushTokens);
  // Only what came in braces: what stands for anything else stays what it is.
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, held]) =>
      PUSH_TOKEN.test(name) ? [] : [[name, withoutPushTokens(held)]]
    ),
  );
}

/** By its prototype, since a name like "constructor" may stand in it. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null &&
    Object.getPrototypeOf(value) === Object.prototype;
}
