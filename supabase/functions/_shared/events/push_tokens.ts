/** A push token is its device's secret: whoever holds it can address the device. No question here needs it. */

const PUSH_TOKEN = /^(?:push|device|apns|fcm)?_?token$/i;

/** `value` comes from JSON.parse and is not nested deep. */
export function withoutPushTokens(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutPushTokens);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, held]) =>
      PUSH_TOKEN.test(name) ? [] : [[name, withoutPushTokens(held)]]
    ),
  );
}
