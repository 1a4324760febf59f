/** Field types shared by all event shapes: lenient in form, strict in what Postgres can store. */
import { z } from "zod";
import { ExactNumber } from "../text/exact_json.ts";

export const ID_CHARACTERS_MAX = 256;
const USER_ID_CHARACTERS_MAX = 1_024;
const TIME_MIN_MS = Date.UTC(2000);
const TIME_MAX_MS = Date.UTC(2100);
/** Stricter than `Date`, which accepts nearly any text; Liquid writes the zone as "UTC". */
const ISO_TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|UTC|[+-]\d\d:?\d\d)?$/i;

/** Liquid renders a missing value as an empty string, so both mean null. */
function blankToNull(value: unknown): unknown {
  return value === "" || value === undefined ? null : value;
}

export const identifier = z.preprocess(
  blankToNull,
  z.string().max(ID_CHARACTERS_MAX).nullable(),
);

/** A number must be whole: rounding a fraction could give the id of another user. */
export const userId = z.preprocess(
  blankToNull,
  z.union([
    z.string(),
    z.int().transform(String),
    z.instanceof(ExactNumber).refine(({ isWhole }) => isWhole, "must be text or a whole number")
      .transform(({ digits }) => digits),
  ]).pipe(z.string().max(USER_ID_CHARACTERS_MAX)).nullable(),
);

// Created once: building a schema costs more than parsing with it.
const IsoDate = z.iso.date();

/** UNIX seconds, as in Currents; larger values are read as milliseconds. */
export const unixTime = z.union([z.number(), z.string().regex(/^[0-9]{9,13}$/).transform(Number)])
  .transform((time) => new Date(time < 1e11 ? time * 1_000 : time))
  .refine(isInRange, "must be UNIX seconds between 2000 and 2100");

export const isoTime = z.string().transform(readIsoTime)
  .refine(isInRange, "must be an ISO 8601 time between 2000 and 2100");

/** A time without a zone is read as UTC. */
function readIsoTime(text: string): Date {
  const [, date, time, zone = "Z"] = ISO_TIME.exec(text) ?? [];
  // `Date` reads 30 February as 1 March.
  if (!IsoDate.safeParse(date).success) return new Date(NaN);
  return new Date(`${date}T${time}${zone.toUpperCase() === "UTC" ? "Z" : zone.toUpperCase()}`);
}

function isInRange(time: Date): boolean {
  return time.getTime() >= TIME_MIN_MS && time.getTime() < TIME_MAX_MS;
}
