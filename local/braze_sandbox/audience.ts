/**
 * Braze's connected audience: one filter, or a tree of them under AND and OR.
 *
 * It is parsed once, when the schedule is created, and evaluated for each user at send time.
 */
import { customAttributeFilter } from "./attribute_filter.ts";
import { type ParsedAudience, type Predicate, refused } from "./parsed_audience.ts";
import type { SubscriptionStatus, User } from "./users.ts";
import { isRecord } from "./wire.ts";

export function parseAudience(audience: unknown): ParsedAudience {
  if (!isRecord(audience)) return refused("audience must be an object");
  const keys = Object.keys(audience);
  const key = keys[0];
  if (keys.length !== 1 || key === undefined) {
    return refused("each level of audience must hold exactly one of AND, OR or a filter");
  }
  if (key === "AND" || key === "OR") return parseBranches(key, audience[key]);

  const parse = FILTERS[key];
  if (parse === undefined) return refused(`audience filter ${key} is not supported`);
  const fields = audience[key];
  return isRecord(fields) ? parse(fields) : refused(`audience filter ${key} must be an object`);
}

function parseBranches(operator: "AND" | "OR", branches: unknown): ParsedAudience {
  if (!Array.isArray(branches) || branches.length === 0) {
    return refused(`audience ${operator} must be a list of at least one filter`);
  }
  const predicates: Predicate[] = [];
  for (const branch of branches) {
    const parsed = parseAudience(branch);
    if (!parsed.ok) return parsed;
    predicates.push(parsed.matches);
  }
  return {
    ok: true,
    matches: operator === "AND"
      ? (user, now) => predicates.every((matches) => matches(user, now))
      : (user, now) => predicates.some((matches) => matches(user, now)),
  };
}

const FILTERS: Readonly<Record<string, (fields: Record<string, unknown>) => ParsedAudience>> = {
  custom_attribute: customAttributeFilter,
  push_subscription_status: subscriptionFilter("push", (user) => user.pushStatus),
  email_subscription_status: subscriptionFilter("email", (user) => user.emailStatus),
  last_used_app: lastUsedAppFilter,
};

function subscriptionFilter(channel: string, statusOf: (user: User) => SubscriptionStatus) {
  return ({ comparison, value }: Record<string, unknown>): ParsedAudience => {
    if (comparison !== "is" && comparison !== "is_not") {
      return refused(`${channel}_subscription_status comparison must be is or is_not`);
    }
    if (value !== "opted_in" && value !== "subscribed" && value !== "unsubscribed") {
      return refused(
        `${channel}_subscription_status value must be opted_in, subscribed or unsubscribed`,
      );
    }
    return { ok: true, matches: (user) => (statusOf(user) === value) === (comparison === "is") };
  };
}

function lastUsedAppFilter({ comparison, value }: Record<string, unknown>): ParsedAudience {
  if (comparison !== "after" && comparison !== "before") {
    return refused("last_used_app comparison must be after or before");
  }
  const boundaryMs = typeof value === "string" ? Date.parse(value) : NaN;
  if (Number.isNaN(boundaryMs)) return refused("last_used_app value must be an ISO 8601 datetime");
  return {
    ok: true,
    matches: (user, now) => {
      const usedMs = now.getTime() - user.lastUsedAppDaysAgo * 86_400_000;
      return comparison === "after" ? usedMs > boundaryMs : usedMs < boundaryMs;
    },
  };
}
