/** The custom_attribute filter of a connected audience: Braze's comparisons and what each takes. */
import type { ParsedAudience } from "./parsed_audience.ts";
import type { AttributeValue } from "./users.ts";

const DAY_MS = 86_400_000;

type Actual = AttributeValue | undefined;

interface Comparison {
  /** The values that the comparison accepts; absent if it takes no value. */
  readonly value?: {
    readonly words: string;
    readonly accepts: (value: unknown) => boolean;
  };
  /** Returns the test of one attribute; `value` has been accepted before. */
  readonly test: (value: unknown) => (actual: Actual, now: Date) => boolean;
}

const scalar = {
  words: "a string, number or boolean",
  accepts: (value: unknown) => ["string", "number", "boolean"].includes(typeof value),
};
const text = { words: "a string", accepts: (value: unknown) => typeof value === "string" };
const number = { words: "a number", accepts: (value: unknown) => typeof value === "number" };
const pattern = {
  words: "a regular expression",
  accepts: (value: unknown) => typeof value === "string" && isPattern(value),
};
const moment = {
  words: "an ISO 8601 datetime",
  accepts: (value: unknown) => typeof value === "string" && !Number.isNaN(Date.parse(value)),
};
const choices = {
  words: "a string or a list of strings",
  accepts: (value: unknown) =>
    typeof value === "string" ||
    (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string")),
};

const equals: Comparison = { value: scalar, test: (value) => (actual) => actual === value };
const exists: Comparison = { test: () => (actual) => actual !== undefined };
const matchesRegex: Comparison = {
  value: pattern,
  test: (value) => {
    const regex = new RegExp(String(value));
    return (actual) => typeof actual === "string" && regex.test(actual);
  },
};
const isAnyOf: Comparison = {
  value: choices,
  test: (value) => {
    const wanted = new Set(Array.isArray(value) ? value : [value]);
    return (actual) =>
      Array.isArray(actual) ? actual.some((item) => wanted.has(item)) : wanted.has(actual);
  },
};
const includesValue: Comparison = {
  value: text,
  test: (value) => (actual) => Array.isArray(actual) && actual.includes(value),
};

/** By Braze's documented names. A negated comparison is true for a user without the attribute. */
const COMPARISONS: Readonly<Record<string, Comparison>> = {
  equals,
  not_equal: not(equals),
  matches_regex: matchesRegex,
  does_not_match_regex: not(matchesRegex),
  exists,
  does_not_exist: not(exists),
  is_any_of: isAnyOf,
  is_none_of: not(isAnyOf),
  includes_value: includesValue,
  does_not_include_value: not(includesValue),
  greater_than: numeric((actual, value) => actual > value),
  greater_than_or_equal_to: numeric((actual, value) => actual >= value),
  less_than: numeric((actual, value) => actual < value),
  less_than_or_equal_to: numeric((actual, value) => actual <= value),
  less_than_x_days_ago: days((agoDays, value) => agoDays >= 0 && agoDays < value),
  greater_than_x_days_ago: days((agoDays, value) => agoDays > value),
  less_than_x_days_in_the_future: days((agoDays, value) => agoDays <= 0 && -agoDays < value),
  greater_than_x_days_in_the_future: days((agoDays, value) => -agoDays > value),
  after: { value: moment, test: (value) => (actual) => timeOf(actual) > Date.parse(String(value)) },
  before: {
    value: moment,
    test: (value) => (actual) => timeOf(actual) < Date.parse(String(value)),
  },
};

export function customAttributeFilter(fields: Record<string, unknown>): ParsedAudience {
  const { custom_attribute_name: name, comparison: word, value } = fields;
  if (typeof name !== "string" || name === "") {
    return { ok: false, reason: "custom_attribute_name must be a string" };
  }
  const comparison = typeof word === "string" ? COMPARISONS[word] : undefined;
  if (comparison === undefined) {
    return { ok: false, reason: `custom_attribute comparison ${word} is not supported` };
  }
  if (comparison.value !== undefined && !comparison.value.accepts(value)) {
    return {
      ok: false,
      reason: `custom_attribute value for ${word} must be ${comparison.value.words}`,
    };
  }
  const test = comparison.test(value);
  return { ok: true, matches: (user, now) => test(user.attributes[name], now) };
}

function not({ value, test }: Comparison): Comparison {
  return {
    ...(value === undefined ? {} : { value }),
    test: (wanted) => {
      const holds = test(wanted);
      return (actual, now) => !holds(actual, now);
    },
  };
}

function numeric(holds: (actual: number, value: number) => boolean): Comparison {
  return {
    value: number,
    test: (value) => (actual) => typeof actual === "number" && holds(actual, Number(value)),
  };
}

function days(holds: (agoDays: number, value: number) => boolean): Comparison {
  return {
    value: number,
    test: (value) => (actual, now) =>
      holds((now.getTime() - timeOf(actual)) / DAY_MS, Number(value)),
  };
}

/** NaN if the attribute is not a time, so that every comparison is false. */
function timeOf(actual: Actual): number {
  return typeof actual === "string" ? Date.parse(actual) : NaN;
}

function isPattern(source: string): boolean {
  try {
    new RegExp(source);
    return true;
  } catch {
    return false;
  }
}
