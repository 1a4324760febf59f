/**
 * Connected audiences: the filters that select the recipients at send time.
 *
 * An audience without a filter is dangerous: Braze's documentation is inconsistent, and such a push may reach no user or
 * every user. So it is rejected before the call.
 */

/** One filter, or filters joined by `AND` or `OR`, as Braze reads it. */
export type Audience = { readonly [joinOrFilter: string]: AudienceContent };
type AudienceContent = readonly Audience[] | Filter;
type Filter = {
  readonly [field: string]: string | number | boolean | readonly (string | number)[];
};

const FILTERS = [
  "custom_attribute",
  "push_subscription_status",
  "email_subscription_status",
  "last_used_app",
];
const WITHOUT_VALUE = ["exists", "does_not_exist"];

/** All users who follow one of the teams in any of the team attributes. */
export function matchAudience(
  teamAttributes: readonly string[],
  teamValues: readonly string[],
): Audience {
  const attributes = sortedNames("attributes", teamAttributes);
  const values = sortedNames("values", teamValues);
  return {
    OR: attributes.map((name) => ({
      custom_attribute: {
        custom_attribute_name: name,
        comparison: "is_any_of",
        value: values,
      },
    })),
  };
}

/** Sorted and unique, so that equal audiences have equal texts and share one rate limit. */
function sortedNames(what: string, names: readonly string[]): string[] {
  if (names.length === 0 || names.some((name) => name.trim() === "")) {
    throw new RangeError(
      `Cannot build audience: team ${what} must be names, got ${JSON.stringify(names)}`,
    );
  }
  return [...new Set(names)].sort();
}

/** What is wrong with an audience, or null. */
export function findAudienceFault(node: unknown, path = "audience"): string | null {
  if (!isObject(node)) return `${path} must be an object`;
  const entries = Object.entries(node);
  const [entry] = entries;
  if (entry === undefined || entries.length > 1) {
    return `${path} must hold exactly one filter, AND or OR, got ${entries.length}`;
  }
  const [name, content] = entry;
  const here = `${path}.${name}`;
  if (name === "AND" || name === "OR") {
    if (!Array.isArray(content) || content.length === 0) return `${here} must not be empty`;
    for (const [index, part] of content.entries()) {
      const fault = findAudienceFault(part, `${here}.${index}`);
      if (fault !== null) return fault;
    }
    return null;
  }
  if (!FILTERS.includes(name)) return `${here} must be one of ${FILTERS.join(", ")}, AND or OR`;
  return isObject(content) ? findFilterFault(name, content, here) : `${here} must be an object`;
}

function findFilterFault(
  name: string,
  filter: Record<string, unknown>,
  path: string,
): string | null {
  if (name === "custom_attribute" && !isNamed(filter.custom_attribute_name)) {
    return `${path}.custom_attribute_name must be a name`;
  }
  if (!isNamed(filter.comparison)) return `${path}.comparison must be a name`;
  if (name === "custom_attribute" && WITHOUT_VALUE.includes(filter.comparison)) return null;
  return isValue(filter.value) ? null : `${path}.value must be a value or a list of values`;
}

function isValue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0 && value.every(isSingleValue);
  return typeof value === "boolean" || isSingleValue(value);
}

function isSingleValue(value: unknown): boolean {
  return isNamed(value) || (typeof value === "number" && Number.isFinite(value));
}

function isNamed(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== "";
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
